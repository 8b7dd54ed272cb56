// The default price list: what was measured on a 2-vCPU VM (Linux 6.18, virtio disk, 2026), and published or estimated
// figures for devices such a machine does not have. Keys and classes: seal-semantics section 7. XFS where two values exist.
import type { Basis, CostModel, Price } from '../model/costs.js';

export const reference: CostModel = {
  name: 'reference',
  title: 'Reference: 2-vCPU VM with virtio disk (Linux 6.18), devices from the literature',
  prices: {
    syscall: fixed(
      690,
      'guess',
      'read4k.cached (1.1 us, measured) less copying 4 KiB at an assumed 10 GB/s',
      'below 1.1 us',
    ),
    read: perByte(
      690,
      0.1,
      'measured',
      'read4k.cached: 1.1 us for 4 KiB; its split into call and copy is a guess (10 GB/s)',
      '1-6 us for 4 KiB',
    ),
    write: perByte(
      1690,
      0.1,
      'measured',
      'write4k.cached: 2.1 us for 4 KiB; its split into call and copy is a guess (10 GB/s)',
      '1-6 us for 4 KiB',
    ),
    open: fixed(3000, 'guess', 'nobody measured it; about three cached reads', ''),
    mmap: fixed(1500, 'guess', 'nobody measured it; a call and one mapping record', ''),
    munmap: fixed(
      3690,
      'derived',
      'syscall plus tlb.local (3.0 us, measured)',
      '26 us more with threads on another CPU (tlb.remote_add)',
    ),
    read_fault: fixed(
      4400,
      'measured',
      'fault.pc.read: per real fault, which also maps 15 neighbours',
      'DAX: 10-46 us (fault.dax.pte, J. Kara 2017, ramdisk)',
    ),
    write_fault: fixed(
      1710,
      'measured',
      'fault.pc.write, XFS',
      '1.4-3 us, ext4 1.43 us; DAX: 10-46 us (fault.dax.pte, J. Kara 2017, ramdisk)',
    ),
    allocate: fixed(
      9200,
      'measured',
      'alloc.extent, XFS, in-memory part',
      'ext4 2.3 us; up to 30 us; 12-60 us in a DAX fault (fault.dax.alloc_add)',
    ),
    convert: fixed(280_000, 'measured', 'convert.unwritten_add; already holds the extra commit', '255-300 us'),
    zero: perByte(
      0,
      0.147,
      'derived',
      'fault.anon2m: 308 us for 2 MiB, nearly all of it zeroing',
      '0.072-0.435 ns per byte on Optane (13.9-2.3 GB/s, arXiv 1903.05714)',
    ),
    truncate: fixed(11_000, 'measured', 'truncate4k, XFS', 'ext4 79 us; up to 230 us'),
    punch: fixed(10_500, 'measured', 'punch4k, XFS', 'ext4 83 us; up to 230 us'),
    reflink: fixed(2500, 'measured', 'reflink.per_extent, XFS; price of one extent', ''),
    fsync: fixed(323_000, 'measured', 'msync4k, XFS on loop', 'ext4 120 us; up to 656 us'),
    commit: fixed(
      260_000,
      'measured',
      'commit.virtio, append (ext4)',
      'overwrite 140 us, up to 490 us; pmem 60-200 us, NVMe 12-140 us with and 450-10000 us without capacitors',
    ),
    zap: fixed(
      29_000,
      'measured',
      'tlb.local 3.0 us plus tlb.remote_add 26 us, in the VM',
      'bare metal 3-6 us for 16 cores (LATR, ASPLOS 2018), up to 80 us for 120 cores (from memory)',
    ),
    recall: fixed(
      6500,
      'measured',
      'lease.break.rtt: cooperative SIGIO handler on the same host',
      'p99 10.2 us; the time a holder takes comes from the trace',
    ),
    invalidate: fixed(60_000, 'guess', 'odp.invalidate: "cheaper than a fault"', 'below odp.fault4k'),
    refault: perByte(
      219_873,
      0.031,
      'sourced',
      'odp.fault4k 220 us and odp.fault4m 350 us: ASPLOS 2017 (through a secondary note), ISPASS 2021',
      'a thousand times as long in bad cases; 1.6-2.0 us kernel part of SVA',
    ),
    pin: perByte(
      500,
      0.01514,
      'sourced',
      'pin.fixed 0.5 us and pin.page 0.062 us: kernel gup_test, v6.15',
      'page 0.052-0.099 us measured here; 0.0023-0.007 us per 4 KiB in huge pages',
    ),
    register: perByte(30_000, 0.0366, 'guess', 'reg_mr.fixed 30 us, reg_mr.page 0.15 us', ''),
    deregister: perByte(20_000, 0.00977, 'guess', 'dereg_mr.fixed 20 us, dereg_mr.page 0.04 us', ''),
    dma: perByte(
      2141,
      0.0388,
      'derived',
      'rdma.write4k (RC send, 4 KiB one way, 2.26 us) and p2p.bandwidth 24 GiB/s (GDS report, L40S)',
      'rdma.read4k 4.5 us; virtio disk read 77 us; up to 53 GiB/s',
    ),
    refuse: fixed(
      690,
      'guess',
      'as syscall: the call enters, finds the seal and leaves before anything is copied',
      'below 1.1 us (read4k.cached)',
    ),
    flush: perByte(
      1000,
      0.1,
      'guess',
      'nobody measured it; one fence and read back over PCIe, and cache lines written back at an assumed 10 GB/s',
      'only asked for by coherence=software',
    ),
  },
};

function fixed(fixedNs: number, basis: Basis, from: string, range: string): Price {
  return { fixedNs, nsPerByte: 0, basis, from, range };
}

function perByte(fixedNs: number, nsPerByte: number, basis: Basis, from: string, range: string): Price {
  return { fixedNs, nsPerByte, basis, from, range };
}
