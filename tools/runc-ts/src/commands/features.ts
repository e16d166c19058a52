/** `features`: what this runtime can do, as runc and the specification's features document print it (features.md). */
import { writeText } from '@docker-ts/linux/standard-stream';
import { capabilityNames } from '@docker-ts/oci/capabilities';
import { runtimeSpecVersion } from '@docker-ts/oci/runtime-spec';
import type { Command } from '../cli/command.ts';
import { mountOptionNames } from '../plan/mount-options.ts';

const seccompActions = ['ALLOW', 'ERRNO', 'KILL', 'KILL_PROCESS', 'KILL_THREAD', 'LOG', 'TRACE', 'TRAP'];
const seccompOperators = ['EQ', 'GE', 'GT', 'LE', 'LT', 'MASKED_EQ', 'NE'];

const features = {
  ociVersionMin: '1.0.0',
  ociVersionMax: runtimeSpecVersion,
  hooks: ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'],
  mountOptions: mountOptionNames,
  linux: {
    namespaces: ['cgroup', 'ipc', 'mount', 'network', 'pid', 'uts'],
    capabilities: capabilityNames,
    cgroup: { v1: true, v2: true, systemd: false, systemdUser: false, rdma: true },
    seccomp: {
      enabled: true,
      actions: seccompActions.map((name) => `SCMP_ACT_${name}`),
      operators: seccompOperators.map((name) => `SCMP_CMP_${name}`),
      archs: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM', 'SCMP_ARCH_X32', 'SCMP_ARCH_X86', 'SCMP_ARCH_X86_64'],
      knownFlags: ['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW'],
      supportedFlags: ['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW'],
    },
    apparmor: { enabled: true },
    selinux: { enabled: false },
    intelRdt: { enabled: false },
    mountExtensions: { idmap: { enabled: false } },
  },
};

export const featuresCommand: Command = {
  name: 'features',
  usage: '',
  about: 'show the enabled features',
  options: [],
  arity: [0, 0],
  run: () => {
    writeText(1, `${JSON.stringify(features, null, 2)}\n`);
    return 0;
  },
};
