import { expect, test } from 'bun:test';
import { selectProcesses } from './top.ts';

const output = 'UID  PID  PPID CMD\nroot  1  0 /sbin/init splash\nroot 77 1 sh -c  sleep 1; echo\n';

test('selectProcesses keeps the wanted rows and the command in one piece', () => {
  expect(selectProcesses(output, new Set(['77']))).toEqual({
    Titles: ['UID', 'PID', 'PPID', 'CMD'],
    Processes: [['root', '77', '1', 'sh -c sleep 1; echo']],
  });
});

test('selectProcesses needs a PID column', () => {
  expect(() => selectProcesses('USER CMD\n', new Set())).toThrow("Couldn't find PID field in ps output");
});
