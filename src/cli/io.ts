// What a command has of the world: streams, environment, terminal. Tests give their own.

export interface Io {
  /** Data. Resolves when the text has been taken. */
  out(text: string): Promise<void>;
  /** Progress, warnings, logs. */
  err(text: string): void;
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** stdout, stderr is a terminal. */
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** Width of the terminal. */
  readonly columns: number;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
}
