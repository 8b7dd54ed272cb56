// Shows a file with the user's own program.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { Io } from './io.js';
import { clean } from './text.js';

/** A viewer that is missing is no failure: the file is there, and its place was said. */
export function openFile(io: Io, path: string): Promise<void> {
  const [command, ...args] = viewer(io.env.BROWSER);
  return new Promise((done) => {
    const child = spawn(command!, [...args, resolve(path)], { stdio: 'ignore', detached: true });
    child.on('error', () => {
      io.err(
        `sealtrace: no program "${clean(command!)}" to open it with; set BROWSER, or open ${clean(path)} by hand\n`,
      );
      done();
    });
    child.on('spawn', () => {
      child.unref();
      done();
    });
  });
}

function viewer(browser: string | undefined): readonly string[] {
  if (browser !== undefined && browser !== '') return [browser];
  if (process.platform === 'darwin') return ['open'];
  // `start` is a word of cmd.exe; its first quoted argument is a title.
  return process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
}
