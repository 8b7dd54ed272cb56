// The on-disk seal: fallocate(SEAL_BLOCK_MAP) sets an inode flag that stays until a privileged caller takes it back.
// Rule: seal-semantics section 3, column OD with notes 3 and 14, and sections 5, 6 (S_IOMAP_IMMUTABLE patches, August 2017).
import type { PolicyEntry } from '../model/policy.js';
import { behaviourOf, mapChanges } from './choices.js';
import { type Column, definePolicy, unprivileged } from './define.js';
import { alwaysHeld } from './on-demand.js';
import { setting } from './switches.js';

const label = {
  name: 'ondisk',
  title: 'S_IOMAP_IMMUTABLE: seal recorded on disk until it is explicitly removed',
} as const;

export const ondisk: PolicyEntry = {
  ...label,
  usual: true,
  build: (settings) =>
    definePolicy({
      ...label,
      cites: [
        'D. Williams, "fs, xfs: block map immutable files for dax, dma-to-storage, and swap", v1-v3, linux-nvdimm, July-August 2017',
        'LWN 730570',
      ],
      reach: 'file',
      behaviour: behaviourOf(settings),
      held: {
        seal: mapChanges(
          settings,
          setting(settings, 'ondisk.unlink') === 'ok' ? { ...column, unlink: 'ok', rename: 'ok' } : column,
        ),
        ...alwaysHeld(settings),
      },
      seal: {
        hold: 'seal',
        taken: 'call',
        outlives: ['unmap', 'exit', 'crash'],
        clearedBy: 'a caller with CAP_LINUX_IMMUTABLE, by UNSEAL_BLOCK_MAP, while nobody maps the file',
        prepares: setting(settings, 'seal_fills') === 'true',
        synced: setting(settings, 'seal_sync') === 'true',
        refusals: [
          ...unprivileged(settings, 'EPERM'),
          { when: 'part_of_file', errno: 'EINVAL' },
          { when: 'mapped', errno: 'EBUSY' },
        ],
      },
      ...(setting(settings, 'ondisk.version') === 'v1' ? { shortWrites: 'inside' } : {}),
      notes: [
        'The call asks for CAP_LINUX_IMMUTABLE, the whole file, and that nobody maps it; the three errnos are from memory (section 2).',
        'v2/v3 reading: a write past the end fails as a whole. v1 wrote the part inside the file, if the seal lets that part be written, and returned a short count (ondisk.version=v1, note 3); a write that begins at or behind the end has no such part and is refused.',
        'seal_fills=false is D. Chinner’s variant: the file is sealed as it is, holes and shared blocks included.',
        'unwritten_is_map_change=false lets first writes to unwritten blocks through; the call converts them all the same, as v2/v3 did.',
        'unlink and rename: the v1 text forbids them (EPERM), later diffs contain no such check; ondisk.unlink=ok (note 14).',
        'Exchange of ranges came after 2017; ETXTBSY is inferred.',
        'Truncating to the present size and allocating what is allocated fail as well.',
        'umount goes ahead; the seal is still there after the next mount.',
        'What-if: long-term pins are assumed to be allowed (note 16).',
      ],
    }),
};

const column: Column = {
  read: 'ok',
  write_written: 'ok',
  write_unwritten: 'TXT',
  write_hole: 'TXT',
  write_shared: 'TXT',
  write_past_eof: 'TXT',
  read_fault: 'ok',
  write_fault_written: 'ok',
  write_fault_unwritten: 'BUS',
  write_fault_hole: 'BUS',
  write_fault_shared: 'BUS',
  truncate_down: 'TXT',
  truncate_up: 'TXT',
  truncate_same: 'TXT',
  fallocate: 'TXT',
  fallocate_move: 'TXT',
  unshare: 'TXT',
  reflink_source: 'TXT',
  reflink_target: 'TXT',
  exchange: 'TXT',
  swapext: 'INV',
  unlink: 'PRM',
  rename: 'PRM',
  attributes: 'ok',
  map_writable: 'ok',
  pin_short: 'ok',
  pin_long: 'ok',
  umount: 'ok',
};
