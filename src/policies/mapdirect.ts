// MAP_DIRECT as the seed thread describes it: an in-memory seal while any process has such a mapping, gone at munmap or exit.
// Rule: seal-semantics section 3, column MD, and section 5. Ordinary mappings do not carry the `mapping` hold.
import type { PolicyEntry } from '../model/policy.js';
import { behaviourOf, mapChanges } from './choices.js';
import { type Column, definePolicy, unprivileged } from './define.js';
import { alwaysHeld } from './on-demand.js';
import { setting } from './switches.js';

const label = { name: 'mapdirect', title: 'MAP_DIRECT: transient seal, released at munmap or exit' } as const;

export const mapdirect: PolicyEntry = {
  ...label,
  usual: true,
  build: (settings) =>
    definePolicy({
      ...label,
      cites: [
        'D. Williams and D. Wong on MAP_DIRECT, linux-nvdimm, 13-14 August 2017',
        'D. Williams, MAP_DIRECT series v4-v6, linux-nvdimm, August-September 2017',
        'LWN 730570',
      ],
      reach: setting(settings, 'mapdirect_scope') as 'file' | 'range',
      behaviour: behaviourOf(settings),
      held: { mapping: mapChanges(settings, column), ...alwaysHeld(settings) },
      seal: {
        hold: 'mapping',
        taken: 'mapping',
        outlives: [],
        prepares: false,
        refusals: [
          { when: 'private', errno: 'EINVAL' },
          { when: 'read_only', errno: 'EACCES' },
          ...(CAPABLE.includes(setting(settings, 'mapdirect')) ? unprivileged(settings, 'EACCES') : []),
        ],
        untilLastPin: setting(settings, 'pins_extend_seal') === 'true',
        faultsNeedOwnBlocks: true,
      },
      notes: [
        'The seed reading, as v4: ETXTBSY, whole file, no capability; v5 and v6 ask for CAP_LINUX_IMMUTABLE (mapdirect, privileged). The holder gets no exemption.',
        'mmap does not look at the file and does not prepare it: a store into a hole or unwritten block is SIGBUS.',
        'The seal ends at the last munmap of any process, even if pins or memory regions remain: hazard.',
        'On a reflinked file every fault of the holder is SIGBUS. That the file is on DAX is supposed, not checked.',
        'Exchange of ranges came after 2017; ETXTBSY is inferred.',
        'mapdirect_scope=range seals what is mapped: a call is refused if what it is about (a new size: from the nearer end on; collapse and insert: to the end) meets a mapping. The fault rule for reflinked files stays one of the file.',
        'What-if: long-term pins are assumed to be allowed (note 16).',
      ],
    }),
};

/** Readings that ask for CAP_LINUX_IMMUTABLE. */
const CAPABLE: readonly string[] = ['v5', 'v6'];

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
  unlink: 'ok',
  rename: 'ok',
  attributes: 'ok',
  map_writable: 'ok',
  pin_short: 'ok',
  pin_long: 'ok',
  umount: 'BSY',
};
