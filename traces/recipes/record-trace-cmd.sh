#!/bin/sh
# Records a command with trace-cmd, all file systems of the machine. As root: sh $0 COMMAND... Then: sealtrace report run.dat
trace-cmd record -q -i -B sealtrace -C mono -b 16384 -o run.dat -e exceptions:page_fault_user -e \
  filemap:mm_filemap_fault -e filemap:mm_filemap_map_pages -e filemap:mm_filemap_add_to_page_cache -e \
  filemap:mm_filemap_delete_from_page_cache -e iomap:iomap_iter -e iomap:iomap_iter_dstmap -e \
  iomap:iomap_iter_srcmap -e iomap:iomap_dio_rw_begin -e iomap:iomap_dio_complete -e \
  iomap:iomap_dio_rw_queued -e iomap:iomap_dio_invalidate_fail -e iomap:iomap_writepage -e \
  iomap:iomap_writepage_map -e block:block_rq_issue -e block:block_rq_complete -e \
  block:block_bio_remap -e filelock:generic_add_lease -e filelock:generic_delete_lease -e \
  filelock:break_lease_block -e filelock:break_lease_noblock -e filelock:break_lease_unblock -e \
  filelock:time_out_leases -e sched:sched_process_exec -e sched:sched_process_exit -e \
  sched:sched_process_fork -e signal:signal_deliver -e fs_dax:dax_pte_fault -e \
  fs_dax:dax_pte_fault_done -e fs_dax:dax_pmd_fault -e fs_dax:dax_pmd_fault_done -e \
  fs_dax:dax_insert_pfn_mkwrite -e fs_dax:dax_insert_pfn_mkwrite_no_entry -e fs_dax:dax_load_hole -e \
  fs_dax:dax_pmd_load_hole -e fs_dax:dax_insert_mapping -e fs_dax:dax_writeback_one -e \
  fs_dax:dax_writeback_range -e fs_dax:dax_writeback_range_done -e xfs:xfs_iext_insert -e \
  xfs:xfs_iext_remove -e xfs:xfs_bmap_pre_update -e xfs:xfs_bmap_post_update -e xfs:xfs_iomap_found \
  -e xfs:xfs_iomap_alloc -e xfs:xfs_map_blocks_found -e xfs:xfs_map_blocks_alloc -e xfs:xfs_bunmap -e \
  xfs:xfs_itruncate_extents_start -e xfs:xfs_itruncate_extents_end -e xfs:xfs_free_file_space -e \
  xfs:xfs_alloc_file_space -e xfs:xfs_zero_file_space -e xfs:xfs_collapse_file_space -e \
  xfs:xfs_insert_file_space -e xfs:xfs_unwritten_convert -e xfs:xfs_end_io_direct_write -e \
  xfs:xfs_zero_eof -e xfs:xfs_read_fault -e xfs:xfs_write_fault -e xfs:xfs_filemap_fault -e \
  xfs:xfs_setattr -e xfs:xfs_ioctl_setattr -e xfs:xfs_file_ioctl -e xfs:xfs_file_fsync -e \
  xfs:xfs_file_direct_read -e xfs:xfs_file_direct_write -e xfs:xfs_file_buffered_read -e \
  xfs:xfs_file_buffered_write -e xfs:xfs_file_dax_read -e xfs:xfs_file_dax_write -e \
  xfs:xfs_inode_inactivating -e xfs:xfs_destroy_inode -e xfs:xfs_create -e xfs:xfs_lookup -e \
  xfs:xfs_remove -e xfs:xfs_link -e xfs:xfs_rename -e xfs:xfs_iunlink -e xfs:xfs_iunlink_remove -e \
  xfs:xfs_log_force -e xfs:xlog_iclog_sync -e xfs:xlog_iclog_sync_done -e xfs:xfs_swap_extent_before \
  -e xfs:xfs_swap_extent_after -e xfs:xfs_exchmaps_mapping1 -e xfs:xfs_exchmaps_mapping2 -e \
  xfs:xfs_reflink_remap_range -e xfs:xfs_reflink_remap_blocks -e xfs:xfs_reflink_remap_extent_src -e \
  xfs:xfs_reflink_remap_extent_dest -e xfs:xfs_reflink_trim_around_shared -e \
  xfs:xfs_reflink_cow_found -e xfs:xfs_reflink_cow_enospc -e xfs:xfs_reflink_convert_cow -e \
  xfs:xfs_reflink_cow_remap_from -e xfs:xfs_reflink_cow_remap_to -e xfs:xfs_reflink_end_cow -e \
  xfs:xfs_reflink_cancel_cow -e xfs:xfs_reflink_cancel_cow_range -e xfs:xfs_reflink_set_inode_flag -e \
  xfs:xfs_reflink_unset_inode_flag -e xfs:xfs_reflink_update_inode_size -e xfs:xfs_reflink_unshare -e \
  xfs:xfs_bmap_defer -e xfs:xfs_bmap_deferred -e xfs:xfs_extent_free_defer -e \
  xfs:xfs_break_leased_layouts -e xfs:xfs_break_layouts -e xfs:xfs_break_dax_layouts -e \
  ext4:ext4_ext_map_blocks_enter -e ext4:ext4_ext_map_blocks_exit -e ext4:ext4_es_insert_extent -e \
  ext4:ext4_es_insert_delayed_extent -e ext4:ext4_es_remove_extent -e ext4:ext4_allocate_blocks -e \
  ext4:ext4_free_blocks -e ext4:ext4_remove_blocks -e ext4:ext4_ext_rm_leaf -e \
  ext4:ext4_ext_remove_space -e ext4:ext4_ext_remove_space_done -e ext4:ext4_ext_show_extent -e \
  ext4:ext4_ext_handle_unwritten_extents -e ext4:ext4_ext_convert_to_initialized_enter -e \
  ext4:ext4_ext_convert_to_initialized_fastpath -e ext4:ext4_fallocate_enter -e \
  ext4:ext4_fallocate_exit -e ext4:ext4_punch_hole -e ext4:ext4_zero_range -e \
  ext4:ext4_collapse_range -e ext4:ext4_insert_range -e ext4:ext4_truncate_enter -e \
  ext4:ext4_truncate_exit -e ext4:ext4_evict_inode -e ext4:ext4_allocate_inode -e \
  ext4:ext4_free_inode -e ext4:ext4_unlink_enter -e ext4:ext4_unlink_exit -e \
  ext4:ext4_sync_file_enter -e ext4:ext4_sync_file_exit -e ext4:ext4_da_write_begin -e \
  ext4:ext4_da_write_end -e ext4:ext4_write_begin -e ext4:ext4_write_end -e ext4:ext4_journal_start \
  -e ext4:ext4_writepages_result -e jbd2:jbd2_start_commit -e jbd2:jbd2_end_commit -e \
  jbd2:jbd2_commit_locking -e jbd2:jbd2_commit_flushing -e jbd2:jbd2_commit_logging -e \
  jbd2:jbd2_run_stats -e syscalls:sys_enter_mmap -e syscalls:sys_exit_mmap -e \
  syscalls:sys_enter_munmap -e syscalls:sys_exit_munmap -e syscalls:sys_enter_mremap -e \
  syscalls:sys_exit_mremap -e syscalls:sys_enter_madvise -e syscalls:sys_exit_madvise -e \
  syscalls:sys_enter_msync -e syscalls:sys_exit_msync -e syscalls:sys_enter_fallocate -e \
  syscalls:sys_exit_fallocate -e syscalls:sys_enter_ftruncate -e syscalls:sys_exit_ftruncate -e \
  syscalls:sys_enter_truncate -e syscalls:sys_exit_truncate -e syscalls:sys_enter_unlink -e \
  syscalls:sys_exit_unlink -e syscalls:sys_enter_unlinkat -e syscalls:sys_exit_unlinkat -e \
  syscalls:sys_enter_rename -e syscalls:sys_exit_rename -e syscalls:sys_enter_renameat -e \
  syscalls:sys_exit_renameat -e syscalls:sys_enter_renameat2 -e syscalls:sys_exit_renameat2 -e \
  syscalls:sys_enter_ioctl -e syscalls:sys_exit_ioctl -e syscalls:sys_enter_fcntl -e \
  syscalls:sys_exit_fcntl -e syscalls:sys_enter_swapon -e syscalls:sys_exit_swapon -e \
  syscalls:sys_enter_swapoff -e syscalls:sys_exit_swapoff -e syscalls:sys_enter_io_uring_setup -e \
  syscalls:sys_exit_io_uring_setup -e syscalls:sys_enter_io_uring_register -e \
  syscalls:sys_exit_io_uring_register -e syscalls:sys_enter_io_uring_enter -e \
  syscalls:sys_exit_io_uring_enter -e syscalls:sys_enter_open -e syscalls:sys_exit_open -e \
  syscalls:sys_enter_openat -e syscalls:sys_exit_openat -e syscalls:sys_enter_openat2 -e \
  syscalls:sys_exit_openat2 -e syscalls:sys_enter_creat -e syscalls:sys_exit_creat -e \
  syscalls:sys_enter_close -e syscalls:sys_exit_close -e syscalls:sys_enter_dup -e \
  syscalls:sys_exit_dup -e syscalls:sys_enter_dup2 -e syscalls:sys_exit_dup2 -e \
  syscalls:sys_enter_dup3 -e syscalls:sys_exit_dup3 -e syscalls:sys_enter_read -e \
  syscalls:sys_exit_read -e syscalls:sys_enter_write -e syscalls:sys_exit_write -e \
  syscalls:sys_enter_pread64 -e syscalls:sys_exit_pread64 -e syscalls:sys_enter_pwrite64 -e \
  syscalls:sys_exit_pwrite64 -e syscalls:sys_enter_readv -e syscalls:sys_exit_readv -e \
  syscalls:sys_enter_writev -e syscalls:sys_exit_writev -e syscalls:sys_enter_preadv -e \
  syscalls:sys_exit_preadv -e syscalls:sys_enter_pwritev -e syscalls:sys_exit_pwritev -e \
  syscalls:sys_enter_preadv2 -e syscalls:sys_exit_preadv2 -e syscalls:sys_enter_pwritev2 -e \
  syscalls:sys_exit_pwritev2 -e syscalls:sys_enter_io_submit -e syscalls:sys_exit_io_submit -e \
  syscalls:sys_enter_copy_file_range -e syscalls:sys_exit_copy_file_range -e syscalls:sys_enter_lseek \
  -e syscalls:sys_exit_lseek -e syscalls:sys_enter_fsync -e syscalls:sys_exit_fsync -e \
  syscalls:sys_enter_fdatasync -e syscalls:sys_exit_fdatasync -e syscalls:sys_enter_sync_file_range \
  -e syscalls:sys_exit_sync_file_range -e syscalls:sys_enter_fchmod -e syscalls:sys_exit_fchmod -e \
  syscalls:sys_enter_fchown -e syscalls:sys_exit_fchown -e syscalls:sys_enter_exit_group -e \
  syscalls:sys_exit_exit_group -e syscalls:sys_enter_vmsplice -e syscalls:sys_exit_vmsplice -e \
  syscalls:sys_enter_mlock -e syscalls:sys_exit_mlock -e syscalls:sys_enter_kill -e \
  syscalls:sys_exit_kill -e syscalls:sys_enter_setsockopt -e syscalls:sys_exit_setsockopt "$@"
