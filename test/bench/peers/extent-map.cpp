// Extent maps of C++ on the stream of the extent map benchmark: absl::btree_map and std::map, one of them a process.
// Build: g++ -O2 -o extent-map extent-map.cpp $(pkg-config --cflags --libs absl_btree); the benchmark does it.
// Use: extent-map btree_map|map STREAM WARM MEASURED; prints one line of JSON. The stream is that of extent-map-stream.ts.
#include <absl/container/btree_map.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iterator>
#include <map>
#include <vector>

struct Body {
  int32_t length;
  int32_t addr;
};

template <class Map>
int32_t lookup(const Map &map, int32_t block) {
  auto it = map.upper_bound(block);
  if (it == map.begin()) return -1;
  --it;
  const int32_t inside = block - it->first;
  return inside < it->second.length ? it->second.addr + inside : -1;
}

// Empties [from, end) and returns the first extent behind.
template <class Map>
typename Map::iterator unmap(Map &map, int32_t from, int32_t end) {
  auto it = map.lower_bound(from);
  if (it != map.begin()) {
    auto before = std::prev(it);
    const Body body = before->second;
    const int32_t reach = before->first + body.length;
    if (reach > from) {
      const int32_t key = before->first;
      before->second.length = from - key;
      if (reach > end) return map.emplace_hint(it, end, Body{reach - end, body.addr + (end - key)});
    }
  }
  while (it != map.end() && it->first < end) {
    const int32_t reach = it->first + it->second.length;
    const Body rest{reach - end, it->second.addr + (end - it->first)};
    it = map.erase(it);
    if (reach > end) return map.emplace_hint(it, end, rest);
  }
  return it;
}

template <class Map>
void assign(Map &map, int32_t from, int32_t length, int32_t addr) {
  const int32_t end = from + length;
  auto it = unmap(map, from, end);
  if (it != map.end() && it->first == end && it->second.addr == addr + length) {
    length += it->second.length;
    it = map.erase(it);
  }
  if (it != map.begin()) {
    auto before = std::prev(it);
    if (before->first + before->second.length == from && before->second.addr + before->second.length == addr) {
      before->second.length += length;
      return;
    }
  }
  map.emplace_hint(it, from, Body{length, addr});
}

double cpuNs() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return 1e9 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec);
}

template <class Map>
uint32_t work(std::vector<Map> &maps, const int32_t *ops, long count, uint32_t sum) {
  for (long i = 0; i < count; i++, ops += 4) {
    Map &map = maps[ops[0] >> 2];
    switch (ops[0] & 3) {
      case 0: sum = sum * 31 + static_cast<uint32_t>(lookup(map, ops[1])); break;
      case 1: assign(map, ops[1], ops[2], ops[3]); break;
      default: unmap(map, ops[1], ops[1] + ops[2]);
    }
  }
  return sum;
}

template <class Map>
void run(const std::vector<int32_t> &words, long warm, long measured, const char *version) {
  const int32_t files = words[0], extents = words[1];
  const int32_t *at = words.data() + 3 + files;
  std::vector<Map> maps(files);
  for (int32_t file = 0; file < files; file++)
    for (int32_t i = 0; i < words[3 + file]; i++, at += 3) assign(maps[file], at[0], at[1], at[2]);
  uint32_t sum = work(maps, at, warm, 0);
  const double begun = cpuNs();
  sum = work(maps, at + 4 * warm, measured, sum);
  const double ns = cpuNs() - begun;
  long left = 0;
  for (const Map &map : maps) left += static_cast<long>(map.size());
  std::printf("{\"checksum\":%u,\"before\":%d,\"extents\":%ld,\"cpuNs\":%.0f,\"version\":\"%s\"}\n", sum, extents, left, ns,
              version);
}

int main(int argc, char **argv) {
  if (argc != 5) return std::fprintf(stderr, "expected: btree_map|map STREAM WARM MEASURED\n"), 2;
  FILE *file = std::fopen(argv[2], "rb");
  if (file == nullptr) return std::perror(argv[2]), 2;
  std::fseek(file, 0, SEEK_END);
  std::vector<int32_t> words(static_cast<size_t>(std::ftell(file)) / sizeof(int32_t));
  std::rewind(file);
  if (std::fread(words.data(), sizeof(int32_t), words.size(), file) != words.size()) return std::perror(argv[2]), 2;
  std::fclose(file);
  const long warm = std::atol(argv[3]), measured = std::atol(argv[4]);
  if (std::strcmp(argv[1], "map") == 0)
    run<std::map<int32_t, Body>>(words, warm, measured, "libstdc++, g++ " __VERSION__);
  else
    run<absl::btree_map<int32_t, Body>>(words, warm, measured, "g++ " __VERSION__);
}
