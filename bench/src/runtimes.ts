/** runc-ts beside runc on the same bundle, without anything above them. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mustRun } from '@docker-ts/testkit/command';
import { Scratch } from '@docker-ts/testkit/scratch';

/** Seconds of `RUNTIME run` of /bin/true, ours and theirs in turn. */
export async function measureRuntimes(ours: string, theirs: string, pairs: number): Promise<[number[], number[]]> {
  using scratch = new Scratch('bundle');
  mkdirSync(scratch.join('rootfs/bin'), { recursive: true });
  const busybox = Bun.which('busybox') ?? '/bin/busybox';
  copyFileSync(busybox, scratch.join('rootfs/bin/true'));
  await mustRun(['chmod', '755', scratch.join('rootfs/bin/true')]);
  await mustRun([theirs, 'spec', '--bundle', scratch.path]);
  const config = JSON.parse(readFileSync(scratch.join('config.json'), 'utf8')) as { process: Record<string, unknown> };
  Object.assign(config.process, { terminal: false, args: ['/bin/true'] });
  writeFileSync(scratch.join('config.json'), JSON.stringify(config));
  const seconds: [number[], number[]] = [[], []];
  for (let i = -1; i < pairs; i += 1) {
    for (const [which, runtime] of [ours, theirs].entries()) {
      const start = performance.now();
      await mustRun([
        runtime,
        '--root',
        scratch.join(`root-${which}`),
        'run',
        '--bundle',
        scratch.path,
        `bench-${which}`,
      ]);
      if (i >= 0) seconds[which as 0 | 1].push((performance.now() - start) / 1000);
    }
  }
  return seconds;
}
