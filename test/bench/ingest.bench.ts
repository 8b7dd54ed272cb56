// Text ingest in process: the real format and assembly over a bundled recording, against readline with one regular
// expression a line (which only splits, and assembles nothing).
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { add, complete, cycle, suite } from 'benny';
import { Assembler } from '../../src/assembly/assembler.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { TraceBuilder } from '../../src/trace/builder.js';
import { BUNDLED, content } from '../kernel/recordings.js';

const bytes = content(BUNDLED.find((r) => r.name === 'nvme-pagecache')!.text);
const LINE = /^\s*(.+)-(\d+)\s+\[(\d+)\]\s+([\d.]+):\s+(\w+):\s*(.*)$/;

async function sealtrace(): Promise<number> {
  const builder = new TraceBuilder((sink) => new Assembler(sink));
  const sink = builder.startSource('bench', ftraceText.name, bytes.length);
  await ftraceText.read(
    {
      name: 'bench',
      bytes: bytes.length,
      async *chunks() {
        yield bytes;
      },
    },
    sink,
  );
  return builder.finish().sources[0]!.records;
}

async function readlineRegex(): Promise<number> {
  let records = 0;
  for await (const line of createInterface({ input: Readable.from([bytes]) })) if (LINE.test(line)) records++;
  return records;
}

const records = await sealtrace();
if (records !== (await readlineRegex())) throw new Error('the contenders do not count the same records');

await suite(
  `ingest of ${records.toLocaleString('en')} records, ${(bytes.length / 2 ** 20).toFixed(1)} MiB of ftrace text`,
  add('sealtrace: parse, assemble, place', async () => void (await sealtrace())),
  add('readline and one regular expression: split only', async () => void (await readlineRegex())),
  cycle(),
  complete(({ results }) => {
    for (const r of results) console.log(`${r.name}: ${((1e9 / r.ops / records) * 1).toFixed(0)} ns a record`);
  }),
);
