import { describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packAny } from '@docker-ts/rpc/any';
import { BootstrapParams, BootstrapResult } from '@docker-ts/rpc/gen/containerd/runtime/bootstrap/v1/bootstrap';
import { Options } from '@docker-ts/rpc/gen/containerd/types/runc/options/oci';
import { Any } from '@docker-ts/rpc/gen/google/protobuf/any';
import { bootstrapAnswer } from './bootstrap-answer.ts';
import { readBootstrapInput } from './bootstrap-params.ts';
import { groupOf, socketPath } from './socket-address.ts';

const options = packAny(Options, { binaryName: 'crun' });

describe('readBootstrapInput', () => {
  test('takes the bare Any of containerd before 2.3 for options', () => {
    const input = readBootstrapInput(Any.encode(options).finish(), 'c1');
    expect(input.bootstrap).toBe(false);
    expect(input.options?.typeUrl).toBe('containerd.runc.v1.Options');
  });

  test('takes BootstrapParams by the id in them', () => {
    const params = BootstrapParams.fromPartial({
      instanceId: 'c1',
      logLevel: -8,
      containerdTtrpcAddress: '/run/c.ttrpc',
      extensions: [{ value: options }],
      socketDir: '/run/x',
    });
    const input = readBootstrapInput(BootstrapParams.encode(params).finish(), 'c1');
    expect(input).toMatchObject({ bootstrap: true, socketDir: '/run/x', ttrpcAddress: '/run/c.ttrpc' });
    expect(Options.decode(input.options!.value).binaryName).toBe('crun');
  });

  test('finds nothing in nothing, nor in noise', () => {
    expect(readBootstrapInput(new Uint8Array(), 'c1')).toMatchObject({ bootstrap: false, options: undefined });
    expect(readBootstrapInput(Uint8Array.of(255, 255, 255), 'c1').bootstrap).toBe(false);
  });
});

describe('bootstrapAnswer', () => {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

  test('speaks the dialect of each daemon', () => {
    expect(text(bootstrapAnswer('unix:///s', false, undefined))).toBe('unix:///s');
    expect(text(bootstrapAnswer('unix:///s', false, '2'))).toBe(
      '{"version":2,"address":"unix:///s","protocol":"ttrpc"}',
    );
    expect(JSON.parse(text(bootstrapAnswer('unix:///s', false, '7')))).toMatchObject({ version: 3 });
    expect(BootstrapResult.decode(bootstrapAnswer('unix:///s', true, '2'))).toMatchObject({
      version: 3,
      address: 'unix:///s',
      protocol: 'ttrpc',
    });
  });
});

describe('socketPath', () => {
  test('is the same for the same group and differs with the daemon', () => {
    const name = { directory: undefined, grpcAddress: '/run/a.sock', namespace: 'ns', group: 'g' };
    expect(socketPath(name)).toMatch(/^\/run\/containerd\/s\/[0-9a-f]{64}$/);
    expect(socketPath({ ...name })).toBe(socketPath(name));
    expect(socketPath({ ...name, grpcAddress: '/run/b.sock' })).not.toBe(socketPath(name));
    expect(() => socketPath({ ...name, directory: `/${'x'.repeat(42)}` })).toThrow('longer than 106 bytes');
  });

  test('groupOf prefers the shim’s own annotation to the sandbox, and these to the id', () => {
    const bundle = mkdtempSync(join(tmpdir(), 'docker-ts-group-'));
    const group = (annotations?: object): string => {
      writeFileSync(join(bundle, 'config.json'), JSON.stringify({ annotations }));
      return groupOf(bundle, 'id');
    };
    expect(group()).toBe('id');
    expect(group({ 'io.kubernetes.cri.sandbox-id': 'pod' })).toBe('pod');
    expect(group({ 'io.kubernetes.cri.sandbox-id': 'pod', 'io.containerd.runc.v2.group': 'g' })).toBe('g');
    rmSync(bundle, { recursive: true });
  });
});
