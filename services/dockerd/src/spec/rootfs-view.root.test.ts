import { Scratch } from '@docker-ts/testkit/scratch';
import { expect, test } from 'bun:test';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { RootfsView } from './rootfs-view.ts';

test('RootfsView reads through the layers, keeps links inside, and leaves no mount', () => {
  using scratch = new Scratch('view');
  for (const folder of ['lower/etc', 'upper/etc', 'work', 'run']) mkdirSync(scratch.join(folder), { recursive: true });
  writeFileSync(scratch.join('lower/etc/passwd'), 'lower');
  writeFileSync(scratch.join('lower/etc/group'), 'group');
  writeFileSync(scratch.join('upper/etc/passwd'), 'upper');
  symlinkSync('/etc/hostname', scratch.join('upper/etc/escape'));
  symlinkSync('../../../../../../etc/passwd', scratch.join('upper/etc/up'));
  const options = [
    `workdir=${scratch.join('work')}`,
    `upperdir=${scratch.join('upper')}`,
    `lowerdir=${scratch.join('lower')}`,
  ];
  using view = RootfsView.open([{ type: 'overlay', source: 'overlay', target: '', options }], scratch.join('run'));
  expect(view.readText('/etc/passwd', 100)).toBe('upper');
  expect(view.readText('/etc/group', 3)).toBe('gro');
  expect(view.readText('/etc/up', 100)).toBe('upper');
  expect(view.readText('/etc/escape', 100)).toBeUndefined();
  expect(view.readText('/etc', 100)).toBeUndefined();
  expect(scratch.mounts()).toEqual([]);
  expect(readdirSync(scratch.join('run'))).toEqual([]);
  expect(readdirSync(scratch.join('work'))).toEqual([]);
});

test('RootfsView opens a snapshot without parent, which is a bind mount', () => {
  using scratch = new Scratch('view');
  mkdirSync(scratch.join('fs/etc'), { recursive: true });
  writeFileSync(scratch.join('fs/etc/passwd'), 'text');
  const mount = { type: 'bind', source: scratch.join('fs'), target: '', options: ['rbind', 'rw'] };
  using view = RootfsView.open([mount], scratch.path);
  expect(view.readText('etc/passwd', 100)).toBe('text');
});

test('makeDirectory makes what is missing, inside the root whatever links say, and leaves no mount', () => {
  using scratch = new Scratch('view');
  for (const folder of ['lower', 'upper', 'work', 'run']) mkdirSync(scratch.join(folder));
  symlinkSync('/inner', scratch.join('lower/link'));
  writeFileSync(scratch.join('lower/file'), '');
  mkdirSync(scratch.join('lower/inner'));
  const options = [
    `workdir=${scratch.join('work')}`,
    `upperdir=${scratch.join('upper')}`,
    `lowerdir=${scratch.join('lower')}`,
  ];
  const mounts = [{ type: 'overlay', source: 'overlay', target: '', options }];
  {
    using view = RootfsView.open(mounts, scratch.join('run'), true);
    view.makeDirectory('/a/b/c');
    view.makeDirectory('/link/below');
    view.makeDirectory('/a/b/c');
    expect(view.hasDirectory('/inner/below')).toBe(true);
    expect(() => view.makeDirectory('/file/x')).toThrow('Cannot mkdir: /file is not a directory');
  }
  expect(readdirSync(scratch.join('upper')).sort()).toEqual(['a', 'inner']);
  expect(readdirSync(scratch.join('upper/inner'))).toEqual(['below']);
  expect(scratch.mounts()).toEqual([]);
});
