// The recorder of traces/recipes: what `sealtrace record --print` prints for a machine that cannot be asked, with the
// command left to who runs them. `npm run recipes` writes them; test/record/recipe-files.test.ts compares.
import { chooseEvents, knownEvents } from '../../src/record/event-sets.js';
import { type Recipe, shellScript } from '../../src/record/recipes.js';

const COMMAND = 'THE-COMMAND';
const recipe: Recipe = {
  events: chooseEvents(knownEvents(), { fileSystems: ['xfs', 'ext4'], dax: true, devices: false, bios: false }).events,
  scope: { devices: [], disks: [], inodes: [], without: [], looker: 'filefrag' },
  fields: () => [],
  folders: [],
  command: [COMMAND],
  seconds: null,
  kib: 16_384,
  script: '',
  out: '',
  buffer: 'sealtrace',
};

const anyCommand = (text: string): string => text.replace(COMMAND, '"$@"');
/** Text by file name. */
export const recipeFiles = (): Readonly<Record<string, string>> => ({
  'record.sh': anyCommand(shellScript({ ...recipe, out: 'run.txt' })),
});
