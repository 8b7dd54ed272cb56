// What a hypervisor gives to devices through VFIO and iommufd: memory of a mapped file, of a memfd and of its own, and takes
// back. Where there is no VFIO, name any other file: the kernel refuses each of them (ENOTTY), and what was asked is seen.
// cc -O1 -o vfio vfio.c && cd FOLDER-ON-XFS && ./vfio /dev/vfio/vfio > vfio.driver.jsonl
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define KIB 1024L
/* include/uapi/linux/iommufd.h, which not every libc brings. */
#define IOMMU_IOAS_MAP _IO(';', 0x85)
#define IOMMU_IOAS_UNMAP _IO(';', 0x86)
struct ioas_map { __u32 size, flags, ioas_id, reserved; __u64 user_va, length, iova; };
struct ioas_unmap { __u32 size, ioas_id; __u64 iova, length; };

static char block[64 * KIB];

static long now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* One call with its time, where the memory is in what, and what the kernel said. */
static void called(int fd, unsigned long cmd, void *argument, const char *op, const char *what, long offset, long length, int write) {
	long from = now();
	int error = ioctl(fd, cmd, argument) < 0 ? errno : 0;
	printf("{\"op\":\"%s\",\"t_ns\":%ld,\"elapsed_ns\":%ld,\"what\":\"%s\",\"offset\":%ld,\"length\":%ld,\"write\":%d,\"errno\":%d}\n",
		op, from, now() - from, what, offset, length, write, error);
}

static void given(int fd, const char *what, char *base, long offset, long length, long iova, int write) {
	struct vfio_iommu_type1_dma_map map = {sizeof map, VFIO_DMA_MAP_FLAG_READ | (write ? VFIO_DMA_MAP_FLAG_WRITE : 0),
		(__u64)(base + offset), iova, length};
	called(fd, VFIO_IOMMU_MAP_DMA, &map, "register", what, offset, length, write);
}

static void given_iommufd(int fd, const char *what, char *base, long offset, long length, long iova, int write) {
	struct ioas_map map = {sizeof map, 1 | 4 | (write ? 2 : 0), 1, 0, (__u64)(base + offset), length, iova};
	called(fd, IOMMU_IOAS_MAP, &map, "register", what, offset, length, write);
}

static char *mapped(int fd) { return mmap(NULL, 512 * KIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0); }

int main(int count, char **words) {
	prctl(PR_SET_NAME, "st-vfio");
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	memset(block, 'v', sizeof block);
	int fd = open(count > 1 ? words[1] : "/dev/vfio/vfio", O_RDWR);
	int file = open("guest.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);
	for (int i = 0; i < 8; i++) pwrite(file, block, sizeof block, i * sizeof block);
	char *in_file = mapped(file);
	int memory = syscall(__NR_memfd_create, "guest", 0);
	ftruncate(memory, 512 * KIB);
	char *in_memory = mapped(memory);
	char *plain = mmap(NULL, 512 * KIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (long i = 0; i < 512 * KIB; i += 4096) in_memory[i] = plain[i] = 'x';
	given(fd, "file", in_file, 64 * KIB, 128 * KIB, 0x100000, 1);
	given(fd, "file", in_file, 256 * KIB, 64 * KIB, 0x200000, 0);
	given(fd, "memory", in_memory, 16 * KIB, 64 * KIB, 0x300000, 1);
	given(fd, "plain", plain, 0, 64 * KIB, 0x400000, 1);
	given_iommufd(fd, "file", in_file, 384 * KIB, 128 * KIB, 0x500000, 1);
	struct vfio_iommu_type1_dma_unmap unmap = {sizeof unmap, 0, 0x100000, 128 * KIB};
	called(fd, VFIO_IOMMU_UNMAP_DMA, &unmap, "unregister", "file", 64 * KIB, 128 * KIB, 0);
	struct ioas_unmap gone = {sizeof gone, 1, 0x500000, 128 * KIB};
	called(fd, IOMMU_IOAS_UNMAP, &gone, "unregister", "file", 384 * KIB, 128 * KIB, 0);
	return 0;
}
