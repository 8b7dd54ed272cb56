// Event maps as a user writes them: what is wrong is told with its place, and what is right means what it says.
import { describe, expect, test } from 'vitest';
import { eventsOf } from '../../src/model/event-catalogue.js';
import { fullName } from '../../src/model/event-map.js';
import { UserError } from '../../src/model/issue.js';
import { defineMap } from '../../src/probes/define.js';
import * as shipped from '../../src/probes/index.js';

const map = (operation: object, more: object = {}): unknown => ({
  schema: 'sealtrace.event-map/1',
  name: 'mine',
  title: 'my probes',
  operations: [operation],
  ...more,
});

const refusal = (json: unknown): string => {
  try {
    defineMap(json, 'mine.json');
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as UserError).message;
  }
  return '';
};

describe('what is refused', () => {
  test.each([
    [[], 'mine.json: the map: expected an object, found []'],
    [{ ...(map({}) as object), schema: 'x' }, 'mine.json: schema: expected "sealtrace.event-map/1", found "x"'],
    [map({}, { nam: 1 }), 'found "nam"; did you mean "name"?'],
    [map({}, { name: 'My Map' }), 'mine.json: name: expected a word of small letters, digits, dots and dashes'],
    [map({}, { operations: [] }), 'mine.json: operations: expected at least one operation, found []'],
    [map({ op: 'pinn', event: 'a' }), 'operations[0].op: expected one of pin, unpin'],
    [map({ op: 'pinn', event: 'a' }), 'found "pinn"; did you mean "pin"?'],
    [map({ op: 'map_insert', event: 'a' }), 'found "map_insert"'],
    [map({ op: 'pin' }), 'operations[0]: expected either "event" (a moment) or "enter" and "return", found ["op"]'],
    [map({ op: 'pin', enter: 'a' }), 'operations[0]: expected "enter" and "return" together'],
    [map({ op: 'pin', event: 'a b' }), 'operations[0].event: expected the name of an event, such as "st:ib_umem_get"'],
    [
      map({ op: 'pin', event: 'a', fields: { adress: 'x' } }),
      'operations[0].fields: expected one of device, minor, inode, offset, length, address, handle, result, pid, tid, found "adress"; did you mean "address"?',
    ],
    [
      map({ op: 'pin', event: 'a', fields: { length: { field: 'n', unit: 'page' } } }),
      'operations[0].fields.length.unit: expected one of bytes, sectors, KiB, pages, blocks, found "page"; did you mean "pages"?',
    ],
    [map({ op: 'pin', event: 'a', fields: { inode: 'i' } }), 'expected "device" and "inode" together'],
    [
      map({ op: 'read', event: 'a', fields: { device: 'd', minor: 'm', inode: 'i' } }),
      'operations[0].fields.device: expected the major number, { "field": ..., "form": "number" }, beside "minor", found "d"',
    ],
    [
      map({ op: 'pin', event: 'a', fields: { length: { field: 'n', event: 'return' } } }),
      'operations[0].fields.length.event: expected the name of an event: the operation has not exactly one return',
    ],
    [map({ op: 'pin', event: 'a', when: { field: 'x' } }), 'operations[0].when: expected "is", "not" or "mask"'],
    [map({ op: 'pin', event: 'a', when: { field: 'x', is: 1.5 } }), 'operations[0].when.is: expected a whole number'],
    [map({ op: 'pin', event: 'a', flags: { writ: true } }), 'operations[0].flags: expected one of write'],
    [map({ op: 'pin', event: 'a', which: 'last' }), 'operations[0].which: expected it only where something is given'],
    [map({ op: 'dma_map', event: 'a', fields: { address: 'x' } }), 'expected "address" and "length" of the memory'],
    [
      map({ op: 'deregister', event: 'sys_enter_ioctl', when: { field: 'comd', is: 1 } }),
      'operations[0].when.field: expected an argument of sys_enter_ioctl: fd, cmd, arg, found "comd"; did you mean "cmd"?',
    ],
    [
      map({ op: 'deregister', event: 'sys_enter_ioctl', fields: { handle: { field: 'arg', form: 'hex' } } }),
      'operations[0].fields.handle.form: expected number or s32, as arg of sys_enter_ioctl is recorded, found "hex"',
    ],
    [
      map({ op: 'read', event: 'sys_enter_ioctl', fields: { device: 'cmd', inode: 'arg' } }),
      'operations[0].fields.device.form: expected number or s32, as cmd of sys_enter_ioctl is recorded, found "device"',
    ],
  ])('%j', (json, message) => {
    expect(refusal(json)).toContain(message);
  });
});

test('what is left out has its usual meaning', () => {
  const [one] = defineMap(
    map({
      op: 'register',
      enter: 'g:in',
      return: 'g:out',
      fields: { address: 'addr', length: { field: 'n', unit: 'pages' }, result: 'rc', device: 'dev', inode: 'ino' },
      flags: { write: true, odp: { field: 'how', mask: '0x40' } },
    }),
    'mine.json',
  ).operations;
  expect(one!.fields.result!.event).toEqual({ system: 'g', name: 'out' });
  expect(one!.fields.address!).toMatchObject({ event: { name: 'in' }, form: 'number', unit: 'bytes', print: 'addr' });
  expect(one!.fields.device!.form).toBe('device');
  expect(one!.flags[1]!.when).toMatchObject({ mask: 0x40, is: [], not: [0] });
});

test('every map that comes with sealtrace is named after its file and has a source', () => {
  for (const [name, one] of Object.entries(shipped)) {
    expect(one.name.replaceAll(/-./g, (x) => x[1]!.toUpperCase())).toBe(name);
    expect(one.source).not.toBe('');
    const defined = one.probes.map((line) => /^[pretf](?:\d*):(\S+)/.exec(line)?.[1]?.replace('/', ':'));
    // Every event that a probe defines is one of the map, and the other way round where the map defines any of its group.
    const groups = new Set(defined.map((event) => event!.split(':')[0]));
    const named = eventsOf(one).filter(({ system }) => groups.has(system));
    expect(named.map(fullName).sort()).toEqual([...new Set(defined)].sort());
  }
});
