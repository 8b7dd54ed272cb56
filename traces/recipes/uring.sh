#!/bin/sh
# Records which buffers a program gives to io_uring: sh uring.sh OUT.dat PROGRAM [ARGUMENTS]; read it with --events uring.
# Root, tracefs and trace-cmd; no kprobes. What it adds to the kernel's uprobes it takes away again.
set -eu
out=$1; shift
libc=$(ldconfig -p | sed -n 's/.*libc\.so\.6 (libc6,x86-64.*=> //p' | head -n 1)
# The place of syscall() in the file: its address, less where its segment is loaded, plus where the segment begins.
address=$(readelf -W --dyn-syms "$libc" | awk '$8 ~ /^syscall@@/ { print $2 }')
offset=$(readelf -W -l "$libc" | sed -n 's/^ *LOAD //p' | while read -r place start _ size _; do
    at=$((0x$address - start))
    if [ $at -ge 0 ] && [ $at -lt $((size)) ]; then printf '0x%x' $((at + place)); fi
done)
tracefs=/sys/kernel/tracing
echo "p:seal/uring_buffers $libc:$offset nr=%di:s32 fd=%si:s32 opcode=%dx:u32 addr=+0(%cx):x64 len=+8(%cx):u64" >> $tracefs/uprobe_events
trap 'echo "-:seal/uring_buffers" >> $tracefs/uprobe_events' EXIT
trace-cmd record -q -C mono -o "$out" -e seal:uring_buffers -f 'nr == 427' \
    -e 'syscalls:sys_*_openat' -e 'syscalls:sys_*_close' -e 'syscalls:sys_*_mmap' -e 'syscalls:sys_*_munmap' \
    -e 'syscalls:sys_*_ftruncate' -e 'syscalls:sys_*_pwrite64' -e 'syscalls:sys_*_io_uring_setup' -e 'syscalls:sys_*_io_uring_register' \
    -e 'xfs:xfs_iext_*' -e 'xfs:xfs_bmap_*_update' -e xfs:xfs_file_buffered_write -e xfs:xfs_lookup -e xfs:xfs_create -e xfs:xfs_setattr \
    -e xfs:xfs_itruncate_extents_end -e filemap:mm_filemap_fault -e exceptions:page_fault_user -e sched:sched_process_exit -- "$@"
