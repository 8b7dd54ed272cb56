// The rooms of the house (docs: architecture, section 2) as data, and a check of every import under `src` against them.
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix, sep } from 'node:path';
import { expect, test } from 'vitest';

interface Room {
  /** Rooms it may import from, besides itself. */
  readonly rooms: readonly string[];
  /** Rooms it may import types from. */
  readonly types?: readonly string[];
  /** Third-party packages and built-in modules; `node:*` is every one of those. */
  readonly packages: readonly string[];
  /** Packages that single files of the room may import besides. */
  readonly files?: Readonly<Record<string, readonly string[]>>;
}

const BELOW_CLI = [
  'model',
  'base',
  'extents',
  'formats',
  'assembly',
  'workloads',
  'fitting',
  'policies',
  'probes',
  'costs',
  'trace',
  'engine',
  'record',
  'results',
  'report',
];
/** Only `trace`, `record` and `cli` touch files; `index` is `src/index.ts`, the public API. */
const ROOMS: Readonly<Record<string, Room>> = {
  model: { rooms: [], packages: [] },
  base: { rooms: ['model'], packages: ['fzstd', 'node:zlib', 'node:module', 'node:stream/web', 'xz-decompress'] },
  formats: {
    rooms: ['model', 'base'],
    packages: [],
    files: {
      'arrow-batches.ts': ['apache-arrow'],
      'parquet.ts': ['hyparquet', 'hyparquet-compressors'],
      'parquet-column.ts': ['hyparquet'],
      'parquet-values.ts': ['hyparquet'],
    },
  },
  extents: { rooms: ['model'], packages: [] },
  assembly: { rooms: ['model', 'base', 'extents'], packages: [] },
  workloads: { rooms: ['model', 'base'], packages: [] },
  fitting: { rooms: ['model', 'base', 'extents', 'workloads'], packages: ['simple-statistics'] },
  policies: { rooms: ['model'], packages: [] },
  costs: { rooms: ['model', 'base'], packages: [] },
  probes: { rooms: ['model', 'base'], packages: [] },
  trace: { rooms: ['model', 'base', 'formats', 'assembly'], packages: ['apache-arrow', 'node:*'] },
  engine: { rooms: ['model', 'base', 'extents'], packages: [] },
  record: { rooms: ['model', 'base', 'formats', 'trace'], packages: ['node:*'] },
  results: { rooms: ['model', 'base', 'extents', 'engine'], packages: ['simple-statistics'] },
  report: { rooms: ['model', 'base', 'results'], packages: ['d3-scale', 'd3-shape', 'd3-format', 'node:crypto'] },
  index: { rooms: BELOW_CLI, packages: [] },
  cli: { rooms: [...BELOW_CLI, 'index'], packages: ['yargs', 'yargs-parser', '@duckdb/node-api', 'node:*'] },
};

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

/** What is wrong in a set of files, given by path below `src` with `/`. */
function violations(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) => {
    const room = roomOf(path);
    const rules = ROOMS[room];
    if (rules === undefined) return [`${path}: no such room "${room}"`];
    const code = withoutComments(text);
    const edges = imports(code).filter((one) => !allowed(rules, room, path, one));
    const globals = room === 'cli' ? [] : globalUses(code);
    return [
      ...edges.map((one) => `${path}: may not import ${one.from}`),
      ...globals.map((use) => `${path}: may not use ${use}`),
    ];
  });
}

/** Uses of Node's `process` and `console`. A file that binds the name itself may have a `pid` or `title` of its own. */
function globalUses(code: string): string[] {
  const nodes: Readonly<Record<string, object>> = { process, console };
  return [...code.matchAll(/(?<!\.)\b(process|console)\s*\??\.\s*(\w+)/g)].flatMap(([, name, member]) => {
    const own = new RegExp(`\\b(?:const|let|var)\\s+${name}\\b|\\b${name}\\??\\s*:|\\b${name}\\)?\\s*=>`).test(code);
    const value: unknown = Reflect.get(nodes[name!]!, member!);
    const isPlain = typeof value === 'number' || typeof value === 'string';
    return member! in nodes[name!]! && !(own && isPlain) ? [`${name}.${member}`] : [];
  });
}

function allowed(rules: Room, room: string, path: string, { from, typeOnly }: Import): boolean {
  if (from.startsWith('.')) {
    const target = posix.normalize(posix.join(posix.dirname(path), from));
    if (target.startsWith('..')) return false;
    const to = roomOf(target);
    return to === room || rules.rooms.includes(to) || (typeOnly && rules.types?.includes(to) === true);
  }
  if (from.startsWith('node:') || builtinModules.includes(from))
    return rules.packages.includes('node:*') || rules.packages.includes(from);
  const name = from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
  return rules.packages.includes(name) || rules.files?.[path.slice(room.length + 1)]?.includes(name) === true;
}

const roomOf = (path: string): string =>
  path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/\.[jt]s$/, '');

/** Static, re-exporting, side-effect and dynamic imports, and `import('x').T` types. */
function imports(code: string): Import[] {
  const stated = [...code.matchAll(/^\s*(?:import|export)\b([^;'"`]*?)\bfrom\s*['"]([^'"]+)['"]/gm)];
  const bare = [
    ...code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm),
    ...code.matchAll(/\b(?:import|require)\s*\(\s*['"`]([^'"`]+)['"`]/g),
  ];
  return [
    ...stated.map(([, what, from]) => ({ from: from!, typeOnly: isTypeOnly(what!) })),
    ...bare.map(([, from]) => ({ from: from!, typeOnly: false })),
  ];
}

function isTypeOnly(what: string): boolean {
  if (/^\s+type\b/.test(what)) return true;
  const named =
    what
      .trim()
      .match(/^\{([^}]*)\}$/)?.[1]
      ?.split(',')
      .filter((one) => one.trim() !== '') ?? [];
  return named.length > 0 && named.every((one) => /^\s*type\s/.test(one));
}

/** Comments that stand on their own lines or after code; `//` inside a URL is kept. */
const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[\s;,{}()])\/\/.*$/gm, '$1');

function sources(): Map<string, string> {
  const root = join(import.meta.dirname, '..', 'src');
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return new Map(paths.sort().map((path) => [path.split(sep).join('/'), readFileSync(join(root, path), 'utf8')]));
}

const check = (path: string, text: string): string[] => violations(new Map([[path, text]]));

test('every import under src is an edge of the table, and only cli uses process and console', () => {
  const files = sources();
  expect(files.size).toBeGreaterThan(10);
  expect(violations(files)).toEqual([]);
});

test.each([
  ['engine/fake.ts', "import { dax } from '../policies/dax.js';"],
  ['engine/fake.ts', "import type { Policy } from '../policies/dax.js';"],
  ['engine/fake.ts', "import {\n  a,\n  b,\n} from '../trace/bundle.js';"],
  ['engine/fake.ts', "export * from '../report/model.js';"],
  ['engine/fake.ts', "const later = await import('../trace/bundle.js');"],
  ['engine/fake.ts', "let x: import('../trace/bundle.js').Bundle;"],
  ['engine/deep/fake.ts', "import { x } from '../../cli/main.js';"],
  ['engine/fake.ts', "import { table } from 'apache-arrow';"],
  ['engine/fake.ts', "import { readFileSync } from 'node:fs';"],
  ['formats/fake.ts', "import { gunzipSync } from 'zlib';"],
  ['formats/fake.ts', "import { tableFromIPC } from 'apache-arrow';"],
  ['formats/parquet.ts', "import { tableFromIPC } from 'apache-arrow';"],
  ['formats/fake.ts', "import 'node:fs/promises';"],
  ['model/fake.ts', "import { mean } from '../base/mean.js';"],
  ['results/fake.ts', "import { ingest } from '../trace/ingest.js';"],
  ['extents/fake.ts', "import { Columns } from '../base/columns.js';"],
  ['report/fake.ts', "import { scaleLinear } from 'd3-scale-chromatic';"],
  ['report/fake.ts', "import { readFileSync } from 'node:fs';"],
  ['index.ts', "export { main } from './cli/main.js';"],
  ['cli/fake.ts', "import { x } from '../../scripts/x.js';"],
  ['cli/fake.ts', "import chalk from '@fake/chalk';"],
])('a forbidden edge is found: %s: %s', (path, text) => {
  expect(check(path, text)).toHaveLength(1);
});

test.each([
  ['results/fake.ts', "import type { LaneResult } from '../engine/lane.js';"],
  ['results/fake.ts', "import { type LaneResult, type Lane } from '../engine/lane.js';"],
  ['report/fake.ts', "import { format } from 'd3-format';\nimport { x } from './model.js';"],
  ['index.ts', "export * from './engine/replay.js';"],
  [
    'cli/fake.ts',
    "import { hideBin } from 'yargs/helpers';\nimport { replay } from '../index.js';\nprocess.exitCode = 1;",
  ],
  ['engine/fake.ts', "// import { x } from '../cli/main.js';\n/* console.log */ const subprocess = 1; // process.exit"],
])('an allowed one is not: %s: %s', (path, text) => {
  expect(check(path, text)).toEqual([]);
});

test('process, console and unknown rooms are found', () => {
  expect(check('trace/fake.ts', 'process.exit(1);')).toEqual(['trace/fake.ts: may not use process.exit']);
  expect(check('report/fake.ts', 'x();console.log(1); // fine')).toEqual(['report/fake.ts: may not use console.log']);
  expect(check('trace/fake.ts', 'x = process.pid;')).toEqual(['trace/fake.ts: may not use process.pid']);
  expect(check('trace/fake.ts', 'const f = (process: Task) => process.pid + process.descriptors;')).toEqual([]);
  expect(check('trace/fake.ts', 'const f = (process: Task) => process.env;')).toEqual([
    'trace/fake.ts: may not use process.env',
  ]);
  expect(check('utils/fake.ts', '')).toEqual(['utils/fake.ts: no such room "utils"']);
});
