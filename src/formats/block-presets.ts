// Tables that block-trace archives publish, one entry each: how a line or the header looks, and what stands where.
// A volume becomes a file, its requests device reads and writes. Places count from 0.

export interface Preset {
  readonly name: string;
  /** Who says what the columns mean. */
  readonly source: string;
  /** One line of the table, where it has no header. */
  readonly line?: RegExp;
  readonly header?: string;
  /** A header that some copies have before such lines. */
  readonly heading?: string;
  readonly delimiter: ',' | ' ';
  /** Role -> place and unit; `volume` may have several. */
  readonly columns: Readonly<Record<string, readonly [place: number, unit: string]>>;
  readonly volume: readonly number[];
  /** Operation by the words of the table. */
  readonly ops: Readonly<Record<string, string>>;
  readonly clock: string;
}

const words = { Read: 'dma_read', Write: 'dma_write' };
const letters = { R: 'dma_read', W: 'dma_write', r: 'dma_read', w: 'dma_write' };

export const PRESETS: readonly Preset[] = [
  {
    name: 'MSR Cambridge',
    source: 'SNIA IOTTA 388, README: Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime; Windows filetime',
    heading: 'Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime',
    line: /^\d{17,18},[\w.-]+,\d+,(Read|Write),\d+,\d+,\d+$/,
    delimiter: ',',
    columns: { time: [0, 'filetime'], op: [3, ''], off: [4, 'bytes'], len: [5, 'bytes'], ns: [6, 'ticks'] },
    volume: [1, 2],
    ops: words,
    clock: 'realtime',
  },
  {
    name: 'Alibaba',
    source: 'github.com/alibaba/block-traces: device_id,opcode,offset,length,timestamp; bytes and us',
    heading: 'device_id,opcode,offset,length,timestamp',
    line: /^\d+,[RW],\d+,\d+,\d{15,16}$/,
    delimiter: ',',
    columns: { time: [4, 'us'], op: [1, ''], off: [2, 'bytes'], len: [3, 'bytes'] },
    volume: [0],
    ops: letters,
    clock: 'realtime',
  },
  {
    name: 'Tencent CBS',
    source: 'SNIA IOTTA 27917: Timestamp,Offset,Size,IOType,VolumeID; seconds and 512-byte sectors; 0 read, 1 write',
    heading: 'Timestamp,Offset,Size,IOType,VolumeID',
    line: /^\d{9,10},\d+,\d+,[01],\d+$/,
    delimiter: ',',
    columns: { time: [0, 's'], op: [3, ''], off: [1, 'sectors'], len: [2, 'sectors'] },
    volume: [4],
    ops: { 0: 'dma_read', 1: 'dma_write' },
    clock: 'realtime',
  },
  {
    name: 'SNIA SYSTOR 2017',
    source: 'SNIA IOTTA 4964: Timestamp,Response,IOType,LUN,Offset,Size; seconds and bytes',
    header: 'Timestamp,Response,IOType,LUN,Offset,Size',
    delimiter: ',',
    columns: { time: [0, 's'], op: [2, ''], off: [4, 'bytes'], len: [5, 'bytes'], ns: [1, 's'] },
    volume: [3],
    // Without a response no type is known (README, section 3).
    ops: { ...letters, '': 'no response' },
    clock: 'realtime',
  },
  {
    name: 'SNIA FIU',
    source: 'SNIA IOTTA 390 (FIU IODedup): ns pid process lba sectors R|W major minor [md5]',
    line: /^\d+ \d+ \S+ \d+ \d+ [RW] \d+ \d+( [\da-fA-F]+)?$/,
    delimiter: ' ',
    columns: { time: [0, 'ns'], pid: [1, ''], comm: [2, ''], off: [3, 'sectors'], len: [4, 'sectors'], op: [5, ''] },
    volume: [6, 7],
    ops: letters,
    clock: '',
  },
  {
    name: 'SPC',
    source:
      'SPC trace file format 1.0.1 (UMass Financial, WebSearch): ASU,LBA,Size,Opcode,Timestamp; sectors, bytes, s; cells may hold blanks, and more may follow',
    line: /^\s*\d+\s*,\s*\d+\s*,\s*\d+\s*,\s*[rRwW]\s*,\s*(\d+|\d+\.\d+\s*(,.*)?)\s*$/,
    delimiter: ',',
    columns: { time: [4, 's'], op: [3, ''], off: [1, 'sectors'], len: [2, 'bytes'] },
    volume: [0],
    ops: letters,
    clock: '',
  },
  {
    name: 'CloudPhysics',
    source:
      'CSV of libCacheSim: s, SCSI operation code in hex (SBC-3: READ and WRITE of 6 to 16 bytes), bytes, 512-byte blocks',
    header: 'version,time,op,size,lbn',
    delimiter: ',',
    columns: { time: [1, 's'], op: [2, ''], off: [4, 'sectors'], len: [3, 'bytes'] },
    volume: [],
    ops: {
      8: 'dma_read',
      28: 'dma_read',
      a8: 'dma_read',
      88: 'dma_read',
      a: 'dma_write',
      '2a': 'dma_write',
      aa: 'dma_write',
      '8a': 'dma_write',
      42: 'punch',
    },
    clock: '',
  },
  {
    name: 'Meta Baleen',
    source:
      'github.com/wonglkd/Baleen-FAST24: block_id io_offset io_size op_time op_name and names of users and hosts; bytes and s; 1, 2, 5 read, 3, 4, 6 write, 100 unknown',
    line: /^\d+ \d+ \d+ \d+(\.\d+)? ([1-6]|100)( -?\d+){3,5}$/,
    delimiter: ' ',
    columns: { time: [3, 's'], op: [4, ''], off: [1, 'bytes'], len: [2, 'bytes'] },
    volume: [0],
    ops: {
      1: 'dma_read',
      2: 'dma_read',
      3: 'dma_write',
      4: 'dma_write',
      5: 'dma_read',
      6: 'dma_write',
      100: 'unknown',
    },
    clock: '',
  },
  {
    name: 'DiskSim ASCII',
    source: 'DiskSim 4.0 manual, section 4.6: ms device block blocks flags; bit 0 of the flags is a read',
    line: /^\d+\.\d+ \d+ \d+ \d+ [01]$/,
    delimiter: ' ',
    columns: { time: [0, 'ms'], op: [4, ''], off: [2, 'sectors'], len: [3, 'sectors'] },
    volume: [1],
    ops: { 0: 'dma_write', 1: 'dma_read' },
    clock: '',
  },
  {
    name: 'MQSim',
    source: 'MQSim, README (DiskSim columns with whole ns): ns device sector sectors type; 0 write, 1 read',
    line: /^\d+ \d+ \d+ \d+ [01]$/,
    delimiter: ' ',
    columns: { time: [0, 'ns'], op: [4, ''], off: [2, 'sectors'], len: [3, 'sectors'] },
    volume: [1],
    ops: { 0: 'dma_write', 1: 'dma_read' },
    clock: '',
  },
];
