// tracefs' `trace_pipe` with the option raw has no header: it is known by its lines, and the option is named.
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { head, readAs } from './support.js';

test('trace_pipe with the option raw', async () => {
  const text = '16209 0 29684718889421 type: 1255\n16209 0 29684718951268 type: 1255\n';
  expect(ftraceText.sniff(head(text))).toBe(true);
  const { trace, whole } = await readAs(ftraceText, text);
  expect(whole).toBe(true);
  expect(trace.sources[0]).toMatchObject({ records: 2, generic: 2 });
  expect(trace.issues.map((issue) => issue.text).join('\n')).toContain('set the tracefs option raw to 0');
});
