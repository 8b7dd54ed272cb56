// told-changes calls|requests DIR LOG: changes of a file, by calls or by requests of io_uring. The log has a line for each: what,
// offset, length (-1: none), and what it returned.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OP_FTRUNCATE 55
#define BLOCK 4096L

static int ring = -1;
static unsigned *tail, *mask, *array, *head, *done_mask;
static struct io_uring_sqe *asked;
static struct io_uring_cqe *done;
static FILE *out;
static char path[512];

static void set_up(void) {
	struct io_uring_params p = {0};
	ring = syscall(SYS_io_uring_setup, 8, &p);
	if (ring < 0) { perror("io_uring_setup"); exit(3); }
	size_t size = p.sq_off.array + p.sq_entries * sizeof(unsigned);
	size_t other = p.cq_off.cqes + p.cq_entries * sizeof *done;
	char *s = mmap(0, size > other ? size : other, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	asked = mmap(0, p.sq_entries * sizeof *asked, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	tail = (unsigned *)(s + p.sq_off.tail);
	mask = (unsigned *)(s + p.sq_off.ring_mask);
	array = (unsigned *)(s + p.sq_off.array);
	head = (unsigned *)(s + p.cq_off.head);
	done_mask = (unsigned *)(s + p.cq_off.ring_mask);
	done = (struct io_uring_cqe *)(s + p.cq_off.cqes);
}

static long request(struct io_uring_sqe e) {
	unsigned at = *tail & *mask;
	asked[at] = e;
	array[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) < 0) { perror("io_uring_enter"); exit(3); }
	long result = done[*head & *done_mask].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

static void told(const char *op, long offset, long length, long result) {
	fprintf(out, "%s %ld %ld %ld\n", op, offset, length, result);
}
static long returned(long result) { return result < 0 ? -errno : result; }

static void space(const char *op, int fd, int mode, long offset, long length) {
	told(op, offset, length,
	     ring < 0 ? returned(fallocate(fd, mode, offset, length))
	              : request((struct io_uring_sqe){.opcode = IORING_OP_FALLOCATE, .fd = fd, .off = offset, .addr = length, .len = mode}));
}
static void size(int fd, long length) {
	told("truncate", -1, length,
	     ring < 0 ? returned(ftruncate(fd, length)) : request((struct io_uring_sqe){.opcode = OP_FTRUNCATE, .fd = fd, .off = length}));
}
static void flush(int fd) {
	told("fsync", -1, -1, ring < 0 ? returned(fsync(fd)) : request((struct io_uring_sqe){.opcode = IORING_OP_FSYNC, .fd = fd}));
}

int main(int n, char **arg) {
	if (n != 4) return 2;
	if (strcmp(arg[1], "requests") == 0) set_up();
	out = fopen(arg[3], "w");
	snprintf(path, sizeof path, "%s/%s", arg[2], arg[1]);
	static char data[1 << 20];
	memset(data, 'x', sizeof data);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);
	struct stat s;
	if (pwrite(fd, data, sizeof data, 0) < 0 || fstat(fd, &s) < 0) return 3;
	flush(fd);
	space("fallocate", fd, 0, 1 << 20, 64 * BLOCK);
	space("fallocate", fd, FALLOC_FL_KEEP_SIZE, 2 << 20, 16 * BLOCK);
	space("punch", fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 16 * BLOCK, 8 * BLOCK);
	space("punch", fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 40 * BLOCK + 100, 5000);
	space("zero", fd, FALLOC_FL_ZERO_RANGE, 64 * BLOCK, 16 * BLOCK);
	space("collapse", fd, FALLOC_FL_COLLAPSE_RANGE, 32 * BLOCK, 4 * BLOCK);
	space("insert", fd, FALLOC_FL_INSERT_RANGE, 32 * BLOCK, 4 * BLOCK);
	size(fd, 200 * BLOCK);
	// Neither is one: permissions, and blocks behind the end of file that go when a writer closes it.
	if (fchmod(fd, 0600) < 0) return 3;
	int writer = open(path, O_WRONLY | O_APPEND);
	for (int i = 0; i < 4; i++) if (write(writer, data, 3 * BLOCK + 7) < 0) return 3;
	close(writer);
	size(fd, 100 * BLOCK + 5);
	size(fd, 0);
	flush(fd);
	if (pwrite(fd, data, 8 * BLOCK, 0) < 0) return 3;
	// ext4 can do neither of these without a call that tells: it clones nothing, and announces no rename.
	char other[512];
	snprintf(other, sizeof other, "%s.other", path);
	int clone = open(other, O_RDWR | O_CREAT | O_EXCL, 0644);
	if (ioctl(clone, FICLONE, fd) == 0) {
		told("reflink", 0, 8 * BLOCK, 0);
		told("rename", -1, -1, ring < 0 ? returned(rename(path, other)) : request((struct io_uring_sqe){.opcode = IORING_OP_RENAMEAT, .fd = AT_FDCWD, .addr = (uintptr_t)path, .off = (uintptr_t)other, .len = AT_FDCWD}));
		strcpy(path, other);
	} else unlink(other);
	close(clone);
	close(fd);
	told("unlink", -1, -1, ring < 0 ? returned(unlink(path)) : request((struct io_uring_sqe){.opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (uintptr_t)path}));
	printf("%lu\n", s.st_ino);
	return fclose(out);
}
