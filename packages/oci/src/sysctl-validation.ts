/**
 * Which kernel parameters a container may set: those that the kernel keeps apart for one of its own namespaces. All others would
 * change the host. Names: sysctl(8); both separators are taken, as sysctl.d(5) has it. The rules are runc's.
 */
import { child, type JsonPath, refuse } from './json-shape.ts';
import type { LinuxNamespace, LinuxNamespaceType } from './runtime-spec.ts';

const ipcParameters: ReadonlySet<string> = new Set(
  'msgmax msgmnb msgmni sem shmall shmmax shmmni shm_rmid_forced'.split(' ').map((name) => `kernel.${name}`),
);

/** The dotted form: `net/ipv4/conf/eno2.100/rp_filter` becomes `net.ipv4.conf.eno2/100.rp_filter`. */
export function dottedSysctl(name: string): string {
  const separator = /[./]/.exec(name);
  if (separator?.[0] !== '/') return name;
  return name.replace(/[./]/g, (character) => (character === '.' ? '/' : '.'));
}

/** Throws invalid_argument for the first that is not the container's own. */
export function checkSysctls(
  sysctls: Readonly<Record<string, string>>,
  namespaces: ReadonlyMap<LinuxNamespaceType, LinuxNamespace>,
  path: JsonPath,
  isOwnNetworkNamespace: (file: string) => boolean,
): void {
  for (const name of Object.keys(sysctls)) {
    const problem = problemOf(dottedSysctl(name), namespaces, isOwnNetworkNamespace);
    if (problem !== undefined) refuse(child(path, name), problem);
  }
}

function problemOf(
  name: string,
  namespaces: ReadonlyMap<LinuxNamespaceType, LinuxNamespace>,
  isOwnNetworkNamespace: (file: string) => boolean,
): string | undefined {
  if (ipcParameters.has(name) || name.startsWith('fs.mqueue.'))
    return namespaces.has('ipc') ? undefined : 'is not allowed in the host ipc namespace';
  if (name.startsWith('net.')) {
    const network = namespaces.get('network');
    const file = network?.path ?? '';
    const shared = network === undefined || (file !== '' && isOwnNetworkNamespace(file));
    return shared ? 'is not allowed in the host network namespace' : undefined;
  }
  if (name === 'kernel.hostname' && namespaces.has('uts')) return 'is not allowed: use hostname';
  if (name === 'kernel.domainname' && namespaces.has('uts')) return undefined;
  if (name.startsWith('user.')) return namespaces.has('user') ? undefined : 'is not allowed without a user namespace';
  return 'is not in a separate kernel namespace';
}
