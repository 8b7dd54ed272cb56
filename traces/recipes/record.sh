#!/bin/sh
# Records into a buffer of its own in tracefs, and takes it away again. As root. Then: sealtrace report FILE
# Devices are numbers of this machine: major * 1048576 + minor of `mountpoint -d DIR`; another machine has others.
set -u
OUT=run.txt
T=/sys/kernel/tracing; [ -d $T/events ] || T=/sys/kernel/debug/tracing
I=$T/instances/sealtrace-shell-$$
mkdir $I || exit 2
READER=
drained() { ! grep -q "^entries: [1-9]" $I/per_cpu/cpu*/stats || ! kill -0 "$READER" 2>/dev/null; }
clean() { echo 0 > $I/tracing_on; until drained; do sleep 0.1; done; sleep 0.5; [ -n "$READER" ] && { kill $READER; wait $READER; } 2>/dev/null; rmdir $I; }
trap clean EXIT; trap "exit 130" INT; trap "exit 143" TERM
# An event that this kernel does not have is left out, and said.
put() { [ -e $I/$2 ] && echo "$1" > $I/$2 || echo "not recorded: $2" >&2; }
echo 0 > $I/tracing_on; echo mono > $I/trace_clock
echo 16384 > $I/buffer_size_kb
# Real addresses instead of hashed ones, where the kernel offers it.
[ -e $I/options/hash-ptr ] && echo 0 > $I/options/hash-ptr
echo 1 > $I/options/record-tgid
put 1 events/exceptions/page_fault_user/enable
put 1 events/filemap/mm_filemap_fault/enable
put 1 events/filemap/mm_filemap_map_pages/enable
put 1 events/filemap/mm_filemap_add_to_page_cache/enable
put 1 events/filemap/mm_filemap_delete_from_page_cache/enable
put 'COMM != "filefrag"' events/iomap/iomap_iter/filter
put 1 events/iomap/iomap_iter/enable
put 'COMM != "filefrag"' events/iomap/iomap_iter_dstmap/filter
put 1 events/iomap/iomap_iter_dstmap/enable
put 'COMM != "filefrag"' events/iomap/iomap_iter_srcmap/filter
put 1 events/iomap/iomap_iter_srcmap/enable
put 'COMM != "filefrag"' events/iomap/iomap_apply/filter
put 1 events/iomap/iomap_apply/enable
put 'COMM != "filefrag"' events/iomap/iomap_apply_dstmap/filter
put 1 events/iomap/iomap_apply_dstmap/enable
put 'COMM != "filefrag"' events/iomap/iomap_apply_srcmap/filter
put 1 events/iomap/iomap_apply_srcmap/enable
put 1 events/iomap/iomap_dio_rw_begin/enable
put 1 events/iomap/iomap_dio_complete/enable
put 1 events/iomap/iomap_dio_rw_queued/enable
put 1 events/iomap/iomap_dio_invalidate_fail/enable
put 1 events/iomap/iomap_writepage/enable
put 1 events/iomap/iomap_writepage_map/enable
put 1 events/block/block_rq_issue/enable
put 1 events/block/block_rq_complete/enable
put 1 events/block/block_bio_remap/enable
put 1 events/filelock/generic_add_lease/enable
put 1 events/filelock/generic_delete_lease/enable
put 1 events/filelock/break_lease_block/enable
put 1 events/filelock/break_lease_noblock/enable
put 1 events/filelock/break_lease_unblock/enable
put 1 events/filelock/time_out_leases/enable
put 1 events/sched/sched_process_exec/enable
put 1 events/sched/sched_process_exit/enable
put 1 events/sched/sched_process_fork/enable
put 1 events/signal/signal_deliver/enable
put 1 events/fs_dax/dax_pte_fault/enable
put 1 events/fs_dax/dax_pte_fault_done/enable
put 1 events/fs_dax/dax_pmd_fault/enable
put 1 events/fs_dax/dax_pmd_fault_done/enable
put 1 events/fs_dax/dax_insert_pfn_mkwrite/enable
put 1 events/fs_dax/dax_insert_pfn_mkwrite_no_entry/enable
put 1 events/fs_dax/dax_load_hole/enable
put 1 events/fs_dax/dax_pmd_load_hole/enable
put 1 events/fs_dax/dax_insert_mapping/enable
put 1 events/fs_dax/dax_writeback_one/enable
put 1 events/fs_dax/dax_writeback_range/enable
put 1 events/fs_dax/dax_writeback_range_done/enable
put 1 events/xfs/xfs_iext_insert/enable
put 1 events/xfs/xfs_iext_remove/enable
put 1 events/xfs/xfs_bmap_pre_update/enable
put 1 events/xfs/xfs_bmap_post_update/enable
put 'COMM != "filefrag"' events/xfs/xfs_iomap_found/filter
put 1 events/xfs/xfs_iomap_found/enable
put 1 events/xfs/xfs_iomap_alloc/enable
put 1 events/xfs/xfs_map_blocks_found/enable
put 1 events/xfs/xfs_map_blocks_alloc/enable
put 1 events/xfs/xfs_bunmap/enable
put 1 events/xfs/xfs_itruncate_extents_start/enable
put 1 events/xfs/xfs_itruncate_extents_end/enable
put 1 events/xfs/xfs_free_file_space/enable
put 1 events/xfs/xfs_alloc_file_space/enable
put 1 events/xfs/xfs_zero_file_space/enable
put 1 events/xfs/xfs_collapse_file_space/enable
put 1 events/xfs/xfs_insert_file_space/enable
put 1 events/xfs/xfs_unwritten_convert/enable
put 1 events/xfs/xfs_end_io_direct_write/enable
put 1 events/xfs/xfs_zero_eof/enable
put 1 events/xfs/xfs_read_fault/enable
put 1 events/xfs/xfs_write_fault/enable
put 1 events/xfs/xfs_filemap_fault/enable
put 1 events/xfs/xfs_setattr/enable
put 1 events/xfs/xfs_ioctl_setattr/enable
put 1 events/xfs/xfs_file_ioctl/enable
put 1 events/xfs/xfs_file_fsync/enable
put 1 events/xfs/xfs_file_direct_read/enable
put 1 events/xfs/xfs_file_direct_write/enable
put 1 events/xfs/xfs_file_buffered_read/enable
put 1 events/xfs/xfs_file_buffered_write/enable
put 1 events/xfs/xfs_file_splice_read/enable
put 1 events/xfs/xfs_file_dax_read/enable
put 1 events/xfs/xfs_file_dax_write/enable
put 1 events/xfs/xfs_inode_inactivating/enable
put 1 events/xfs/xfs_destroy_inode/enable
put 1 events/xfs/xfs_create/enable
put 1 events/xfs/xfs_lookup/enable
put 1 events/xfs/xfs_remove/enable
put 1 events/xfs/xfs_dir2_sf_removename/enable
put 1 events/xfs/xfs_dir2_block_removename/enable
put 1 events/xfs/xfs_dir2_leaf_removename/enable
put 1 events/xfs/xfs_dir2_node_removename/enable
put 1 events/xfs/xfs_link/enable
put 1 events/xfs/xfs_rename/enable
put 1 events/xfs/xfs_iunlink/enable
put 1 events/xfs/xfs_iunlink_remove/enable
put 1 events/xfs/xfs_log_force/enable
put 1 events/xfs/xlog_iclog_sync/enable
put 1 events/xfs/xlog_iclog_sync_done/enable
put 1 events/xfs/xfs_swap_extent_before/enable
put 1 events/xfs/xfs_swap_extent_after/enable
put 1 events/xfs/xfs_exchmaps_mapping1/enable
put 1 events/xfs/xfs_exchmaps_mapping2/enable
put 1 events/xfs/xfs_reflink_remap_range/enable
put 1 events/xfs/xfs_reflink_remap_range_error/enable
put 1 events/xfs/xfs_reflink_remap_blocks/enable
put 1 events/xfs/xfs_reflink_remap_extent_src/enable
put 1 events/xfs/xfs_reflink_remap_extent_dest/enable
put 'COMM != "filefrag"' events/xfs/xfs_reflink_trim_around_shared/filter
put 1 events/xfs/xfs_reflink_trim_around_shared/enable
put 1 events/xfs/xfs_reflink_cow_found/enable
put 1 events/xfs/xfs_reflink_cow_enospc/enable
put 1 events/xfs/xfs_reflink_convert_cow/enable
put 1 events/xfs/xfs_reflink_cow_remap_from/enable
put 1 events/xfs/xfs_reflink_cow_remap_to/enable
put 1 events/xfs/xfs_reflink_end_cow/enable
put 1 events/xfs/xfs_reflink_cancel_cow/enable
put 1 events/xfs/xfs_reflink_cancel_cow_range/enable
put 1 events/xfs/xfs_reflink_set_inode_flag/enable
put 1 events/xfs/xfs_reflink_unset_inode_flag/enable
put 1 events/xfs/xfs_reflink_update_inode_size/enable
put 1 events/xfs/xfs_reflink_unshare/enable
put 1 events/xfs/xfs_bmap_defer/enable
put 1 events/xfs/xfs_bmap_deferred/enable
put 1 events/xfs/xfs_extent_free_defer/enable
put 'COMM != "filefrag"' events/ext4/ext4_ext_map_blocks_enter/filter
put 1 events/ext4/ext4_ext_map_blocks_enter/enable
put 'COMM != "filefrag"' events/ext4/ext4_ext_map_blocks_exit/filter
put 1 events/ext4/ext4_ext_map_blocks_exit/enable
put 'COMM != "filefrag"' events/ext4/ext4_es_insert_extent/filter
put 1 events/ext4/ext4_es_insert_extent/enable
put 'COMM != "filefrag"' events/ext4/ext4_es_insert_delayed_extent/filter
put 1 events/ext4/ext4_es_insert_delayed_extent/enable
put 'COMM != "filefrag"' events/ext4/ext4_es_insert_delayed_block/filter
put 1 events/ext4/ext4_es_insert_delayed_block/enable
put 'COMM != "filefrag"' events/ext4/ext4_es_remove_extent/filter
put 1 events/ext4/ext4_es_remove_extent/enable
put 1 events/ext4/ext4_allocate_blocks/enable
put 1 events/ext4/ext4_free_blocks/enable
put 1 events/ext4/ext4_remove_blocks/enable
put 'COMM != "filefrag"' events/ext4/ext4_ext_rm_leaf/filter
put 1 events/ext4/ext4_ext_rm_leaf/enable
put 'COMM != "filefrag"' events/ext4/ext4_ext_remove_space/filter
put 1 events/ext4/ext4_ext_remove_space/enable
put 'COMM != "filefrag"' events/ext4/ext4_ext_remove_space_done/filter
put 1 events/ext4/ext4_ext_remove_space_done/enable
put 'COMM != "filefrag"' events/ext4/ext4_ext_show_extent/filter
put 1 events/ext4/ext4_ext_show_extent/enable
put 'COMM != "filefrag"' events/ext4/ext4_ext_handle_unwritten_extents/filter
put 1 events/ext4/ext4_ext_handle_unwritten_extents/enable
put 'COMM != "filefrag"' events/ext4/ext4_ext_convert_to_initialized_enter/filter
put 1 events/ext4/ext4_ext_convert_to_initialized_enter/enable
put 'COMM != "filefrag"' events/ext4/ext4_ext_convert_to_initialized_fastpath/filter
put 1 events/ext4/ext4_ext_convert_to_initialized_fastpath/enable
put 1 events/ext4/ext4_fallocate_enter/enable
put 1 events/ext4/ext4_fallocate_exit/enable
put 1 events/ext4/ext4_punch_hole/enable
put 1 events/ext4/ext4_zero_range/enable
put 1 events/ext4/ext4_collapse_range/enable
put 1 events/ext4/ext4_insert_range/enable
put 1 events/ext4/ext4_begin_ordered_truncate/enable
put 1 events/ext4/ext4_truncate_enter/enable
put 1 events/ext4/ext4_truncate_exit/enable
put 1 events/ext4/ext4_evict_inode/enable
put 1 events/ext4/ext4_allocate_inode/enable
put 1 events/ext4/ext4_free_inode/enable
put 1 events/ext4/ext4_unlink_enter/enable
put 1 events/ext4/ext4_unlink_exit/enable
put 1 events/ext4/ext4_sync_file_enter/enable
put 1 events/ext4/ext4_sync_file_exit/enable
put 1 events/ext4/ext4_da_write_begin/enable
put 1 events/ext4/ext4_da_write_end/enable
put 1 events/ext4/ext4_write_begin/enable
put 1 events/ext4/ext4_write_end/enable
put 1 events/ext4/ext4_journal_start/enable
put 1 events/ext4/ext4_writepages_result/enable
put 1 events/jbd2/jbd2_start_commit/enable
put 1 events/jbd2/jbd2_end_commit/enable
put 1 events/jbd2/jbd2_commit_locking/enable
put 1 events/jbd2/jbd2_commit_flushing/enable
put 1 events/jbd2/jbd2_commit_logging/enable
put 1 events/jbd2/jbd2_run_stats/enable
put 1 events/syscalls/sys_enter_mmap/enable
put 1 events/syscalls/sys_exit_mmap/enable
put 1 events/syscalls/sys_enter_munmap/enable
put 1 events/syscalls/sys_exit_munmap/enable
put 1 events/syscalls/sys_enter_mremap/enable
put 1 events/syscalls/sys_exit_mremap/enable
put 1 events/syscalls/sys_enter_madvise/enable
put 1 events/syscalls/sys_exit_madvise/enable
put 1 events/syscalls/sys_enter_msync/enable
put 1 events/syscalls/sys_exit_msync/enable
put 1 events/syscalls/sys_enter_fallocate/enable
put 1 events/syscalls/sys_exit_fallocate/enable
put 1 events/syscalls/sys_enter_ftruncate/enable
put 1 events/syscalls/sys_exit_ftruncate/enable
put 1 events/syscalls/sys_enter_truncate/enable
put 1 events/syscalls/sys_exit_truncate/enable
put 1 events/syscalls/sys_enter_unlink/enable
put 1 events/syscalls/sys_exit_unlink/enable
put 1 events/syscalls/sys_enter_unlinkat/enable
put 1 events/syscalls/sys_exit_unlinkat/enable
put 1 events/syscalls/sys_enter_rename/enable
put 1 events/syscalls/sys_exit_rename/enable
put 1 events/syscalls/sys_enter_renameat/enable
put 1 events/syscalls/sys_exit_renameat/enable
put 1 events/syscalls/sys_enter_renameat2/enable
put 1 events/syscalls/sys_exit_renameat2/enable
put 1 events/syscalls/sys_enter_ioctl/enable
put 1 events/syscalls/sys_exit_ioctl/enable
put 1 events/syscalls/sys_enter_fcntl/enable
put 1 events/syscalls/sys_exit_fcntl/enable
put 1 events/syscalls/sys_enter_link/enable
put 1 events/syscalls/sys_exit_link/enable
put 1 events/syscalls/sys_enter_linkat/enable
put 1 events/syscalls/sys_exit_linkat/enable
put 1 events/syscalls/sys_enter_swapon/enable
put 1 events/syscalls/sys_exit_swapon/enable
put 1 events/syscalls/sys_enter_swapoff/enable
put 1 events/syscalls/sys_exit_swapoff/enable
put 1 events/syscalls/sys_enter_io_uring_setup/enable
put 1 events/syscalls/sys_exit_io_uring_setup/enable
put 1 events/syscalls/sys_enter_io_uring_register/enable
put 1 events/syscalls/sys_exit_io_uring_register/enable
put 1 events/syscalls/sys_enter_io_uring_enter/enable
put 1 events/syscalls/sys_exit_io_uring_enter/enable
put 1 events/syscalls/sys_enter_open/enable
put 1 events/syscalls/sys_exit_open/enable
put 1 events/syscalls/sys_enter_openat/enable
put 1 events/syscalls/sys_exit_openat/enable
put 1 events/syscalls/sys_enter_openat2/enable
put 1 events/syscalls/sys_exit_openat2/enable
put 1 events/syscalls/sys_enter_creat/enable
put 1 events/syscalls/sys_exit_creat/enable
put 1 events/syscalls/sys_enter_close/enable
put 1 events/syscalls/sys_exit_close/enable
put 1 events/syscalls/sys_enter_close_range/enable
put 1 events/syscalls/sys_exit_close_range/enable
put 1 events/syscalls/sys_enter_dup/enable
put 1 events/syscalls/sys_exit_dup/enable
put 1 events/syscalls/sys_enter_dup2/enable
put 1 events/syscalls/sys_exit_dup2/enable
put 1 events/syscalls/sys_enter_dup3/enable
put 1 events/syscalls/sys_exit_dup3/enable
put 1 events/syscalls/sys_enter_read/enable
put 1 events/syscalls/sys_exit_read/enable
put 1 events/syscalls/sys_enter_write/enable
put 1 events/syscalls/sys_exit_write/enable
put 1 events/syscalls/sys_enter_pread64/enable
put 1 events/syscalls/sys_exit_pread64/enable
put 1 events/syscalls/sys_enter_pwrite64/enable
put 1 events/syscalls/sys_exit_pwrite64/enable
put 1 events/syscalls/sys_enter_readv/enable
put 1 events/syscalls/sys_exit_readv/enable
put 1 events/syscalls/sys_enter_writev/enable
put 1 events/syscalls/sys_exit_writev/enable
put 1 events/syscalls/sys_enter_preadv/enable
put 1 events/syscalls/sys_exit_preadv/enable
put 1 events/syscalls/sys_enter_pwritev/enable
put 1 events/syscalls/sys_exit_pwritev/enable
put 1 events/syscalls/sys_enter_preadv2/enable
put 1 events/syscalls/sys_exit_preadv2/enable
put 1 events/syscalls/sys_enter_pwritev2/enable
put 1 events/syscalls/sys_exit_pwritev2/enable
put 1 events/syscalls/sys_enter_io_submit/enable
put 1 events/syscalls/sys_exit_io_submit/enable
put 1 events/syscalls/sys_enter_copy_file_range/enable
put 1 events/syscalls/sys_exit_copy_file_range/enable
put 1 events/syscalls/sys_enter_sendfile64/enable
put 1 events/syscalls/sys_exit_sendfile64/enable
put 1 events/syscalls/sys_enter_splice/enable
put 1 events/syscalls/sys_exit_splice/enable
put 1 events/syscalls/sys_enter_lseek/enable
put 1 events/syscalls/sys_exit_lseek/enable
put 1 events/syscalls/sys_enter_fsync/enable
put 1 events/syscalls/sys_exit_fsync/enable
put 1 events/syscalls/sys_enter_fdatasync/enable
put 1 events/syscalls/sys_exit_fdatasync/enable
put 1 events/syscalls/sys_enter_sync_file_range/enable
put 1 events/syscalls/sys_exit_sync_file_range/enable
put 1 events/syscalls/sys_enter_fchmod/enable
put 1 events/syscalls/sys_exit_fchmod/enable
put 1 events/syscalls/sys_enter_fchown/enable
put 1 events/syscalls/sys_exit_fchown/enable
put 1 events/syscalls/sys_enter_exit_group/enable
put 1 events/syscalls/sys_exit_exit_group/enable
put 1 events/syscalls/sys_enter_vmsplice/enable
put 1 events/syscalls/sys_exit_vmsplice/enable
put 1 events/syscalls/sys_enter_mlock/enable
put 1 events/syscalls/sys_exit_mlock/enable
put 1 events/syscalls/sys_enter_rmdir/enable
put 1 events/syscalls/sys_exit_rmdir/enable
put 1 events/syscalls/sys_enter_kill/enable
put 1 events/syscalls/sys_exit_kill/enable
put 1 events/syscalls/sys_enter_setsockopt/enable
put 1 events/syscalls/sys_exit_setsockopt/enable
# What is there before the start, as notes in the buffer: descriptors, mappings, sizes, block maps, how XFS counts blocks.
note() { echo "sealtrace $*" > $I/trace_marker; }
# The clock mono, where the kernel shows it; 0 is earlier: then a note counts where nothing changed at all.
now() { NOW=; while read -r A B C _; do case "$A $B" in "now at") NOW=$C; break;; esac; done 2>/dev/null < /proc/timer_list; echo "${NOW:-0}"; }
notes() { while IFS= read -r line; do note "$line"; done; }
# st_dev as the kernel writes it.
device() { echo "$(( ($1 >> 8) & 4095 )):$(( ($1 & 255) | (($1 >> 12) & 1048320) ))"; }
# filefrag -v of one file, in pieces that fit into a marker.
map_of() { LC_ALL=C filefrag -v "$1" 2>/dev/null | awk -v head="$2" '
  function put(to) { printf "note_map %s %.0f %.0f %s\n", head, from, to, words == "" ? "-" : words; words = ""; from = to }
  /^File size of/ { match($0, /of [0-9]+ bytes/); block = substr($0, RSTART + 3) + 0; known = 1 }
  /^ *[0-9]+: *[0-9]+\.\./ && $NF !~ /inline/ {
    line = $0; gsub(/[:.]+/, " ", line); n = split(line, p, " ")
    flags = $NF; state = flags ~ /delalloc/ ? "d" : flags ~ /unwritten/ ? "u" : "w"
    if (length(words) > 700) put(p[2] * block)
    one = sprintf("%.0f:%.0f:%.0f:%s%s", p[2] * block, (p[3] - p[2] + 1) * block, state == "d" ? -1 : p[4] * block, state, flags ~ /shared/ ? "s" : "")
    words = words == "" ? one : words "," one
  }
  END { if (known) put(-1) }'; }
look() {
  DEVICES=
  for DIR in "$@"; do
    DEV=$(device "$(stat -c %d "$DIR")"); DEVICES="$DEVICES $DEV "
    TYPE=$(stat -f -c %T "$DIR"); [ "$TYPE" = xfs ] || TYPE=ext4
    note note_blocks $$ $$ 0 $DEV "$(stat -f -c %S "$DIR")"
    [ $TYPE = xfs ] && { xfs_info "$DIR" 2>/dev/null || echo "no xfs_info: addresses on $DIR are learned from events" >&2; } |
      sed -n 's/.*agsize=\([0-9]*\) blks.*/\1/p' |
      awk -v head="$$ $$ 0 $DEV" '{ for (log2 = 0; 2 ^ log2 < $1; log2++); print "note_geometry " head " " $1 " " log2 }' | notes
    command -v filefrag > /dev/null || { echo "no filefrag (e2fsprogs): maps of files from before are not known" >&2; continue; }
    find "$DIR" -xdev -type f 2>/dev/null | head -2000 | while IFS= read -r FILE; do
      WHERE=$(stat -c '%i %s' "$FILE" 2>/dev/null) || continue
      note note_file $$ $$ 0 $DEV $WHERE "$FILE"
      map_of "$FILE" "$$ $$ $(now) $DEV ${WHERE% *} $TYPE" | notes
    done
  done
  SINCE=$(now)
  stat -L -c '%d %i %F|%n' /proc/[0-9]*/fd/* 2>/dev/null | sed -n 's/^\([0-9]*\) \([0-9]*\) regular[^|]*|.proc.\([0-9]*\).fd.\([0-9]*\)$/\1 \2 \3 \4/p' |
    while read -r NUMBER INODE PID FD; do
      DEV=$(device $NUMBER)
      case "$DEVICES" in *" $DEV "*) note note_fd_inode $PID $PID $SINCE $FD $DEV $INODE;; esac
    done
  # One grep for all processes: a start of awk for each takes seconds.
  SINCE=$(now); NUMBERS=
  for DEV in $DEVICES; do NUMBERS="$NUMBERS|$(printf %02x:%02x ${DEV%:*} ${DEV#*:})"; done
  LC_ALL=C grep -HE " (${NUMBERS#|}) [1-9]" /proc/[0-9]*/maps 2>/dev/null | awk -v since="$SINCE" -v devices="^(${NUMBERS#|})$" '
    function hex(text, i, value) { for (i = 1; i <= length(text); i++) value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1; return value }
    { sub(/^\/proc\//, ""); sub(/\/maps:/, " "); if ($5 !~ devices) next; split($5, d, ":"); split($2, a, "-")
      path = $0; for (i = 0; i < 6; i++) sub(/^[^ ]+ +/, "", path)
      printf "note_mmap %s %s %s %.0f %.0f %.0f %s %s %s %s\n", $1, $1, since, hex(a[1]), hex(a[2]) - hex(a[1]), hex($4), hex(d[1]) ":" hex(d[2]), $6, $3, path }' | notes
}
echo "# clock: mono" > "$OUT"; cat $I/trace_pipe >> "$OUT" & READER=$!
echo 1 > $I/tracing_on
look $(awk '($3 == "xfs" || $3 == "ext4") && $2 != "/" { print $2 }' /proc/mounts)
"$@"
