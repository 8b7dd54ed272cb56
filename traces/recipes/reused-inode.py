# A file whose inode number is used again: by a file of another name, once the first is removed. Prints what each really was.
# python3 reused-inode.py FOLDER-ON-XFS > reused-inode.driver.jsonl
import ctypes, json, os, sys, time

ctypes.CDLL(None).prctl(15, b"st-reuse", 0, 0, 0)
os.chdir(sys.argv[1])
inodes = {}
for round in range(40):
    name = f"file-{round}.dat"
    at = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    os.pwrite(fd, b"r" * (4096 * (round + 1)), 0)
    os.fsync(fd)
    inode = os.fstat(fd).st_ino
    os.close(fd)
    print(json.dumps({"op": "file", "t_ns": at, "name": name, "inode": inode, "size": 4096 * (round + 1)}))
    if inode in inodes:
        break
    inodes[inode] = name
    os.unlink(name)
    time.sleep(0.2)
