import { expect, test } from 'bun:test';
import { documentPath } from './json-shape.ts';
import type { LinuxNamespace, LinuxNamespaceType } from './runtime-spec.ts';
import { checkSysctls, dottedSysctl } from './sysctl-validation.ts';

function check(name: string, types: readonly LinuxNamespaceType[], hostNetwork = false): void {
  const namespaces = new Map<LinuxNamespaceType, LinuxNamespace>(
    types.map((type) => [type, type === 'network' ? { type, path: '/run/netns/x' } : { type }]),
  );
  checkSysctls({ [name]: '1' }, namespaces, documentPath('config.json'), () => hostNetwork);
}

test.each([
  ['kernel.msgmax', ['ipc']],
  ['kernel/shm_rmid_forced', ['ipc']],
  ['fs.mqueue.msg_max', ['ipc']],
  ['net.ipv4.ip_forward', ['network']],
  ['net/ipv4/conf/eno2.100/rp_filter', ['network']],
  ['kernel.domainname', ['uts']],
  ['user.max_user_namespaces', ['user']],
] as [string, LinuxNamespaceType[]][])('checkSysctls takes %s of a container with %j', (name, types) => {
  expect(() => check(name, types)).not.toThrow();
  expect(() => check(name, [])).toThrow('cannot use config.json');
});

test('checkSysctls refuses what belongs to the host', () => {
  expect(() => check('kernel.panic', ['ipc', 'uts', 'network', 'user'])).toThrow('kernel.panic: is not in a separate');
  expect(() => check('kernel.hostname', ['uts'])).toThrow('use hostname');
  expect(() => check('net.core.somaxconn', ['network'], true)).toThrow('host network namespace');
});

test('dottedSysctl turns slashes round and leaves dots alone', () => {
  expect(dottedSysctl('net/ipv4/conf/eno2.100/rp_filter')).toBe('net.ipv4.conf.eno2/100.rp_filter');
  expect(dottedSysctl('net.ipv4.conf.eno2/100.rp_filter')).toBe('net.ipv4.conf.eno2/100.rp_filter');
});
