// Signals for commands that change something outside this process, and must put it back however they end.

interface Owner {
  /** Called at the first signal; the command goes on to its own end. */
  onSignal(signal: NodeJS.Signals): void;
  /** Called as the process ends; at once, and more than once. */
  putBack(): void;
}

let owner: Owner | null = null;
let told = false;

/** From now on signals are for this owner; null: for nobody. */
export function own(next: Owner | null): void {
  owner = next;
  told = false;
}

/** False: nobody takes it, or it came a second time. */
export function handOver(signal: NodeJS.Signals): boolean {
  if (owner === null || told) return false;
  told = true;
  owner.onSignal(signal);
  return true;
}

export function putBack(): void {
  owner?.putBack();
}
