import { expect, test } from 'vitest';
import { WordTable } from '../../src/base/words.js';

const MANY = 20_000;

test('each word has one number, whatever its length and wherever it stood', () => {
  const met: string[] = [];
  const words = new WordTable((raw) => met.push(Buffer.from(raw).toString()));
  const names = ['', 'ä', 'x'.repeat(70_000), 'y'.repeat(65_536), 'z'.repeat(65_535), 'ä'];
  for (let i = 0; i < MANY; i++) names.push(`/srv/mail/${i % 97}/message-${i}.eml`);
  const ids = names.map((name) => words.text(name));
  expect(ids[5]).toBe(ids[1]);
  expect(new Set(ids).size).toBe(MANY + 5);
  const all = Buffer.from(`<${names.join('><')}>`);
  let at = 0;
  const again = names.map((name) => {
    const from = at + 1;
    at = from + Buffer.byteLength(name) + 1;
    return words.bytes(all, from, at - 1);
  });
  expect(again).toEqual(ids);
  expect(ids.map((id) => words.get(id))).toEqual(names);
  expect(met).toEqual([...new Set(names)]);
});

test('what is heard of a word is a copy of its own', () => {
  const heard: Uint8Array[] = [];
  const words = new WordTable((raw) => heard.push(raw));
  words.text('one');
  words.text('two');
  expect(heard.map(({ buffer, byteLength }) => buffer.byteLength === byteLength)).toEqual([true, true]);
});
