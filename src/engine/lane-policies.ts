// The policies of one lane: the same for every file, or chosen for each file before the run by its name, inode or size.
import { Op } from '../model/events.js';
import type { Policy } from '../model/policy.js';
import { NONE, UNKNOWN } from '../model/units.js';
import type { EngineInput } from './input.js';

/** What a rule of a mixed lane may look at. */
export interface FileFacts {
  readonly name: string;
  readonly inode: string;
  /** As the trace tells it first; UNKNOWN where it never does. */
  readonly sizeBytes: number;
}

export interface FileRule {
  /** As a user writes it. */
  readonly text: string;
  readonly matches: (file: FileFacts) => boolean;
  readonly policy: Policy;
}

/** The first rule that matches a file decides; what none matches is left to the policy the trace was recorded under. */
export interface MixedLane {
  readonly name: string;
  readonly rules: readonly FileRule[];
}

/** How many files a rule of a mixed lane decided. */
export interface RuleUse {
  readonly rule: string;
  readonly policy: string;
  readonly files: number;
}

interface Parts {
  readonly name: string;
  readonly title: string;
  readonly all: readonly Policy[];
  readonly choice: Uint8Array;
  readonly rules: readonly RuleUse[];
}

export class LanePolicies {
  readonly name: string;
  readonly title: string;
  /** Each once; the first answers for what is no file's. */
  readonly all: readonly Policy[];
  /** Of a mixed lane; empty where every file has the same policy. */
  readonly rules: readonly RuleUse[];
  /** By file: index in `all`. */
  private readonly choice: Uint8Array;

  constructor({ name, title, all, choice, rules }: Parts) {
    this.name = name;
    this.title = title;
    this.all = all;
    this.choice = choice;
    this.rules = rules;
  }

  of(file: number): Policy {
    return this.all[file === NONE ? 0 : this.choice[file]!]!;
  }

  /** Place in `all` of a file's policy. */
  indexOf(file: number): number {
    return this.choice[file]!;
  }

  /** Those whose tables a reader wants to see: of the lane itself, or of what it is made of. */
  get named(): readonly Policy[] {
    return this.all.filter(({ name }) => this.rules.length === 0 || this.rules.some(({ policy }) => policy === name));
  }

  /** Repeats the trace instead of deciding anything. */
  get recorded(): boolean {
    return this.all[0]!.recorded === true;
  }
}

/** From its copy in another thread, which is plain data. */
export const reviveLanePolicies = (copy: LanePolicies): LanePolicies =>
  Object.assign(Object.create(LanePolicies.prototype), copy);

export function lanePolicies(lane: Policy | MixedLane, input: EngineInput, kernel: Policy): LanePolicies {
  if ('rules' in lane) return mixed(lane, input, kernel);
  const { name, title } = lane;
  return new LanePolicies({ name, title, all: [lane], choice: new Uint8Array(input.fileCount), rules: [] });
}

function mixed({ name, rules }: MixedLane, input: EngineInput, kernel: Policy): LanePolicies {
  const bad = rules.find(({ policy }) => policy.recorded === true);
  if (bad !== undefined) throw new Error(`lane "${name}": "${bad.policy.name}" decides nothing, for no file`);
  const every = [...rules, { text: 'others', policy: kernel }];
  const all = [...new Set([kernel, ...rules.map(({ policy }) => policy)])];
  const files = new Uint32Array(every.length);
  const choice = Uint8Array.from(facts(input), (file) => {
    const found = rules.findIndex(({ matches }) => matches(file));
    const rule = found < 0 ? rules.length : found;
    files[rule]!++;
    return all.indexOf(every[rule]!.policy);
  });
  const uses = every
    .map(({ text, policy }, i) => ({ rule: text, policy: policy.name, files: files[i]! }))
    .filter((use, i) => i < rules.length || use.files > 0);
  const title = uses.map(({ rule, policy }) => `${rule} as ${policy}`).join(', ');
  return new LanePolicies({ name, title, all, choice, rules: uses });
}

function facts({ columns: c, fileCount, fileNames, inodes }: EngineInput): FileFacts[] {
  const sizes = new Float64Array(fileCount).fill(UNKNOWN);
  for (let i = 0; i < c.rows; i++)
    if (c.op[i] === Op.file && c.file[i] !== NONE && sizes[c.file[i]!]! < 0) sizes[c.file[i]!] = c.length[i]!;
  return Array.from(sizes, (sizeBytes, file) => ({ name: fileNames[file]!, inode: inodes[file]!, sizeBytes }));
}
