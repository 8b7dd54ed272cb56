// A short, stable name for equal things: 64 bits of FNV-1a over their parts, as 16 hex digits.

const PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;

export function createSignature(parts: readonly string[]): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(parts.join('\u0000'))) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
  return hash.toString(16).padStart(16, '0');
}
