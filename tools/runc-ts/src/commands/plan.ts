/** `plan`: what `create` would do, without doing it. */
import { writeText } from '@docker-ts/linux/standard-stream';
import type { Command } from '../cli/command.ts';
import { openCgroup } from '../cgroup/open.ts';
import { bundleSeccomp, planBundle } from '../container/bundle-plan.ts';
import { readBundle } from '../container/bundle.ts';
import { describePlan, planToJson } from '../plan/describe.ts';
import { bundleOption } from './create-options.ts';

/** Stands for a descriptor that only `create` would have. */
const placeholderFd = 99;

export const planCommand: Command = {
  name: 'plan',
  usage: '[bundle]',
  about: 'print the steps by which a bundle would become a container',
  options: [bundleOption, { names: ['json'], kind: 'flag', about: 'print every value, as JSON' }],
  arity: [0, 1],
  run: ({ options, positionals, globals }) => {
    const bundle = readBundle(positionals[0] ?? options.value('bundle') ?? '.');
    const { linux = {} } = bundle.spec;
    const id = 'plan';
    const cgroup = openCgroup({
      containerId: id,
      ...(linux.cgroupsPath === undefined ? {} : { cgroupsPath: linux.cgroupsPath }),
      ...(linux.resources === undefined ? {} : { resources: linux.resources }),
    });
    const plan = planBundle(
      bundle,
      cgroup,
      {
        root: globals.root,
        id,
        noPivot: false,
        noNewKeyring: false,
        preserveFds: 0,
        extraEnv: [],
        systemdCgroup: globals.systemdCgroup,
        consoleFd: placeholderFd,
      },
      placeholderFd,
      bundleSeccomp(bundle),
    );
    const writes = cgroup.plan(linux.resources ?? {});
    if (options.flag('json')) {
      writeText(1, `${planToJson(plan, writes)}\n`);
      return 0;
    }
    writeText(1, describePlan(plan, writes));
    return 0;
  },
};
