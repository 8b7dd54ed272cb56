// Threads are started by the name of a file beside the one that starts them, which the types do not check.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { programFiles } from '../scripts/program-files.mjs';
import { COMMANDS } from '../src/cli/commands.js';

const root = join(import.meta.dirname, '..');

test('every thread that a part of the program starts is a file of the built program', () => {
  const started = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) =>
      [
        ...readFileSync(join(root, 'src', path), 'utf8').matchAll(/new URL\('\.\/([^']+)\.js', import\.meta\.url\)/g),
      ].map(([, name]) => ({ name: name!, source: join(path, '..', `${name}.ts`) })),
    );
  expect(started.map(({ name }) => name)).toEqual(expect.arrayContaining(['births-worker', 'lane-worker']));
  const files = programFiles(root);
  for (const { name, source } of started) expect(files[name]).toBe(join('src', source));
  const sources = Object.values(files).map((path) => basename(path));
  expect(new Set(sources).size).toBe(sources.length);
});

test('a command with a program of its own is one there is, and gets it only where no options of others are asked for', () => {
  const start = readFileSync(join(root, 'scripts', 'start.mjs'), 'utf8');
  const build = readFileSync(join(root, 'scripts', 'build.mjs'), 'utf8');
  const config = readFileSync(join(root, 'src', 'cli', 'config.ts'), 'utf8');
  const own = /const OWN = \[(.*)\];/.exec(start)?.[1] ?? '';
  expect(own).not.toBe('');
  expect(build).toContain(`of [${own}]`);
  for (const [, name] of own.matchAll(/'(\w+)'/g)) expect(Object.keys(COMMANDS)).toContain(name);
  const prefix = /const PREFIX = '(\w+)';/.exec(config)?.[1];
  expect(start).toContain(`key.startsWith('${prefix}')`);
});
