/** The image of the end-to-end tests: Debian's static busybox with all its applets, and a passwd file with a second user. */
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { notFound } from '@docker-ts/base/errors';
import { mustRun } from '@docker-ts/testkit/command';
import { Scratch } from '@docker-ts/testkit/scratch';
import type { Stack } from '@docker-ts/testkit/stack';

/** Fills `folder` with a root file system that has every applet of busybox in /bin. */
export async function makeBusyboxRootfs(folder: string): Promise<void> {
  const busybox = Bun.which('busybox');
  if (busybox === null) throw notFound('cannot find program "busybox": install busybox-static');
  for (const name of ['bin', 'etc', 'tmp', 'root', 'home/ada', 'proc', 'dev', 'sys']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  chmodSync(join(folder, 'tmp'), 0o1777);
  copyFileSync(busybox, join(folder, 'bin/busybox'));
  chmodSync(join(folder, 'bin/busybox'), 0o755);
  for (const applet of (await mustRun([busybox, '--list'])).split('\n')) {
    if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(folder, 'bin', applet));
  }
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nada:x:1815:1815:Ada:/home/ada:/bin/sh\n');
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\nada:x:1815:\nengine:x:1833:ada\n');
  writeFileSync(join(folder, 'etc/not-executable'), 'echo never\n', { mode: 0o644 });
}

/** Imports the image into a stack as `busybox:latest`, by the real client's `docker import`. */
export async function importBusybox(stack: Stack, name = 'busybox:latest'): Promise<void> {
  using scratch = new Scratch('rootfs');
  await makeBusyboxRootfs(scratch.join('rootfs'));
  const archive = scratch.join('rootfs.tar');
  await mustRun(['tar', '-C', scratch.join('rootfs'), '-cf', archive, '.']);
  await stack.mustDocker(['import', '--change', 'CMD ["sh"]', archive, name]);
}
