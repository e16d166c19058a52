import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { codeOf } from '@docker-ts/base/errors';
import { DeleteResponse } from '@docker-ts/rpc/gen/containerd/runtime/task/v3/shim';
import { Scratch } from '@docker-ts/testkit/scratch';
import { Bundle } from './bundle.ts';
import { readRuntimeInfo, ShimBinary } from './shim-binary.ts';

let scratch: Scratch;
let bundle: Bundle;
beforeAll(() => {
  scratch = new Scratch('shim-binary');
  bundle = Bundle.at({ state: scratch.path }, 'ns', 'id');
  mkdirSync(bundle.path, { recursive: true });
});
afterAll(() => scratch[Symbol.dispose]());

/** A shim that is a shell script. */
function shim(script: string): ShimBinary {
  const path = scratch.join('shim');
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return new ShimBinary(path, bundle, {
    grpcAddress: '/run/c.sock',
    debug: true,
    extra: ['SCHED_CORE=1', 'TTRPC_ADDRESS=no'],
  });
}

describe('ShimBinary', () => {
  test('ShimBinary starts a shim with the published flags, environment and options', async () => {
    const record = 'echo "$@" > args; env > env; cat > stdin; pwd > cwd; echo unix:///run/s';
    const address = await shim(record).start({ typeUrl: 'x', value: Uint8Array.from([1]) });
    expect(address).toEqual({ version: 2, address: 'unix:///run/s', protocol: 'ttrpc' });
    const recorded = (name: string): string => readFileSync(bundle.join(name), 'utf8').trim();
    expect(recorded('args')).toBe(
      `-namespace ns -address /run/c.sock -publish-binary ${process.execPath} -id id -debug start`,
    );
    const environment = recorded('env').split('\n');
    for (const pair of [
      'GOMAXPROCS=2',
      'MAX_SHIM_VERSION=2',
      'TTRPC_ADDRESS=/run/c.sock.ttrpc',
      'GRPC_ADDRESS=/run/c.sock',
      'NAMESPACE=ns',
      'SCHED_CORE=1',
    ]) {
      expect(environment).toContain(pair);
    }
    expect(readFileSync(bundle.join('stdin'))).toEqual(Buffer.from([0x0a, 1, 0x78, 0x12, 1, 1]));
    expect(recorded('cwd')).toBe(bundle.path);
  });

  test('ShimBinary tells everything that a shim prints before it fails', async () => {
    const failed = await shim('echo out; echo err >&2; exit 3').start(undefined).catch(String);
    expect(failed).toContain('start failed: out\nerr: exit status 3');
  });

  test('ShimBinary does not wait for ever for output that a descendant holds open', async () => {
    const address = await shim('sleep 30 & echo $! > held; echo unix:///run/s').start(undefined);
    process.kill(Number(readFileSync(bundle.join('held'), 'utf8')));
    expect(address.address).toBe('unix:///run/s');
  });

  test('ShimBinary reads the answer of delete, and refuses none', async () => {
    const answer = { pid: 5, exitStatus: 137, exitedAt: { seconds: 6n, nanos: 7 } };
    writeFileSync(bundle.join('answer'), DeleteResponse.encode(answer).finish());
    expect(await shim('cat answer').delete()).toEqual(answer);
    expect(await shim('true').delete().catch(codeOf)).toBe('unavailable');
    expect(await shim('echo no >&2; exit 1').delete().catch(String)).toContain('no: exit status 1');
  });

  test('readRuntimeInfo says what a shim without it printed', async () => {
    const { path } = shim('echo "flag provided but not defined: -info" >&2; exit 2');
    expect(await readRuntimeInfo(path, undefined).catch(String)).toContain('flag provided but not defined');
    expect(await readRuntimeInfo('/no/such/shim', undefined).catch(codeOf)).toBe('not_found');
  });
});
