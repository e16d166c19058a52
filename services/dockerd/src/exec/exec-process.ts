/** The OCI process of an exec: the container's own settings, changed as the request says. */
import type { Process } from '@docker-ts/oci/runtime-spec';
import type { DomainContext } from '../containers/context.ts';
import { containerCapabilities } from '../spec/capability-sets.ts';
import { containerEnvironment, overrideEnvironment } from '../spec/environment.ts';
import type { ProcessUser } from '../spec/user.ts';
import type { Exec } from './exec.ts';

/** `base` is the process of the container's runtime spec; `user` is there if the request names one. */
export function execProcess(
  { facts }: Pick<DomainContext, 'facts'>,
  exec: Exec,
  base: Process,
  user: ProcessUser | undefined,
): Process {
  const { config } = exec;
  const { config: containerConfig, hostConfig } = exec.container.record;
  const tty = config.Tty === true;
  const environment = containerEnvironment({ ...containerConfig, Tty: tty });
  const { consoleSize: _size, terminal: _terminal, ...inherited } = base;
  const [height = 0, width = 0] = exec.consoleSize ?? [];
  const privileged = config.Privileged === true;
  const all = privileged ? containerCapabilities({ ...hostConfig, Privileged: true }, facts.capabilities) : [];
  return {
    ...inherited,
    ...(tty ? { terminal: true } : {}),
    ...(tty && (height > 0 || width > 0) ? { consoleSize: { height, width } } : {}),
    ...(user === undefined ? {} : { user: { uid: user.uid, gid: user.gid, additionalGids: [...user.additionalGids] } }),
    ...(privileged ? { capabilities: { bounding: all, effective: all, permitted: all } } : {}),
    args: [...(config.Cmd ?? [])],
    env: overrideEnvironment(environment, config.Env ?? []),
    cwd: config.WorkingDir || containerConfig.WorkingDir || '/',
  };
}
