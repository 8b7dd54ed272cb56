// What a real bash makes of the script.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { sealtrace } from './support.js';

const hasBash = spawnSync('bash', ['--version']).status === 0;

async function completed(...words: string[]): Promise<string[]> {
  const { code, out } = await sealtrace(['completion', 'bash']);
  expect(code).toBe(0);
  const ask = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sealtrace; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', `${out}\n${ask}`, 'bash', 'sealtrace', ...words], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

test.skipIf(!hasBash)(
  hasBash ? 'bash completes commands, options and names' : 'SKIPPED: there is no bash',
  async () => {
    expect(await completed('re')).toEqual(['replay', 'report', 'record']);
    expect(await completed('replay', 'x.txt', '--seal')).toEqual(['--seal-rule']);
    expect(await completed('replay', 'x.txt', '--policy', 'mapd')).toEqual(['mapdirect', 'mapdirect-lease']);
    expect(await completed('list', 'work')).toEqual(['workloads']);
    expect(await completed('synth', 'rdma')).toEqual(['rdma-server']);
    expect(await completed('ingest', '--costs')).toEqual([]);
  },
);

test('zsh gets the same behind its own beginning; other shells are refused', async () => {
  const { out: bash } = await sealtrace(['completion']);
  const { out: zsh } = await sealtrace(['completion', 'zsh']);
  expect(zsh).toBe(`autoload -U +X bashcompinit && bashcompinit\n${bash}`);
  const { code, err } = await sealtrace(['completion', 'fish']);
  expect(code).toBe(2);
  expect(err).toContain('completion for "fish"; expected bash or zsh');
});
