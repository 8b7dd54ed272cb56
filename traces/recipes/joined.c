// One run for several recorders at once: direct and buffered I/O, map changes, a thread, markers; and what the clocks showed.
// cc -O1 -pthread -o joined joined.c && ./joined FOLDER-ON-XFS TRACE_MARKER >> clocks.jsonl (see joined.sh)
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define KIB 1024L
static char *block;
static int marker;

static long long now(clockid_t clock) {
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

// The other clocks between two looks at CLOCK_MONOTONIC: the tightest of many tries.
static void clocks(const char *when) {
	long long best = 1LL << 62, line[4] = {0};
	for (int i = 0; i < 1000; i++) {
		long long before = now(CLOCK_MONOTONIC), wall = now(CLOCK_REALTIME), boot = now(CLOCK_BOOTTIME), raw = now(CLOCK_MONOTONIC_RAW);
		long long after = now(CLOCK_MONOTONIC);
		if (after - before >= best) continue;
		best = after - before;
		memcpy(line, (long long[]){before, wall, boot, raw}, sizeof line);
	}
	printf("{\"when\":\"%s\",\"mono\":%lld,\"realtime\":%lld,\"boot\":%lld,\"mono_raw\":%lld,\"withinNs\":%lld}\n", when, line[0], line[1], line[2], line[3], best);
	fflush(stdout);
}

static void mark(const char *text) {
	if (marker >= 0) write(marker, text, strlen(text));
}

static void *writer(void *name) {
	prctl(PR_SET_NAME, "st-thread");
	int fd = open(name, O_RDWR | O_DIRECT);
	for (int i = 0; i < 16; i++) pwrite(fd, block, 4 * KIB, (256 + 4 * i) * KIB);
	for (int i = 0; i < 8; i++) pread(fd, block + 64 * KIB, 8 * KIB, 32 * i * KIB);
	close(fd);
	return NULL;
}

int main(int count, char **args) {
	if (count < 3 || chdir(args[1]) != 0) return 2;
	clocks("begin");
	prctl(PR_SET_NAME, "st-joined");
	marker = open(args[2], O_WRONLY);
	posix_memalign((void **)&block, 4 * KIB, 256 * KIB);
	memset(block, 'a', 256 * KIB);
	mark("joined begins\n");
	int fd = open("direct.dat", O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0644);
	for (int i = 0; i < 12; i++) pwrite(fd, block, 32 * KIB, 32 * i * KIB);
	fsync(fd);
	int other = open("cached.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);
	for (int i = 0; i < 6; i++) pwrite(other, block, 64 * KIB, 64 * i * KIB);
	fdatasync(other);
	volatile char *map = mmap(NULL, 128 * KIB, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);
	for (int i = 0; i < 128; i += 4) map[i * KIB] = 'm';
	msync((void *)map, 128 * KIB, MS_SYNC);
	mark("joined half\n");
	pthread_t thread;
	pthread_create(&thread, NULL, writer, "direct.dat");
	for (int i = 0; i < 16; i++) {
		pread(fd, block + 128 * KIB, 16 * KIB, 16 * i * KIB);
		usleep(500);
	}
	pthread_join(thread, NULL);
	fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 64 * KIB, 32 * KIB);
	fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 128 * KIB, 64 * KIB);
	int clone = open("clone.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);
	ioctl(clone, FICLONE, other);
	pwrite(clone, block, 16 * KIB, 16 * KIB);
	fsync(clone);
	pread(fd, block, 64 * KIB, 96 * KIB);
	ftruncate(fd, 200 * KIB);
	rename("clone.dat", "moved.dat");
	unlink("moved.dat");
	munmap((void *)map, 128 * KIB);
	close(clone);
	close(other);
	close(fd);
	mark("joined ends\n");
	prctl(PR_SET_NAME, "done");
	clocks("end");
	return 0;
}
