import { expect, test } from 'bun:test';
import { addCapabilities, parseUser } from './exec.ts';

const base = { uid: 7, gid: 8 };

test('parseUser takes uid and uid:gid', () => {
  expect(parseUser('1', base)).toEqual({ uid: 1, gid: 8 });
  expect(parseUser('1:2', base)).toEqual({ uid: 1, gid: 2 });
  expect(parseUser('0:0', base)).toEqual({ uid: 0, gid: 0 });
  expect(parseUser('01', base)).toEqual({ uid: 1, gid: 8 });
});

test.each(['', ':1', '1:', '1:2:3', 'root', '+1', '1e3', '0x1', ' 1', '1 ', '４', '1.0', '-1', '99999999999'])(
  'parseUser refuses %p and never means root by it',
  (text) => {
    expect(() => parseUser(text, base)).toThrow('cannot use');
  },
);

test('addCapabilities makes nothing inheritable that was not', () => {
  const added = addCapabilities({ bounding: ['CAP_KILL'], effective: [], permitted: [] }, ['net_raw']);
  expect(added).toEqual({
    bounding: ['CAP_KILL', 'CAP_NET_RAW'],
    effective: ['CAP_NET_RAW'],
    permitted: ['CAP_NET_RAW'],
  });
  expect(() => addCapabilities(undefined, ['CAP_NOPE'])).toThrow('CAP_NOPE');
});
