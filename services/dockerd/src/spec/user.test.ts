import { expect, test } from 'bun:test';
import { resolveUser } from './user.ts';

const files = {
  passwd:
    '# comment\nroot:x:0:0:root:/root:/bin/sh\n\nbob:x:1000:1001:Bob:/home/bob:/bin/sh\nbob:x:2:2::/:\nshort:x:7\n',
  group: 'root:x:0:\nstaff:x:50:bob,root\naudio:x:63:bob\nbobs:x:1001:\n',
};
const none = { passwd: undefined, group: undefined };

test('resolveUser takes root for an empty spec, with the groups that the file gives it', () => {
  expect(resolveUser('', files)).toEqual({ uid: 0, gid: 0, additionalGids: [0, 50], home: '/root' });
  expect(resolveUser('', none)).toEqual({ uid: 0, gid: 0, additionalGids: [0], home: '/' });
});

test('resolveUser looks names up, first match wins', () => {
  expect(resolveUser('bob', files)).toEqual({
    uid: 1000,
    gid: 1001,
    additionalGids: [1001, 50, 63],
    home: '/home/bob',
  });
  expect(resolveUser('short', files)).toMatchObject({ uid: 7, gid: 0 });
});

test('resolveUser takes numbers that no file knows, and groups of either kind', () => {
  expect(resolveUser('1234', files)).toMatchObject({ uid: 1234, gid: 0, additionalGids: [0] });
  expect(resolveUser('1000', files)).toMatchObject({ uid: 1000, gid: 1001 });
  expect(resolveUser('bob:staff', files)).toMatchObject({ gid: 50, additionalGids: [50] });
  expect(resolveUser(':50', files)).toMatchObject({ uid: 0, gid: 50 });
  expect(resolveUser('5:6', none)).toMatchObject({ uid: 5, gid: 6 });
});

test('resolveUser tells what it cannot find in the words of dockerd', () => {
  expect(() => resolveUser('nosuch', files)).toThrow('unable to find user nosuch: no matching entries in passwd file');
  expect(() => resolveUser('nosuch', none)).toThrow('unable to find user nosuch: no matching entries in passwd file');
  expect(() => resolveUser('bob:nosuch', files)).toThrow(
    'unable to find group nosuch: no matching entries in group file',
  );
  expect(() => resolveUser('bob', files, ['nosuch'])).toThrow('unable to find group nosuch');
  expect(() => resolveUser('4294967296', files)).toThrow('uids and gids must be in range 0-2147483647');
});
