// Bad input is data: it becomes an Issue, is counted and shown. A wrong request is a UserError. Anything else is our bug.

/** One kind of trouble in one source, with its first place. */
export interface Issue {
  readonly code: string;
  count: number;
  readonly source: string;
  readonly row: number;
  readonly text: string;
}

/** The user asked for something that cannot be done; the message says what to do next. `exitCode` as in the CLI contract. */
export class UserError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode = 2) {
    super(message);
    this.name = 'UserError';
    this.exitCode = exitCode;
  }
}

/** Codes that begin so say what was assumed of an input; the user is told of them whatever the command. */
export const GUESSED = 'assumed-';

/** Recordings stand beside each other although nothing tells how their clocks differ. */
export const CLOCKS_UNKNOWN = 'clocks-unknown';

/** Recordings name one clock, and what both have stamped says that it is not the same one. */
export const CLOCK_DIFFERS = 'same-clock-differs';
