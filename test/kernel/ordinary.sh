#!/bin/sh
# Ordinary programs on files of one folder, for several recorders at once: what each does does not depend on time or chance.
#   ordinary.sh FOLDER     (new; nothing is removed in it, so that a name is one inode)
set -e
mkdir "$1"
cd "$1"
dd if=/dev/zero of=a bs=5000 count=60 status=none
cp a b
dd if=a of=c bs=32k conv=fsync status=none
truncate -s 100000 c
fallocate -p -o 8192 -l 16384 b
tar cf x.tar a b c
mkdir out
tar xf x.tar -C out
sort -o s b
# A child that reads a pipe under the number that its parent then gives to a file.
tar --mtime=@0 -czf y.tgz a b
tar cf - a c > z.tar
tee t1 < a > t2
split -b 65536 a part
sync x.tar
# Files of one name, cut by it from where the program is.
(cd out && perl -e 'truncate "a", 5000')
(cd out && mkdir deeper && cp a deeper && cd deeper && perl -e 'truncate "a", 3000')
# A program begins while its parent has a file open that it does not get, and has a pipe under that number.
perl -e 'open F, "<", "s"; sysread F, $x, 700; system "perl", "-e", q(pipe R, W; syswrite W, "abc"; sysread R, $x, 3; syswrite W, "d")'
