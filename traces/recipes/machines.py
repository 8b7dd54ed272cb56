# One small run for machines of other kinds and kernels: written, cloned, copied on write, punched, collapsed, cut, renamed, removed.
# python3 machines.py FOLDER-ON-XFS
import ctypes
import fcntl
import os
import sys
import threading

KIB = 1024
KEEP_SIZE_PUNCH, COLLAPSE = 3, 8
# _IOW of powerpc has another number for the direction.
FICLONE = 0x80049409 if os.uname().machine.startswith("ppc") else 0x40049409
libc = ctypes.CDLL(None, use_errno=True)


def fallocate(fd, mode, offset, length):
    libc.fallocate64(fd, mode, ctypes.c_int64(offset), ctypes.c_int64(length))


def thread(name):
    fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o644)
    os.write(fd, bytes(10 * KIB))
    os.fsync(fd)
    os.close(fd)


os.chdir(sys.argv[1])
base = os.open("base.dat", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
fallocate(base, 0, 0, 256 * KIB)
os.pwrite(base, bytes(64 * KIB), 0)
os.fsync(base)
clone = os.open("clone.dat", os.O_RDWR | os.O_CREAT, 0o644)
fcntl.ioctl(clone, FICLONE, base)
os.pwrite(clone, bytes(8 * KIB), 4 * KIB)
os.fsync(clone)
fallocate(base, KEEP_SIZE_PUNCH, 32 * KIB, 16 * KIB)
fallocate(base, COLLAPSE, 64 * KIB, 32 * KIB)
os.ftruncate(base, 100 * KIB)
os.fsync(base)
for name in ("t0", "t1"):
    one = threading.Thread(target=thread, args=(name,))
    one.start()
    one.join()
os.pwrite(clone, bytes(4 * KIB), 128 * KIB)
os.fsync(clone)
os.rename("t0", "t2")
os.unlink("t1")
os.close(clone)
os.close(base)
os.sync()
