/** How many descriptors after stdio a container gets: `--preserve-fds` and those of socket activation (sd_listen_fds(3)). */
import { invalidArgument } from '@docker-ts/base/errors';
import { isOpen } from '@docker-ts/linux/descriptor';

export interface PassedDescriptors {
  readonly count: number;
  /** LISTEN_FDS and LISTEN_PID as the container's process shall see them. */
  readonly env: readonly string[];
}

/** invalid_argument: one of them is not open. */
export function passDescriptors(preserveFds: number): PassedDescriptors {
  const listening = Number(process.env['LISTEN_FDS'] ?? '0');
  const listen = Number.isInteger(listening) && listening > 0 ? listening : 0;
  const count = preserveFds + listen;
  for (let fd = 3; fd < 3 + count; fd++)
    if (!isOpen(fd)) throw invalidArgument(`cannot preserve file descriptor ${fd}: it is not open`);
  return { count, env: listen > 0 ? [`LISTEN_FDS=${listen}`, 'LISTEN_PID=1'] : [] };
}
