/**
 * The runtime's options: `containerd.runc.v1.Options` from Create, kept in the bundle (`options.json`, `runtime`), where the `delete`
 * verb, another process without the request, reads them again. Field names in the file are those of Go's struct.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Options } from '@docker-ts/rpc/gen/containerd/types/runc/options/oci';

const defaultRoot = '/run/containerd/runc';

/** The runtime's state directory for a namespace. */
export function runtimeRoot(options: Options, namespace: string): string {
  return join(options.root === '' ? defaultRoot : options.root, namespace);
}

const fileNames = {
  noPivotRoot: 'no_pivot_root',
  noNewKeyring: 'no_new_keyring',
  shimCgroup: 'shim_cgroup',
  ioUid: 'io_uid',
  ioGid: 'io_gid',
  binaryName: 'binary_name',
  root: 'root',
  systemdCgroup: 'systemd_cgroup',
  criuImagePath: 'criu_image_path',
  criuWorkPath: 'criu_work_path',
} as const;

/** Writes `options.json` and `runtime`. Values that are the default are left out, as Go's `omitempty` does. */
export function saveOptions(bundle: string, options: Options): void {
  const entries = Object.entries(fileNames).map(
    ([key, name]) => [name, options[key as keyof typeof fileNames]] as const,
  );
  const document = Object.fromEntries(entries.filter(([, value]) => value !== '' && value !== 0 && value !== false));
  writeFileSync(join(bundle, 'options.json'), JSON.stringify(document), { mode: 0o600 });
  writeFileSync(join(bundle, 'runtime'), options.binaryName, { mode: 0o600 });
}

/** What `saveOptions` wrote; defaults for what is missing or unreadable, for a bundle may be half made. */
export function loadOptions(bundle: string): Options {
  let document: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(bundle, 'options.json'), 'utf8'));
    if (typeof parsed === 'object' && parsed !== null) document = parsed as Record<string, unknown>;
  } catch {
    // Nothing was saved: Create was never reached.
  }
  const known = Object.entries(fileNames).map(([key, name]) => [key, document[name]] as const);
  return Options.fromPartial(Object.fromEntries(known.filter(([, value]) => value !== undefined)));
}
