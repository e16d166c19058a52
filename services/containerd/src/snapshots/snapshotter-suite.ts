/**
 * What every snapshotter has to do, as tests to run against an implementation (containerd core/snapshots/testsuite). Needs root: the
 * mounts are mounted, and trees compared through them.
 */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { codeOf, type ErrorCode } from '@docker-ts/base/errors';
import { Scratch } from '@docker-ts/testkit/scratch';
import { TempMount } from '../mounts/temp-mount.ts';
import type { Mount } from '../mounts/mount.ts';
import type { Snapshotter } from './snapshotter.ts';

/** Opens a snapshotter on an empty folder; `onClose` work is done after each test. */
export type OpenSnapshotter = (folder: string) => Promise<{ snapshotter: Snapshotter } & AsyncDisposable>;

async function codeFrom(promise: Promise<unknown>): Promise<ErrorCode | undefined> {
  return await promise.then(() => undefined, codeOf);
}

/** Declares the suite. */
export function snapshotterSuite(name: string, open: OpenSnapshotter): void {
  let scratch: Scratch;
  let opened: { snapshotter: Snapshotter } & AsyncDisposable;
  let snapshotter: Snapshotter;

  beforeEach(async () => {
    scratch = new Scratch('snapshotter');
    opened = await open(scratch.join('root'));
    snapshotter = opened.snapshotter;
  });
  afterEach(async () => {
    await opened[Symbol.asyncDispose]();
    expect(scratch.mounts()).toEqual([]);
    scratch[Symbol.dispose]();
  });

  const inside = <T>(mounts: readonly Mount[], work: (path: string) => T): T => {
    using mounted = TempMount.open(scratch.join('mounts'), mounts);
    return work(mounted.path);
  };

  /** Commits a layer that `change` makes. */
  const layer = async (key: string, parent: string, change: (path: string) => void): Promise<void> => {
    inside(await snapshotter.prepare(`${key}-active`, parent, {}), change);
    await snapshotter.commit(key, `${key}-active`, {});
  };

  describe(name, () => {
    test(`${name} shows a layer with everything below it, and keeps it from being written`, async () => {
      await layer('base', '', (path) => {
        mkdirSync(join(path, 'dir'));
        writeFileSync(join(path, 'dir', 'a'), 'a', { mode: 0o640 });
        writeFileSync(join(path, 'b'), 'b');
        symlinkSync('dir/a', join(path, 'link'));
      });
      await layer('top', 'base', (path) => {
        rmSync(join(path, 'b'));
        writeFileSync(join(path, 'dir', 'a'), 'changed');
        writeFileSync(join(path, 'c'), 'c');
      });
      inside(await snapshotter.view('look', 'top', {}), (path) => {
        expect(readdirSync(path).sort()).toEqual(['c', 'dir', 'link']);
        expect(readFileSync(join(path, 'link'), 'utf8')).toBe('changed');
        expect(lstatSync(join(path, 'dir', 'a')).mode & 0o777).toBe(0o640);
        expect(() => writeFileSync(join(path, 'd'), '')).toThrow('EROFS');
      });
      inside(await snapshotter.view('look at base', 'base', {}), (path) => {
        expect(readdirSync(path).sort()).toEqual(['b', 'dir', 'link']);
        expect(readFileSync(join(path, 'dir', 'a'), 'utf8')).toBe('a');
      });
    });

    test(`${name} keeps two children of a parent apart`, async () => {
      await layer('base', '', (path) => writeFileSync(join(path, 'f'), '0'));
      const [one, two] = [await snapshotter.prepare('one', 'base', {}), await snapshotter.prepare('two', 'base', {})];
      inside(one, (path) => writeFileSync(join(path, 'f'), '1'));
      inside(two, (path) => expect(readFileSync(join(path, 'f'), 'utf8')).toBe('0'));
      expect(await snapshotter.mounts('one')).toEqual(one);
    });

    test(`${name} replaces a directory by a file and a file by a directory`, async () => {
      await layer('base', '', (path) => {
        mkdirSync(join(path, 'was-dir'));
        writeFileSync(join(path, 'was-dir', 'x'), '');
        writeFileSync(join(path, 'was-file'), '');
      });
      await layer('top', 'base', (path) => {
        rmSync(join(path, 'was-dir'), { recursive: true });
        writeFileSync(join(path, 'was-dir'), 'file');
        rmSync(join(path, 'was-file'));
        mkdirSync(join(path, 'was-file'));
      });
      inside(await snapshotter.view('look', 'top', {}), (path) => {
        expect(readFileSync(join(path, 'was-dir'), 'utf8')).toBe('file');
        expect(readdirSync(join(path, 'was-file'))).toEqual([]);
      });
    });

    test(`${name} brings hard links over`, async () => {
      await layer('base', '', (path) => {
        writeFileSync(join(path, 'one'), 'x');
        linkSync(join(path, 'one'), join(path, 'two'));
      });
      inside(await snapshotter.prepare('top', 'base', {}), (path) => {
        expect(readFileSync(join(path, 'two'), 'utf8')).toBe('x');
        if (name.includes('native')) expect(lstatSync(join(path, 'one')).ino).toBe(lstatSync(join(path, 'two')).ino);
      });
    });

    test(`${name} tells kind, parent and labels, and lists all in order`, async () => {
      await layer('base', '', () => {});
      await snapshotter.prepare('active', 'base', { 'containerd.io/snapshot/x': '1' });
      await snapshotter.view('view', 'base', {});
      expect(await snapshotter.stat('active')).toMatchObject({ kind: 'active', name: 'active', parent: 'base' });
      expect((await snapshotter.stat('active')).labels).toEqual({ 'containerd.io/snapshot/x': '1' });
      expect(await snapshotter.stat('view')).toMatchObject({ kind: 'view', parent: 'base' });
      expect(await snapshotter.stat('base')).toMatchObject({ kind: 'committed', parent: '' });
      expect((await snapshotter.list()).map((info) => info.name)).toEqual(['active', 'base', 'view']);
    });

    test(`${name} updates labels by field paths and refuses other fields`, async () => {
      await snapshotter.prepare('active', '', { 'containerd.io/snapshot/a': '1', 'containerd.io/snapshot/b': '1' });
      const labels = { 'containerd.io/snapshot/a': '2', 'containerd.io/snapshot/b': '2' };
      const updated = await snapshotter.update('active', labels, ['labels.containerd.io/snapshot/a']);
      expect(updated.labels).toEqual({ 'containerd.io/snapshot/a': '2', 'containerd.io/snapshot/b': '1' });
      expect((await snapshotter.update('active', {}, ['labels'])).labels).toEqual({});
      expect(await codeFrom(snapshotter.update('active', {}, ['parent']))).toBe('invalid_argument');
      expect(await codeFrom(snapshotter.update('nothing', {}, []))).toBe('not_found');
    });

    test(`${name} refuses what cannot be`, async () => {
      await layer('base', '', () => {});
      await snapshotter.prepare('active', 'base', {});
      await snapshotter.view('view', 'base', {});
      expect(await codeFrom(snapshotter.stat('nothing'))).toBe('not_found');
      expect(await codeFrom(snapshotter.mounts('nothing'))).toBe('not_found');
      expect(await codeFrom(snapshotter.remove('nothing'))).toBe('not_found');
      expect(await codeFrom(snapshotter.commit('x', 'nothing', {}))).toBe('not_found');
      expect(await codeFrom(snapshotter.prepare('x', 'nothing', {}))).toBe('not_found');
      expect(await codeFrom(snapshotter.prepare('x', 'active', {}))).toBe('invalid_argument');
      expect(await codeFrom(snapshotter.prepare('active', 'base', {}))).toBe('already_exists');
      expect(await codeFrom(snapshotter.view('base', '', {}))).toBe('already_exists');
      expect(await codeFrom(snapshotter.commit('base', 'active', {}))).toBe('already_exists');
      expect(await codeFrom(snapshotter.commit('x', 'view', {}))).toBe('failed_precondition');
      expect(await codeFrom(snapshotter.commit('x', 'base', {}))).toBe('failed_precondition');
      expect(await codeFrom(snapshotter.mounts('base'))).toBe('failed_precondition');
      expect(await codeFrom(snapshotter.remove('base'))).toBe('failed_precondition');
    });

    test(`${name} removes children before parents, and the files go`, async () => {
      await layer('base', '', (path) => writeFileSync(join(path, 'f'), 'x'));
      const mounts = await snapshotter.prepare('active', 'base', {});
      const upper =
        mounts[0]?.options.find((option) => option.startsWith('upperdir='))?.slice(9) ?? mounts[0]?.source ?? '';
      expect(existsSync(upper)).toBe(true);
      await snapshotter.remove('active');
      await snapshotter.remove('base');
      expect(await snapshotter.list()).toEqual([]);
      await snapshotter.cleanup();
      expect(existsSync(upper)).toBe(false);
      await layer('base', '', () => {});
    });

    test(`${name} lets a snapshot without a parent get one at commit`, async () => {
      await layer('base', '', (path) => writeFileSync(join(path, 'a'), ''));
      inside(await snapshotter.prepare('active', '', {}), (path) => writeFileSync(join(path, 'b'), ''));
      await snapshotter.commit('top', 'active', { parent: 'base' });
      expect((await snapshotter.stat('top')).parent).toBe('base');
      await snapshotter.prepare('other', 'base', {});
      if (!name.includes('proxy')) {
        await layer('base2', '', () => {});
        expect(await codeFrom(snapshotter.commit('x', 'other', { parent: 'base2' }))).toBe('invalid_argument');
      }
    });

    test(`${name} tells usage: of active snapshots as they are, of committed ones as they were`, async () => {
      const mounts = await snapshotter.prepare('active', '', {});
      const before = await snapshotter.usage('active');
      inside(mounts, (path) => writeFileSync(join(path, 'f'), Buffer.alloc(1 << 20, 1)));
      const after = await snapshotter.usage('active');
      expect(after.sizeBytes - before.sizeBytes).toBeGreaterThanOrEqual(1n << 20n);
      expect(after.inodes - before.inodes).toBe(1n);
      await snapshotter.commit('base', 'active', {});
      expect((await snapshotter.usage('base')).inodes).toBe(after.inodes);
    });

    test(`${name} mounts a chain of 60 layers`, async () => {
      let parent = '';
      for (let i = 0; i < 60; i += 1) {
        await layer(`layer-${i}`, parent, (path) => writeFileSync(join(path, `f${i}`), ''));
        parent = `layer-${i}`;
      }
      inside(await snapshotter.prepare('top', parent, {}), (path) => expect(readdirSync(path)).toHaveLength(60));
    });
  });
}
