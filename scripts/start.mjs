#!/usr/bin/env node
// The program's first file, which `npm run build` lays beside the others as dist/cli/main.js: commands that read long recordings
// have a program of their own, all others share one.
import { argv, env } from 'node:process';

const OWN = ['ingest', 'inspect'];
const [, , command = '', ...words] = argv;
// Options of all commands are needed to read these (src/cli/config.ts).
const namesAny =
  words.some((word) => word.startsWith('--config')) || Object.keys(env).some((key) => key.startsWith('SEALTRACE_'));
await import(OWN.includes(command) && !namesAny ? `./${command}-alone.js` : './whole.js');
