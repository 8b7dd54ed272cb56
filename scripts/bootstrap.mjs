// `npm start`, `npm test` and `npm run examples` from a fresh checkout: installs and builds what is missing or out of date, then
// does the job.
// Plain Node without packages, because it runs before there are any.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { EXAMPLES, exampleWords, reportPath } from './examples.mjs';

const NEEDED = [20, 19];

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const at = (...path) => join(root, ...path);

await main();

async function main() {
  checkNode();
  const [mode, ...rest] = process.argv.slice(2);
  const args = rest[0] === '--' ? rest.slice(1) : rest;
  if (!['start', 'test', 'examples'].includes(mode))
    stop(2, `usage: node scripts/bootstrap.mjs start|test|examples [arguments], found "${mode ?? ''}"`);
  await install();
  await build();
  if (mode === 'test') await run([at('node_modules/vitest/vitest.mjs'), 'run', ...args]);
  else if (mode === 'examples') for (const example of EXAMPLES) await make(example);
  else if (args.length > 0) await run([at('dist/cli/main.js'), ...args], process.env.INIT_CWD ?? process.cwd());
  else await firstLight();
}

async function make(example) {
  const { recording } = example;
  if (!existsSync(at(recording)))
    stop(2, `the bundled recording ${at(recording)} is missing; get it back with: git checkout -- traces`);
  mkdirSync(dirname(at(reportPath(example))), { recursive: true });
  await run([at('dist/cli/main.js'), ...exampleWords(example, reportPath(example))]);
}

async function firstLight() {
  const [example] = EXAMPLES;
  await make(example);
  const report = at(reportPath(example));
  const opener = { darwin: 'open', win32: 'start ""' }[process.platform] ?? 'xdg-open';
  console.log(`\nThe report is in ${report}`);
  console.log(`Open it in a browser: ${pathToFileURL(report)}`);
  console.log(`or with: ${opener} "${report}"`);
  console.log('The command line: npm start -- --help');
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return;
  stop(
    2,
    `sealtrace needs Node ${NEEDED.join('.')} or newer, found ${process.versions.node}; install one from https://nodejs.org and try again`,
  );
}

/** npm's own hidden lock file counts as a stamp too: somebody may have installed by hand. */
async function install() {
  const stamp = at('node_modules/.sealtrace-installed');
  const installed = Math.max(modified(stamp), modified(at('node_modules/.package-lock.json')));
  if (installed >= modified(at('package-lock.json'))) return;
  console.error('installing packages (npm ci) ...');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  const npm = process.env.npm_execpath;
  const status = npm?.endsWith('.js')
    ? await wait(process.execPath, [npm, ...args])
    : await wait('npm', args, root, process.platform === 'win32');
  if (status !== 0)
    stop(status, 'npm ci failed; it needs the network or a filled npm cache. Its message above says more');
  touch(stamp);
}

/** The stamp is written after a build that succeeded; it lists the sources, so that a removed one is noticed as well. */
async function build() {
  const stamp = at('dist/.built');
  const sources = [
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/build.mjs',
    'scripts/start.mjs',
    ...listed('src'),
  ];
  const seen = sources.map((path) => `${path} ${modified(at(path))}`).join('\n');
  if (existsSync(at('dist/cli/main.js')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === seen) return;
  console.error('building ...');
  const status = await wait(process.execPath, [at('scripts/build.mjs')]);
  if (status !== 0) stop(status, 'the build failed; the compiler says above where');
  writeFileSync(stamp, seen);
}

function listed(folder) {
  const entries = readdirSync(at(folder), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return files.map((path) => path.slice(root.length + 1)).sort();
}

/** Modification time in ms, 0 when there is no such file. */
function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function touch(path) {
  writeFileSync(path, '');
  utimesSync(path, new Date(), new Date());
}

/** Runs Node and ends with its status when that is not 0. */
async function run(args, cwd = root) {
  const status = await wait(process.execPath, args, cwd);
  if (status !== 0) process.exit(status);
}

/** Exit status of a command that shares our terminal; 128 + number when a signal ended it, as shells say it. */
function wait(command, args, cwd = root, shell = false) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd, stdio: 'inherit', shell });
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    const forward = (signal) => {
      // A terminal sends Ctrl-C to the child as well; a second one would mean "at once".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    for (const signal of signals) process.on(signal, forward);
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      done(127);
    });
    child.on('exit', (status, signal) => {
      for (const name of signals) process.off(name, forward);
      done(status ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

function stop(status, text) {
  console.error(text);
  process.exit(status);
}
