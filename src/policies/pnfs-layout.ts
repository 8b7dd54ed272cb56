// pNFS block layouts: a remote client writes straight to the blocks; who changes the file on the server recalls the layout.
// Rule: seal-semantics section 3, column NF with notes 6 and 12, and sections 2, 4.2, 5, 6 (fs/nfsd/nfs4layouts.c).
import type { Cells, PolicyEntry } from '../model/policy.js';
import { behaviourOf, inPlaceWrites, mapChanges } from './choices.js';
import { type Column, definePolicy } from './define.js';
import { alwaysHeld } from './on-demand.js';
import { setting } from './switches.js';

const label = {
  name: 'pnfs-layout',
  title: 'pNFS block layout: the server recalls it before the map changes',
} as const;

export const pnfsLayout: PolicyEntry = {
  ...label,
  build(settings) {
    const written = inPlaceWrites(settings, true) ? column : { ...column, write_written: 'ok' as const };
    // Only XFS hands out block layouts, so that elsewhere there is nothing to recall.
    const granted = setting(settings, 'fs') === 'xfs';
    return definePolicy({
      ...label,
      cites: [
        'RFC 5663, RFC 8154: pNFS block and SCSI layouts',
        'Linux 6.12.117 source: fs/nfsd/nfs4layouts.c, fs/nfsd/blocklayout.c, fs/xfs/xfs_pnfs.c, fs/locks.c __break_lease',
      ],
      reach: 'file',
      behaviour: behaviourOf(settings),
      held: granted ? { layout: mapChanges(settings, written), ...alwaysHeld(settings) } : { ...alwaysHeld(settings) },
      ...(granted ? { holder: { layout: client }, requests: ['layout'], outliveExit: ['layout'] } : {}),
      seal: granted
        ? {
            hold: 'layout',
            taken: 'mapping',
            outlives: ['exit'],
            prepares: false,
            refusals: [
              { when: 'reflinked', errno: 'EOPNOTSUPP' },
              { when: 'recall_conflict', errno: 'RECALLCONFLICT' },
            ],
          }
        : null,
      breaks: {
        limitNs: RECALL_LIMIT_NS,
        notify: 'CB_LAYOUTRECALL to the client; NFS4ERR_NOMATCHING_LAYOUT ends the recall at once',
        faultsBreak: false,
        zaps: false,
        device: setting(settings, 'pnfs.block_fence_helper') === 'true' ? 'at_limit' : 'never',
        pollNs: RECALL_POLL_NS,
      },
      notes: [
        'Any write(2) on the server recalls, in place too (lease.inplace_write_breaks=false: only map changes do). Page faults never recall: a documented gap (note 6).',
        'The client’s own reads and writes bypass the server and recall nothing; its truncates and the like are calls on the server and do.',
        'The server asks every 10 ms whether the layout is back, and gives up after 180 s, twice the NFS lease: then it fences the client, and the change goes ahead.',
        'Block layouts are fenced by a helper program; without it there is only a line in the log, and the client goes on writing (pnfs.block_fence_helper=false).',
        'Reflinked and realtime files get no layout. Only XFS grants them: with fs=ext4 nothing is granted and nothing recalled.',
        'A client (a process of the trace) that asks for a layout while another holds one recalls that one and is told RECALLCONFLICT; so is whoever asks during a recall. A layout that a rule adds is had beside others.',
        'Where the trace has no LAYOUTGET, one is put at the mapping through which the device holds the file; it ends with that mapping.',
        'The layout belongs to the client’s operating system: the exit of a process does not end it.',
        'The old XFS swap-extents ioctl does not recall: it goes ahead and leaves stale translations (note 12).',
      ],
    });
  },
};

/** Twice the NFS lease time of 90 s; what the server sleeps between two looks. */
const RECALL_LIMIT_NS = 180e9;
const RECALL_POLL_NS = 10e6;

/** Client I/O goes to the blocks. */
const client: Cells = {
  write_written: 'ok',
  write_unwritten: 'ok',
  write_hole: 'ok',
  write_past_eof: 'ok',
};

const column: Column = {
  read: 'ok',
  write_written: 'B',
  write_unwritten: 'B',
  write_hole: 'B',
  write_shared: '-',
  write_past_eof: 'B',
  read_fault: 'ok',
  write_fault_written: 'ok',
  write_fault_unwritten: 'ok',
  write_fault_hole: 'ok',
  write_fault_shared: '-',
  truncate_down: 'B',
  truncate_up: 'B',
  truncate_same: 'B',
  fallocate: 'B',
  fallocate_move: 'B',
  unshare: 'B',
  reflink_source: 'B',
  reflink_target: 'B',
  exchange: 'B',
  swapext: 'H',
  unlink: 'ok',
  rename: 'ok',
  attributes: 'ok',
  map_writable: 'ok',
  pin_short: 'ok',
  pin_long: '-',
  umount: 'BSY',
};
