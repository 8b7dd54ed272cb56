#!/bin/sh
# Records what a program gives to io_uring or to VFIO, which it passes behind a pointer, by a uprobe on glibc:
#   sh libc-probe.sh uring|vfio OUT.dat PROGRAM [ARGUMENTS]; read it with --events uring, or vfio.
# Root, tracefs and trace-cmd; no kprobes. What it adds to the kernel's uprobes it takes away again.
set -eu
map=$1; out=$2; shift 2
case $map in
uring)
    function=syscall; event=seal:uring_buffers; filter='nr == 427'; calls='io_uring_setup io_uring_register'
    fields='nr=%di:s32 fd=%si:s32 opcode=%dx:u32 addr=+0(%cx):x64 len=+8(%cx):u64' ;;
vfio)
    function=ioctl; event=seal:vfio_ioctl; filter='cmd >= 0x3b71 && cmd <= 0x3b86'; calls=ioctl
    fields='fd=%di:s32 cmd=%si:x32 flags=+4(%dx):x32 second=+8(%dx):x64 third=+16(%dx):x64 fourth=+24(%dx):x64 fifth=+32(%dx):x64' ;;
*) echo "expected uring or vfio, found $map" >&2; exit 2 ;;
esac
libc=$(ldconfig -p | sed -n 's/.*libc\.so\.6 (libc6,x86-64.*=> //p' | head -n 1)
# The place of the function in the file: its address, less where its segment is loaded, plus where the segment begins.
address=$(readelf -W --dyn-syms "$libc" | awk -v name="$function@@" 'index($8, name) == 1 { print $2 }')
offset=$(readelf -W -l "$libc" | sed -n 's/^ *LOAD //p' | while read -r place start _ size _; do
    at=$((0x$address - start))
    if [ $at -ge 0 ] && [ $at -lt $((size)) ]; then printf '0x%x' $((at + place)); fi
done)
tracefs=/sys/kernel/tracing
echo "p:$(echo $event | tr : /) $libc:$offset $fields" >> $tracefs/uprobe_events
trap 'echo "-:$(echo $event | tr : /)" >> $tracefs/uprobe_events' EXIT
trace-cmd record -q -C mono -F -c -b 4096 -o "$out" -e $event -f "$filter" $(for call in $calls; do echo "-e syscalls:sys_*_$call"; done) \
    -e 'syscalls:sys_*_openat' -e 'syscalls:sys_*_close' -e 'syscalls:sys_*_mmap' -e 'syscalls:sys_*_munmap' \
    -e 'syscalls:sys_*_ftruncate' -e 'syscalls:sys_*_pwrite64' \
    -e 'xfs:xfs_iext_*' -e 'xfs:xfs_bmap_*_update' -e xfs:xfs_file_buffered_write -e xfs:xfs_lookup -e xfs:xfs_create -e xfs:xfs_setattr \
    -e xfs:xfs_itruncate_extents_end -e filemap:mm_filemap_fault -e exceptions:page_fault_user -e sched:sched_process_exit -- "$@"
