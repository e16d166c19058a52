/** A record for tests: a plain created container, with what a test wants to be different. */
import { type ContainerRecord, never, recordVersion } from './record.ts';

export function makeRecord(change: Partial<ContainerRecord> = {}): ContainerRecord {
  const id = change.id ?? 'c0ffee'.padEnd(64, '0');
  return {
    version: recordVersion,
    id,
    name: 'sample',
    created: '2026-01-02T03:04:05.000000006Z',
    config: { Hostname: id.slice(0, 12), Cmd: ['sleep', '300'], Image: 'busybox', Labels: {} },
    hostConfig: { NetworkMode: 'none', LogConfig: { Type: 'json-file', Config: {} }, RestartPolicy: { Name: 'no' } },
    endpoints: {},
    mounts: [],
    imageId: `sha256:${'1'.repeat(64)}`,
    platform: { os: 'linux', architecture: 'amd64' },
    snapshotter: 'overlayfs',
    snapshotKey: id,
    path: 'sleep',
    args: ['300'],
    hostnamePath: `/d/containers/${id}/hostname`,
    hostsPath: `/d/containers/${id}/hosts`,
    resolvConfPath: `/d/containers/${id}/resolv.conf`,
    state: { status: 'created', pid: 0, exitCode: 0, error: '', oomKilled: false, startedAt: never, finishedAt: never },
    stdio: 'fifo',
    restartCount: 0,
    manuallyStopped: false,
    ...change,
  };
}
