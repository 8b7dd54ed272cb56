#!/usr/bin/env node
// The program: the process's own streams, signals and exit status around `main`.
import { UserError } from '../model/issue.js';
import { Exit, OutputClosed } from './errors.js';
import type { Io } from './io.js';
import { removeUnfinished } from './output.js';
import { main } from './run.js';
import { handOver, putBack } from './signals.js';

const { stdout, stderr } = process;

const io: Io = {
  out: (text) =>
    new Promise((resolve, reject) => {
      stdout.write(text, (error) => (error == null ? resolve() : reject(closed(error))));
    }),
  err: (text) => void stderr.write(text),
  env: process.env,
  outIsTerminal: stdout.isTTY === true,
  errIsTerminal: stderr.isTTY === true,
  columns: stdout.columns ?? 100,
  // Not `performance`, which Node loads when it is first used.
  now: () => Number(process.hrtime.bigint()) / 1e6,
};

/** The reader of a pipe may go at any time; a write that fails says so in its callback as well. */
function closed(error: NodeJS.ErrnoException): Error {
  return error.code === 'EPIPE' ? new OutputClosed() : new UserError(`cannot write to stdout: ${error.message}`);
}
stdout.on('error', () => {});
stderr.on('error', () => {});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Who has something to put back or to keep does so, once; the second signal ends everything.
    if (handOver(signal)) return;
    removeUnfinished();
    process.exit(signal === 'SIGINT' ? Exit.interrupted : 143);
  });
}

process.on('exit', putBack);

process.exitCode = await main(process.argv.slice(2), io);
// An input that was not read to its end (a pipe nobody closes) must not keep the process alive.
stderr.write('', () => process.exit());
