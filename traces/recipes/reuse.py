#!/usr/bin/env python3
# Files that come and go, so that inode numbers are used again: reuse.py FOLDER LOG. Each line of LOG has the time (monotonic
# clock), name, inode and FIEMAP of a file that is there: [logical, physical, length, flags]. Record it with recipes/record.sh's events.
import ctypes, fcntl, json, os, struct, sys, time

libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(15, b"st-reuse", 0, 0, 0)
folder, log = sys.argv[1], open(sys.argv[2], "w")

def fiemap(fd):
    data = bytearray(struct.pack("=QQLLLL", 0, 2**64 - 1, 0, 0, 64, 0) + bytes(56 * 64))
    fcntl.ioctl(fd, 0xC020660B, data)
    count = struct.unpack_from("=L", data, 20)[0]
    found = []
    for i in range(count):
        logical, physical, length, _, _, flags = struct.unpack_from("=QQQQQL", data, 32 + 56 * i)
        found.append([logical, physical, length, flags])
    return found

def tell(fd, name):
    now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    log.write(json.dumps({"ts_ns": now, "name": name, "inode": os.fstat(fd).st_ino, "fiemap": fiemap(fd)}) + "\n")

def make(name, kib, keep=False):
    fd = os.open(os.path.join(folder, name), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    for at in range(0, kib, 16):
        os.pwrite(fd, b"x" * 16384, at * 1024)
    os.fsync(fd)
    tell(fd, name)
    if keep: return fd
    os.close(fd)

def gone(name):
    os.unlink(os.path.join(folder, name))
    os.sync()
    time.sleep(0.15)

for d in ("d0", "d1", "d2", "d3"):
    os.makedirs(os.path.join(folder, d), exist_ok=True)
for turn in range(3):
    for d in ("d0", "d1", "d2", "d3"):
        make(f"{d}/base-{turn}.db", 96)
        make(f"{d}/journal-{turn}", 48)
        gone(f"{d}/journal-{turn}")
        make(f"{d}/log-{turn}", 16 + 16 * turn)
        gone(f"{d}/base-{turn}.db")
# A file that is open when its name goes keeps its inode; one with two names keeps it when one goes.
fd = make("d1/held", 64, keep=True)
gone("d1/held")
make("d1/other", 32)
os.ftruncate(fd, 32768)
tell(fd, "d1/held")
os.close(fd)
time.sleep(0.15)
os.link(os.path.join(folder, "d1/other"), os.path.join(folder, "d1/second"))
gone("d1/other")
make("d1/third", 32)
last = os.open(os.path.join(folder, "d1/second"), os.O_RDWR)
tell(last, "d1/second")
# The names of two files change places.
a = make("d2/left", 32, keep=True); b = make("d2/right", 64, keep=True)
libc.syscall(316, -100, os.path.join(folder, "d2/left").encode(), -100, os.path.join(folder, "d2/right").encode(), 2)
os.pwrite(a, b"y" * 4096, 65536); os.fsync(a); tell(a, "d2/right"); tell(b, "d2/left")
