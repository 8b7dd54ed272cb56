#!/bin/bash
# Records joined.c with four recorders at once, each with a clock of its own: trace-cmd (mono; an instance, so that the top
# buffer is free), the kernel's blk tracer in blktrace's binary form (mono), perf (its own clock), strace (wall clock).
#   joined.sh OUT   as root; needs trace-cmd, perf, strace, blkparse, mkfs.xfs, addpart. The file system is on a partition.
set -e
HERE=$(cd "$(dirname "$0")" && pwd); OUT=$(mkdir -p "$1" && cd "$1" && pwd); T=/sys/kernel/tracing; W=$(mktemp -d)
cc -O1 -w -pthread -o "$W/joined" "$HERE/joined.c"
truncate -s 320M "$W/disk"; LOOP=$(losetup -f --show "$W/disk"); addpart "$LOOP" 1 2048 $((320 * 2048 - 4096)); sleep 0.5
mkfs.xfs -q -f "${LOOP}p1"; mkdir "$W/mnt"; mount "${LOOP}p1" "$W/mnt"
MM=$(mountpoint -d "$W/mnt"); FS=$(((${MM%:*} << 20) | ${MM#*:})); MM=$(cat /sys/block/${LOOP#/dev/}/dev); DISK=$(((${MM%:*} << 20) | ${MM#*:}))
cleanup() {
	set +e
	echo 0 > /sys/block/${LOOP#/dev/}/trace/enable; echo nop > $T/current_tracer; echo nobin > $T/trace_options; echo context-info > $T/trace_options
	echo local > $T/trace_clock; [ -d $T/instances/joined ] && rmdir $T/instances/joined
	cd /; umount "$W/mnt"; delpart "$LOOP" 1; losetup -d "$LOOP"; rm -r "$W"
}
trap cleanup EXIT
sync; echo 3 > /proc/sys/vm/drop_caches
EV=(); e() { EV+=(-e "$1" -f "$2"); }
for x in iext_insert iext_remove bmap_pre_update bmap_post_update iomap_found iomap_alloc file_direct_read file_direct_write file_buffered_write \
	write_fault read_fault lookup create remove rename setattr file_fsync reflink_remap_blocks reflink_cow_remap_from reflink_cow_remap_to unwritten_convert; do
	e xfs:xfs_$x "dev == $FS"; done
e iomap:iomap_iter_dstmap "dev == $FS"; e iomap:iomap_dio_rw_begin "dev == $FS"; e iomap:iomap_dio_complete "dev == $FS"
e block:block_rq_issue "dev == $DISK"; e block:block_rq_complete "dev == $DISK"; e block:block_bio_remap "dev == $DISK"
for x in openat close mmap munmap msync fsync fdatasync fallocate ftruncate unlink rename ioctl pread64 pwrite64; do
	e syscalls:sys_enter_$x 'comm ~ "st-*"'; e syscalls:sys_exit_$x 'comm ~ "st-*"'; done
e exceptions:page_fault_user 'comm ~ "st-*"'; e sched:sched_process_fork 'comm ~ "st-*"'; e sched:sched_process_exit 'comm ~ "st-*"'
mkdir $T/instances/joined; cd "$W"
N=$(cat $T/saved_cmdlines_size); echo 16 > $T/saved_cmdlines_size; echo "$N" > $T/saved_cmdlines_size # forget other tasks
PERF=(); for x in openat close mmap munmap fallocate ftruncate pread64 pwrite64; do PERF+=(-e "syscalls:sys_enter_$x" -e "syscalls:sys_exit_$x"); done
# trace-cmd resets the top buffer when it begins and ends, so the blk tracer runs in between.
run() {
	unset LD_PRELOAD
	echo mono > $T/trace_clock; echo blk > $T/current_tracer; echo bin > $T/trace_options; echo nocontext-info > $T/trace_options
	echo 1 > $T/tracing_on; echo 1 > /sys/block/${LOOP#/dev/}/trace/enable
	timeout 20 cat $T/trace_pipe > "$OUT/joined.blktrace" 2> /dev/null & sleep 0.2
	perf record -q -z -o "$OUT/joined.perf.data" -d "${PERF[@]}" -- \
		strace -f -ttt -T -yy -o "$OUT/joined.strace.txt" "$W/joined" "$W/mnt" $T/instances/joined/trace_marker > "$OUT/joined.out"
	sleep 1; echo 0 > /sys/block/${LOOP#/dev/}/trace/enable; sleep 0.3; kill %1
}
export -f run; export OUT W T LOOP; declare -p PERF > "$W/perf.sh"
${TRACE_CMD:-trace-cmd} record -i -B joined -C mono -b 4096 "${EV[@]}" -o "$OUT/joined.dat" bash -c ". '$W/perf.sh'; run" > /dev/null
grep '^{' "$OUT/joined.out" > "$OUT/joined.clocks.jsonl"
for f in direct cached; do echo "$f.dat $(stat -c %i "$W/mnt/$f.dat")"; xfs_bmap -v "$W/mnt/$f.dat"; done > "$OUT/joined.bmap.txt"
sed -i "s|$W/|/|g" "$OUT/joined.strace.txt" "$OUT/joined.bmap.txt"
blkparse -q -i - < "$OUT/joined.blktrace" > "$OUT/joined.blkparse.txt" || true
