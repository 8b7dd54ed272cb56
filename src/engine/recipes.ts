// Which steps an operation consists of, and what a verdict adds: the one table between policies, which decide, and cost
// models, which price. A lane folds both into arrays when it starts.
import type { CostModel, Step } from '../model/costs.js';
import { OPS, type OpName } from '../model/events.js';

const SERVICE: Partial<Record<OpName, readonly Step[]>> = {
  open: ['open'],
  close: ['syscall'],
  read: ['read'],
  write: ['write'],
  truncate: ['truncate'],
  fallocate: ['syscall', 'allocate'],
  punch: ['punch'],
  zero: ['punch', 'allocate'],
  collapse: ['punch'],
  insert: ['punch'],
  unshare: ['syscall', 'allocate'],
  reflink: ['reflink'],
  dedupe: ['reflink'],
  exchange: ['reflink'],
  swapext: ['reflink'],
  unlink: ['syscall', 'truncate'],
  rename: ['syscall'],
  setattr: ['syscall'],
  fsync: ['fsync'],
  mmap: ['mmap'],
  munmap: ['munmap'],
  read_fault: ['read_fault'],
  write_fault: ['write_fault'],
  msync: ['fsync'],
  pin: ['pin'],
  register: ['register'],
  deregister: ['deregister'],
  dma_read: ['dma'],
  dma_write: ['dma'],
  device_fault: ['refault'],
  seal: ['syscall'],
  unseal: ['syscall', 'commit'],
  swapon: ['syscall', 'fsync'],
  swapoff: ['syscall'],
};

export interface Prices {
  /** By op code. */
  readonly fixedNs: Float64Array;
  readonly nsPerByte: Float64Array;
  price(step: Step, bytes?: number): number;
}

export function foldPrices(costs: CostModel): Prices {
  const price = (step: Step, bytes = 0): number => costs.prices[step].fixedNs + costs.prices[step].nsPerByte * bytes;
  const sum = (name: OpName, key: 'fixedNs' | 'nsPerByte'): number =>
    (SERVICE[name] ?? ['syscall']).reduce((total, step) => total + costs.prices[step][key], 0);
  return {
    fixedNs: Float64Array.from(OPS, (name) => sum(name, 'fixedNs')),
    nsPerByte: Float64Array.from(OPS, (name) => sum(name, 'nsPerByte')),
    price,
  };
}
