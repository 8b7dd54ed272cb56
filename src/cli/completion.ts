// `sealtrace completion`: a script by which a shell completes commands, options and the names that options take.
import * as costRegistry from '../costs/index.js';
import * as formatRegistry from '../formats/index.js';
import { UserError } from '../model/issue.js';
import * as policyRegistry from '../policies/index.js';
import * as probeRegistry from '../probes/index.js';
import { TIMINGS } from '../results/rules.js';
import * as workloadRegistry from '../workloads/index.js';
import type { Command } from './command.js';
import { COMMANDS } from './commands.js';
import { EVERYWHERE, listed } from './options.js';

const SHELLS = ['bash', 'zsh'] as const;
type Shell = (typeof SHELLS)[number];

const names = (registry: Readonly<Record<string, { readonly name: string }>>): readonly string[] =>
  Object.values(registry)
    .map(({ name }) => name)
    .sort();

/** What an option takes, where that is a name; files are completed by the shell. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  policy: [...names(policyRegistry), 'usual', 'all'],
  costs: [...names(costRegistry), 'calibrated'],
  from: names(formatRegistry),
  events: names(probeRegistry),
  timing: TIMINGS,
  'seal-rule': ['dma', 'explicit', 'mapped', 'files:'],
  unseal: ['never', 'last-release', 'idle:'],
  'on-deny': ['skip', 'unseal', 'retry:'],
  color: ['auto', 'always', 'never'],
};

/** What a command takes first, where that is a name. */
const OPERANDS: Readonly<Record<string, () => readonly string[]>> = {
  list: () => ['policies', 'formats', 'workloads', 'costs', 'events'],
  synth: () => names(workloadRegistry),
  completion: () => SHELLS,
};

export const completion: Command = {
  name: 'completion',
  summary: 'a script for the shell that completes commands, options and names',
  operands: [SHELLS.join('|')],
  optional: 1,
  options: {},
  examples: [
    ['eval "$(sealtrace completion bash)"', 'in ~/.bashrc'],
    ['eval "$(sealtrace completion zsh)"', 'in ~/.zshrc'],
  ],
  async run({ io, operands }) {
    const [shell = 'bash'] = operands;
    if (!SHELLS.includes(shell as Shell))
      throw new UserError(`completion for "${shell}"; expected ${listed([...SHELLS])}`);
    const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
    await io.out(script(commands, shell as Shell));
    return 0;
  },
};

/** All words are names of ours: nothing in them means anything to a shell. */
function script(commands: readonly Command[], shell: Shell): string {
  const values = Object.entries(VALUES).map(([name, words]) => `    --${name}) words="${words.join(' ')}" ;;`);
  const options = commands.map(({ name, options: own }) => {
    const long = Object.keys({ ...own, ...EVERYWHERE }).map((option) => `--${option}`);
    return `      ${name}) words="${[...(OPERANDS[name]?.() ?? []), ...long].join(' ')}" ;;`;
  });
  return `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_sealtrace() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commands.map(({ name }) => name).join(' ')} --help --version"
  else
    case "$before" in
${values.join('\n')}
    *)
      case "\${COMP_WORDS[1]}" in
${options.join('\n')}
      esac ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _sealtrace sealtrace
`;
}
