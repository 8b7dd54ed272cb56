// Slices of one track must nest: a viewer drops those that begin inside another and end after it.
export interface Slice {
  readonly fromNs: number;
  readonly toNs: number;
  readonly name: string;
  readonly args: Readonly<Record<string, string | number>>;
}

/** As few tracks as it takes, greedily: a slice goes to the first track in which it crosses nothing. */
export const nested = (slices: readonly Slice[]): readonly (readonly Slice[])[] => {
  const tracks: { readonly all: Slice[]; readonly open: Slice[] }[] = [];
  const sorted = [...slices].sort((a, b) => a.fromNs - b.fromNs || b.toNs - a.toNs);
  for (const slice of sorted) {
    const home = tracks.find(({ open }) => {
      while (open.length > 0 && open.at(-1)!.toNs <= slice.fromNs) open.pop();
      return open.length === 0 || open.at(-1)!.toNs >= slice.toNs;
    });
    if (home === undefined) tracks.push({ all: [slice], open: [slice] });
    else {
      home.all.push(slice);
      home.open.push(slice);
    }
  }
  return tracks.map(({ all }) => all);
};
