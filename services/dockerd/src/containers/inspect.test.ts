import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostConfig } from '../spec/container-config.ts';
import { Container } from './container.ts';
import type { DomainContext } from './context.ts';
import { inspectContainer, showHostConfig } from './inspect.ts';
import { DaemonPaths } from './paths.ts';
import { makeRecord } from './record-sample.ts';

/** `docker run -d --name a1-x --network none busybox sleep 300` as dockerd 28.5 shows it. */
interface Recorded {
  readonly Id: string;
  readonly Created: string;
  readonly Image: string;
  readonly State: { readonly Pid: number; readonly StartedAt: string };
  readonly HostConfig: Record<string, unknown>;
  readonly NetworkSettings: object;
}

const recorded = JSON.parse(readFileSync(join(import.meta.dir, 'testdata/inspect-running.json'), 'utf8')) as Recorded;

describe('inspectContainer', () => {
  test('inspectContainer shows what dockerd 28 shows, field by field', async () => {
    const { Id: id, State: state, HostConfig: hostConfig } = recorded;
    const { MaskedPaths, ReadonlyPaths } = hostConfig as HostConfig;
    const record = makeRecord({
      id,
      name: 'a1-x',
      created: recorded.Created,
      imageId: recorded.Image,
      hostConfig: {
        NetworkMode: 'none',
        CgroupnsMode: 'host',
        MaskedPaths: MaskedPaths ?? null,
        ReadonlyPaths: ReadonlyPaths ?? null,
        // What the CLI sends empty is not shown where the original leaves it out.
        Tmpfs: {},
        Mounts: [],
        Init: null,
        Annotations: null,
      },
    });
    const container = new Container(record);
    container.patchState({ status: 'running', pid: state.Pid, startedAt: state.StartedAt });
    const context = {
      paths: new DaemonPaths('/d', '/e'),
      networks: { settings: () => recorded.NetworkSettings },
    } as unknown as DomainContext;
    const shown = await inspectContainer(context, container, false);
    // The layers are containerd's: the driver has another name, and shows no folders.
    const own = { Driver: 'overlayfs', GraphDriver: { Data: null, Name: 'overlayfs' } };
    expect(shown).toEqual({ ...recorded, ...own } as unknown as typeof shown);
    expect(Object.keys(shown)).toEqual(Object.keys(recorded));
  });

  test('showHostConfig keeps the order of the original and what the client set', () => {
    expect(Object.keys(showHostConfig({}))).toEqual(Object.keys(recorded.HostConfig));
    expect(showHostConfig({ Memory: 7, Binds: ['/a:/b'], Sysctls: { a: '1' } })).toMatchObject({
      Memory: 7,
      Binds: ['/a:/b'],
      Sysctls: { a: '1' },
    });
  });
});
