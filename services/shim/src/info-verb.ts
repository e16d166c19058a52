/**
 * `-info`: what this shim is and can do (`containerd.types.RuntimeInfo`), asked by Introspection.PluginInfo and by CRI. The runtime's
 * `features` document is added where the runtime has the command.
 */
import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { version } from '@docker-ts/base/version';
import { jsonType } from '@docker-ts/rpc/any';
import { Any } from '@docker-ts/rpc/gen/google/protobuf/any';
import { RuntimeInfo } from '@docker-ts/rpc/gen/containerd/types/introspection';
import { Log } from './log.ts';
import { Reaper } from './process/reaper.ts';
import { findRuntime } from './runtime/lookup.ts';
import { readOptions } from './runtime/requested-options.ts';
import { Runtime } from './runtime/runtime.ts';
import { Readiness } from './stdio/readiness.ts';
import { stdioAnnotation } from './stdio/stdio-uri.ts';

export async function infoVerb(): Promise<void> {
  const options = readStdinOptions();
  const info = RuntimeInfo.fromPartial({
    name: 'io.containerd.runc-ts.v2',
    version: { version, revision: '' },
    options,
    features: await features(options),
    annotations: { [stdioAnnotation.key]: stdioAnnotation.value },
  });
  writeSync(1, RuntimeInfo.encode(info).finish());
}

function readStdinOptions(): Any | undefined {
  try {
    const bytes = readFileSync(0);
    return bytes.length > 0 ? Any.decode(bytes) : undefined;
  } catch {
    return undefined;
  }
}

/** Left out if the runtime is missing or too old to know the command. */
async function features(any: Any | undefined): Promise<Any | undefined> {
  using reaper = new Reaper().listen();
  using readiness = new Readiness().listen();
  const scratch = mkdtempSync(join(tmpdir(), 'shim-info-'));
  try {
    const runtime = new Runtime({
      binary: findRuntime(readOptions(any).binaryName),
      root: join(scratch, 'root'),
      logPath: join(scratch, 'log.json'),
      systemdCgroup: false,
      reaper,
      readiness,
      log: new Log(),
    });
    const document = await runtime.features();
    JSON.parse(document);
    return { typeUrl: jsonType.features, value: Buffer.from(document) };
  } catch {
    return undefined;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
