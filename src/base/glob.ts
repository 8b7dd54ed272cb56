// File name patterns, as rules about files use them.

/** `*` and `?` within a name, `**` across directories; without a slash the pattern is held against the last part. */
export function globPattern(glob: string): RegExp {
  const body = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*|\*|\?/g, (w) => (w === '**' ? '.*' : w === '*' ? '[^/]*' : '[^/]'));
  return new RegExp(glob.includes('/') ? `^${body}$` : `(^|/)${body}$`);
}
