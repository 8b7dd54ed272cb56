// Text of a table cell in CSV (RFC 4180) and Markdown. A cell that a spreadsheet would take for a formula gets a leading '.
export const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`;

export const csvCell = (text: string): string => {
  const plain = /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text);
  const safe = !plain && /^[\s'"]*[=+\-@\t\r|]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** One line, no markup, no table bar. */
export const markdownCell = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]<>#|~!&]/g, '\\$&')
    .trim();
