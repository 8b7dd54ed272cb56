// Unlinked files that are still mapped or open: their blocks go with the last user (unlink(2)).
import type { Users } from './users.js';

export class Releases {
  private readonly users: Users;
  private readonly apply: (row: number, nowNs: number, later: boolean) => void;
  /** By file: row of the unlink. */
  private readonly unlinked = new Map<number, number>();

  constructor(users: Users, apply: (row: number, nowNs: number, later: boolean) => void) {
    this.users = users;
    this.apply = apply;
  }

  /** Unlinked in `row` while in use? Then its blocks stay for now. */
  later(file: number, row: number): boolean {
    if (!this.users.inUse(file)) return false;
    this.unlinked.set(file, row);
    return true;
  }

  /** A user let go of a file. */
  of(file: number, nowNs: number): void {
    const row = this.unlinked.get(file);
    if (row === undefined || this.users.inUse(file)) return;
    this.unlinked.delete(file);
    this.apply(row, nowNs, true);
  }
}
