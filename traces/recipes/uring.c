// Buffers for io_uring: in a mapped file, which the kernel refuses, in a mapped memfd, and in plain memory; given back and not.
// cc -O1 -o uring uring.c && cd FOLDER-ON-XFS && ./uring > uring.driver.jsonl
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define KIB 1024L
static char block[64 * KIB];

static long now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* One call with its time, where the buffer is in what, and what the kernel said. */
static void registered(int ring, const char *what, char *base, long offset, long length) {
	struct iovec buffer = {base + offset, length};
	long from = now();
	long rc = syscall(__NR_io_uring_register, ring, IORING_REGISTER_BUFFERS, &buffer, 1);
	int error = rc < 0 ? errno : 0;
	printf("{\"op\":\"register\",\"t_ns\":%ld,\"elapsed_ns\":%ld,\"what\":\"%s\",\"offset\":%ld,\"length\":%ld,\"errno\":%d}\n",
		from, now() - from, what, offset, length, error);
}

static void unregistered(int ring, const char *what) {
	long from = now();
	long rc = syscall(__NR_io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0);
	int error = rc < 0 ? errno : 0;
	printf("{\"op\":\"unregister\",\"t_ns\":%ld,\"elapsed_ns\":%ld,\"what\":\"%s\",\"errno\":%d}\n", from, now() - from, what, error);
}

static char *mapped(int fd) { return mmap(NULL, 512 * KIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0); }

int main(void) {
	prctl(PR_SET_NAME, "st-uring");
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	memset(block, 'u', sizeof block);
	int file = open("buffers.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);
	for (int i = 0; i < 8; i++) pwrite(file, block, sizeof block, i * sizeof block);
	char *in_file = mapped(file);
	int memory = syscall(__NR_memfd_create, "buffers", 0);
	ftruncate(memory, 512 * KIB);
	char *in_memory = mapped(memory);
	char *plain = mmap(NULL, 512 * KIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (long i = 0; i < 512 * KIB; i += 4096) in_memory[i] = plain[i] = 'x';
	struct io_uring_params p = {0}, q = {0};
	int first = syscall(__NR_io_uring_setup, 8, &p);
	int second = syscall(__NR_io_uring_setup, 8, &q);
	registered(first, "file", in_file, 64 * KIB, 128 * KIB);
	registered(first, "memory", in_memory, 16 * KIB, 64 * KIB);
	registered(second, "memory", in_memory, 256 * KIB, 32 * KIB);
	registered(second, "memory", in_memory, 0, 4 * KIB); /* EBUSY: there are buffers */
	ftruncate(memory, 256 * KIB);
	unregistered(second, "memory");
	unregistered(second, "memory"); /* ENXIO: there are none */
	registered(second, "plain", plain, 0, 16 * KIB);
	ftruncate(file, 256 * KIB);
	fflush(stdout);
	return 0; /* the first ring still holds its buffers */
}
