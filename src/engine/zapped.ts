// Mappings that the kernel took away from their processes when a lease was broken: what they touch from then on is SIGBUS.

interface Mapping {
  readonly handle: number;
  readonly pid: number;
  readonly offset: number;
  readonly length: number;
}

export class Zapped {
  private readonly ofFile = new Map<number, readonly Mapping[]>();

  get any(): boolean {
    return this.ofFile.size > 0;
  }

  add(file: number, mapping: Mapping): void {
    this.ofFile.set(file, [...(this.ofFile.get(file) ?? []), mapping]);
  }

  /** Does a process reach this byte of the file only through what was taken away? */
  covers(file: number, pid: number, offset: number): boolean {
    const there = (one: Mapping): boolean =>
      one.pid === pid && offset >= one.offset && offset < one.offset + one.length;
    return this.ofFile.size > 0 && this.ofFile.get(file)?.some(there) === true;
  }

  /** The process gives it up itself. */
  drop(file: number, handle: number): void {
    const mappings = this.ofFile.get(file);
    if (mappings === undefined) return;
    this.ofFile.set(
      file,
      mappings.filter((one) => one.handle !== handle),
    );
  }
}
