// Faults and the page cache: page_fault_user, mm_filemap_*, dax_*, and the file systems' own fault events.

import { daxDone, daxFault, fileFault, userFault } from './faults.js';
import { type Handler, PAGE, weak } from './handler.js';
import { bufferFault } from './iomap-events.js';
import { pageMissing } from './transfers.js';

const xfsFault: Handler = (c, t, v) => fileFault(c, t, c.file(v[0]!, v[1]!), -1, null);

/** dev ino flags address pgoff result */
const dax: Handler = (c, t, v) => daxFault(c, t, c.file(v[0]!, v[1]!), v[4]! * PAGE, v[2]!, v[3]!);

const frame: Handler = (c, t, v) => {
  const { fault } = t;
  if (fault.active && fault.file >= 0 && fault.offset >= 0 && !Number.isNaN(v[1]!))
    c.devices.hint({ timeNs: c.record.timeNs, file: fault.file, offset: fault.offset, physical: v[1]! * PAGE });
};

/**
 * Inode 1 of the page cache is nobody's file: ext4 keeps its buddy bitmaps there (EXT4_BAD_INO, fs/ext4/mballoc.c), btrfs its trees
 * (BTRFS_BTREE_INODE), f2fs its nodes; elsewhere it is the root folder. Whoever allocates reads it, in a call on any file.
 */
const OF_NO_FILE = 1;

const pageAdded: Handler = (c, t, v) => {
  if (v[1] === OF_NO_FILE) return;
  const file = c.file(v[0]!, v[1]!);
  c.devices.pages.added(v[2]!, Number.isNaN(v[4]!) ? 0 : v[4]!, file, v[3]!);
  weak(c, t, v);
  pageMissing(t, file);
};

const pageDeleted: Handler = (c, _t, v) => {
  if (v[1] === OF_NO_FILE) return;
  c.devices.pages.deleted(v[2]!, Number.isNaN(v[4]!) ? 0 : v[4]!, c.file(v[0]!, v[1]!));
};

/** By event name. */
export const MEMORY_EVENTS: Readonly<Record<string, Handler>> = {
  page_fault_user: (c, t, v) => userFault(c, t, v[0]!, v[2]!),
  xfs_read_fault: xfsFault,
  xfs_write_fault: xfsFault,
  xfs_filemap_fault: xfsFault,
  mm_filemap_fault: (c, t, v) => {
    const file = c.file(v[0]!, v[1]!);
    fileFault(c, t, file, v[2]!, null);
    bufferFault(c, t, file, v[2]!, v[2]!);
  },
  mm_filemap_map_pages: (c, t, v) => {
    const file = c.file(v[0]!, v[1]!);
    fileFault(c, t, file, -1, null);
    bufferFault(c, t, file, v[2]!, v[3]!);
  },
  mm_filemap_add_to_page_cache: pageAdded,
  mm_filemap_delete_from_page_cache: pageDeleted,
  dax_pte_fault: dax,
  dax_pmd_fault: dax,
  dax_insert_pfn_mkwrite: dax,
  dax_pte_fault_done: (c, t, v) => daxDone(c, t, v[5]!),
  dax_pmd_fault_done: (c, t, v) => daxDone(c, t, v[5]!),
  vmf_insert_mixed: frame,
  vmf_insert_mixed_mkwrite: frame,
};
