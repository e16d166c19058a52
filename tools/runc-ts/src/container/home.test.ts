import { expect, test } from 'bun:test';
import { homeFromPasswd, processEnv } from './home.ts';

test('homeFromPasswd goes by the number and never by the name', () => {
  const passwd = '1000:x:0:0::/evil:/bin/sh\nroot:x:0:0::/root:/bin/sh\nu:x:1000:1000::/home/u:\n';
  expect(homeFromPasswd(passwd, 1000)).toBe('/home/u');
  expect(homeFromPasswd(passwd, 5)).toBe('/');
  expect(homeFromPasswd('', 0)).toBe('/');
  expect(homeFromPasswd('broken\n:::::\nx:x::::\n', 0)).toBe('/');
});

test('processEnv keeps the last value of a name and adds HOME if it is missing or empty', () => {
  expect(processEnv(['A=1', 'B=2', 'A=3'], () => '/h')).toEqual(['A=3', 'B=2', 'HOME=/h']);
  expect(processEnv(['HOME='], () => '/h')).toEqual(['HOME=/h']);
  expect(processEnv(['HOME=/x'], () => '/h')).toEqual(['HOME=/x']);
});
