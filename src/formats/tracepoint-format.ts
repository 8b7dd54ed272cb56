// The kernel's `format` files: which field of an event stands where. Every binary recording carries them.
// Source: Documentation/trace/events.rst, section 2.2; `__data_loc` and `__rel_loc`: include/trace/stages/stage1_struct_define.h.

export interface FormatField {
  readonly name: string;
  /** The declaration without the name: `unsigned long`, `char[16]`, `__data_loc char[]`. */
  readonly type: string;
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
  /** `data` and `relative`: the field is a word with place (low half) and length (high half) of the bytes; a `relative` place counts from the end of that word. */
  readonly location: 'inline' | 'data' | 'relative';
  readonly array: boolean;
  /** Bytes of the elements of an array where the type tells, else 0. */
  readonly elementSize: number;
}

export interface TracepointFormat {
  readonly name: string;
  readonly id: number;
  readonly fields: readonly FormatField[];
  /** What stands behind `print fmt:`. */
  readonly print: string;
}

/** Null when the text is no format file. */
export function parseTracepointFormat(text: string): TracepointFormat | null {
  const head = formatHead(text);
  if (head === null) return null;
  const fields = [...text.matchAll(FIELD)].map(([, declaration, offset, size, signed]) =>
    field(declaration!, Number(offset), Number(size), signed === '1'),
  );
  return { ...head, fields, print: /^print fmt: (.*)$/ms.exec(text)?.[1]?.trim() ?? '' };
}

/** Name and number alone: a recording holds the formats of all events, few of which occur. */
export function formatHead(text: string): { readonly name: string; readonly id: number } | null {
  const name = /^name: (\S+)/m.exec(text)?.[1];
  const id = /^ID: (\d+)/m.exec(text)?.[1];
  return name === undefined || id === undefined ? null : { name, id: Number(id) };
}

/** Also those of `header_page` and `header_event`. */
const FIELD = /^[ \t]*field:([^;\n]*);\s*offset:\s*(\d+);\s*size:\s*(\d+);(?:\s*signed:\s*(\d))?/gm;
/** Type, name and dimensions. */
const DECLARATION = /^(.*?)([A-Za-z_]\w*)\s*((?:\[[^\]]*\])*)$/;
/** More than any declaration has. */
const LONGEST = 512;

function field(declaration: string, offset: number, size: number, signed: boolean): FormatField {
  const [, before = '', name = '', count = ''] = DECLARATION.exec(declaration.trim().slice(0, LONGEST)) ?? [];
  const type = `${before.trim()}${count}`;
  const location = type.startsWith('__data_loc') ? 'data' : type.startsWith('__rel_loc') ? 'relative' : 'inline';
  return {
    name,
    type,
    offset,
    size,
    signed,
    location,
    array: type.includes('['),
    elementSize: ELEMENT_SIZES.find(([word]) => word.test(type))?.[1] ?? 0,
  };
}

const ELEMENT_SIZES: readonly (readonly [RegExp, number])[] = [
  [/\b(char|u8|s8|__u8|__s8|uint8_t|int8_t|bool|unsigned char)\b/, 1],
  [/\b(u16|s16|__u16|__s16|uint16_t|int16_t|short|umode_t)\b/, 2],
  [/\b(u64|s64|__u64|__s64|uint64_t|int64_t|long long|loff_t|sector_t|dma_addr_t|phys_addr_t)\b/, 8],
  [/\b(u32|s32|__u32|__s32|uint32_t|int32_t|int|unsigned|dev_t|pid_t)\b/, 4],
];

/** Fields of `header_page`: where a ring-buffer page keeps its time, its length and its records. */
export function headerFields(text: string): ReadonlyMap<string, FormatField> {
  return new Map(
    [...text.matchAll(FIELD)].map(([, declaration, offset, size, signed]) => {
      const one = field(declaration!, Number(offset), Number(size), signed === '1');
      return [one.name, one];
    }),
  );
}
