// Markdown for a pull request: the same report without its pictures. Of every chart its sentence is kept, of long tables the
// head; the HTML form has the rest.
import { listed } from '../format.js';
import type { Block, Card, Inline, Report, Section, TableBlock, Text } from '../model.js';
import { markdownCell } from './cells.js';
import { visible } from './escape.js';
import { plainText } from './inline.js';
import type { Renderer } from './renderer.js';

/** Rows of a table, cards of a section. */
const MOST_ROWS = 25;
const MOST_CARDS = 8;
const LONGEST = 300;
/** A comment on a pull request may have 65,536 characters. */
const MOST = 60_000;

export const md: Renderer = {
  name: 'md',
  title: 'Markdown, for a pull request',
  extension: 'md',
  render: (report) => {
    const parts = [head(report), ...report.sections.map(section)];
    const kept: string[] = [];
    let left = MOST;
    for (const part of parts) {
      left -= part.length;
      if (left < 0) break;
      kept.push(part);
    }
    const missing = report.sections.slice(Math.max(0, kept.length - 1)).map(({ title }) => title);
    const note = missing.length === 0 ? '' : `Left out, to fit a comment: ${quoted(listed(missing))}.\n`;
    return `${kept.join('\n')}${note}`;
  },
};

const head = (report: Report): string =>
  `# ${line(report.title)}\n\n${line(report.subtitle)}. Figures in *italics* are modelled, those with a ? are guesses.\n`;

const section = ({ title, finding, blocks }: Section): string => {
  const said = plainText(finding) === '' ? '' : `${line(finding)}\n\n`;
  return `## ${line(title)}\n\n${said}${blocks.map(block).join('')}`;
};

const block = (one: Block): string => {
  switch (one.kind) {
    case 'text':
      return `${line(one.text)}\n\n`;
    case 'list':
      return list(one.items);
    case 'facts':
      return list(one.items.map(({ label, text }): Text => [`${label}: `, ...[text].flat()]));
    case 'notice':
      return `**${line(one.title)}**\n\n${list(one.items)}`;
    case 'table':
      return table(one);
    case 'lines':
      return `${line(one.label)}:\n\n${one.lines.map(({ place, text }) => `    ${oneLine(`${place} ${text}`)}\n`).join('')}\n`;
    case 'details':
      return `<details><summary>${line(one.summary)}</summary>\n\n${one.blocks.map(block).join('')}</details>\n\n`;
    case 'grid':
    case 'stack':
      return one.blocks.map(block).join('');
    case 'cards':
      return one.cards.slice(0, MOST_CARDS).map(card).join('');
    case 'chart':
      return `*${line(one.caption)}*: ${line(one.summary)}\n\n`;
  }
};

const list = (items: readonly Text[]): string =>
  items.length === 0 ? '' : `${items.map((item) => `- ${line(item)}\n`).join('')}\n`;

const card = ({ title, outcome, left, right }: Card): string =>
  list([
    [
      `${plainText(title)}: ${outcome.text}. ${left.role} ${plainText(left.who)}, ${right.role.toLowerCase()} ${plainText(right.who)}.`,
    ],
  ]);

const table = ({ caption, columns, rows, note }: TableBlock): string => {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  let first = '';
  const body = rows.slice(0, MOST_ROWS).map((cells) => {
    const texts = cells.map(({ text }) => line(text));
    // A cell that covers several rows stands in each of them.
    if (cells.length < columns.length)
      return row([...new Array<string>(columns.length - cells.length).fill(first), ...texts]);
    first = texts[0] ?? '';
    return row(texts);
  });
  const cut = rows.length > MOST_ROWS ? `${rows.length - MOST_ROWS} more rows left out.\n\n` : '';
  const rule = `|${columns.map(({ align }) => (align === 'end' ? ' ---: |' : ' --- |')).join('')}\n`;
  return `${line(caption)}\n\n${row(columns.map(({ title }) => line(title)))}${rule}${body.join('')}\n${cut}${note === undefined ? '' : `${line(note)}\n\n`}`;
};

/** One line; modelled figures slanted, as on the page. */
const line = (text: Text): string => [text].flat().map(part).join('').trim();

const part = (one: Inline): string => {
  if (typeof one === 'string') return quoted(one);
  if (one.kind === 'small') return ` (${line(one.text)})`;
  if (one.kind === 'strong') return `**${line(one.text)}**`;
  if (one.kind === 'jump') return line(one.text);
  const plain = quoted(plainText(one));
  if (one.kind !== 'value' || one.basis === 'recorded' || one.basis === 'measured') return plain;
  return one.basis === 'guess' || one.basis === 'assumed' ? `*${plain}*?` : `*${plain}*`;
};

const oneLine = (text: string): string => visible(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
const quoted = (text: string): string => {
  const lead = /^\s/.test(text) ? ' ' : '';
  const tail = /\s$/.test(text) ? ' ' : '';
  return `${lead}${markdownCell(oneLine(text))}${tail}`;
};
