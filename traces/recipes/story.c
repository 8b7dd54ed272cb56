// One small run for every recorder: written, mapped, cloned, punched, renamed, removed; a thread, a child, a killed child.
// cc -O1 -pthread -o story story.c && cd FOLDER-ON-XFS && ./story
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIB 1024L
static char block[64 * KIB];
static int base;

static void *writer(void *unused) {
	prctl(PR_SET_NAME, "st-thread");
	for (int i = 0; i < 3; i++) pwrite(base, block, 4 * KIB, 128 * KIB + i * 4 * KIB);
	return unused;
}

static void child(void) {
	prctl(PR_SET_NAME, "st-child");
	int fd = open("child.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);
	write(fd, block, 8 * KIB);
	lseek(fd, 4 * KIB, SEEK_SET);
	write(fd, block, 16 * KIB);
	ftruncate(fd, 12 * KIB);
	close(fd);
	_exit(0);
}

static void victim(void) {
	prctl(PR_SET_NAME, "st-victim");
	volatile char *map = mmap(NULL, 64 * KIB, PROT_READ | PROT_WRITE, MAP_SHARED, base, 0);
	map[0] = 'v';
	pause();
}

int main(void) {
	prctl(PR_SET_NAME, "st-story");
	memset(block, 'a', sizeof block);
	base = open("base.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);
	fallocate(base, 0, 0, 256 * KIB);
	pwrite(base, block, 64 * KIB, 0);
	fsync(base);
	volatile char *map = mmap(NULL, 256 * KIB, PROT_READ | PROT_WRITE, MAP_SHARED, base, 0);
	map[0] = 'x';
	map[160 * KIB] = 'x';
	int clone = open("clone.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);
	ioctl(clone, FICLONE, base);
	map[4 * KIB] = 'y';
	int again = dup(base);
	fallocate(again, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 32 * KIB, 16 * KIB);
	close(again);
	pthread_t thread;
	pthread_create(&thread, NULL, writer, NULL);
	pthread_join(thread, NULL);
	if (fork() == 0) child();
	wait(NULL);
	pid_t doomed = fork();
	if (doomed == 0) victim();
	usleep(20000);
	kill(doomed, SIGKILL);
	wait(NULL);
	loff_t from = 0, to = 512 * KIB;
	copy_file_range(base, &from, clone, &to, 64 * KIB, 0);
	struct file_clone_range range = {base, 128 * KIB, 64 * KIB, 1024 * KIB};
	ioctl(clone, FICLONERANGE, &range);
	fcntl(clone, F_SETLEASE, F_WRLCK);
	fcntl(clone, F_SETLEASE, F_UNLCK);
	rename("clone.dat", "moved.dat");
	ftruncate(clone, 300 * KIB);
	int reader = open("moved.dat", O_RDONLY);
	fallocate(reader, 0, 0, 4 * KIB);
	open("missing.dat", O_RDONLY);
	read(reader, block, 4 * KIB);
	unlink("moved.dat");
	munmap((void *)map, 256 * KIB);
	close(clone);
	close(reader);
	close(base);
	return 0;
}
