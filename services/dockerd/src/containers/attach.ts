/** `POST /containers/x/attach`: a client on the container's streams, over this run and, if there is none yet, the next. */
import { conflict, isCode, messageOf } from '@docker-ts/base/errors';
import type { ClientConnection } from '../stdio/client-connection.ts';
import { runClientSession } from '../stdio/client-session.ts';
import type { OutputStream } from '../stdio/multiplex.ts';
import type { Container } from './container.ts';
import { publish } from './container-events.ts';
import type { DomainContext } from './context.ts';
import { streamLogs } from './logs.ts';

export interface AttachOptions {
  readonly stdin: boolean;
  readonly streams: ReadonlySet<OutputStream>;
  /** Stay for what comes. */
  readonly stream: boolean;
  /** First what was there. */
  readonly logs: boolean;
  readonly detachKeys: readonly number[];
}

/** conflict for a container that cannot be attached to; before anything is taken over from HTTP. */
export function verifyAttach(container: Container): void {
  const { status } = container.state;
  if (status === 'paused') throw conflict(`container ${container.id} is paused, unpause the container before attach`);
  if (status === 'restarting')
    throw conflict(`container ${container.id} is restarting, wait until the container is running`);
}

/** Serves the client to the end of its session. */
export async function attachContainer(
  context: DomainContext,
  container: Container,
  connection: ClientConnection,
  options: AttachOptions,
): Promise<void> {
  const { config } = container.record;
  const tty = config.Tty === true;
  publish(context, container, 'attach');
  if (options.logs && options.streams.size > 0)
    for await (const bytes of streamLogs(context, container, { streams: options.streams }))
      await connection.write(bytes);
  const wantsInput = options.stdin && config.OpenStdin === true;
  if (!options.stream || (!wantsInput && options.streams.size === 0)) {
    connection.end();
    return;
  }
  const end = await runClientSession({
    connection,
    output: container.output,
    streams: options.streams,
    tty,
    detachKeys: options.detachKeys,
    ...(wantsInput
      ? {
          stdin: () => container.stdin(),
          onInputEnd: () => endInput(context, container, config.StdinOnce === true && !tty),
        }
      : {}),
  });
  if (end === 'detached') publish(context, container, 'detach');
}

/** With StdinOnce the first client's end of input is the process's. */
async function endInput({ containerd, log }: DomainContext, container: Container, once: boolean): Promise<void> {
  if (!once) return;
  const stdin = await container.stdin();
  await stdin.close();
  // the end of an empty input comes before there is a task to tell it to
  await container.started();
  // The shim has an end of its own open, so that a daemon that dies does not end the input.
  await containerd.tasks.closeIO({ containerId: container.id, stdin: true }).catch((error: unknown) => {
    // the output goes on, whatever became of the input
    if (!isCode(error, 'not_found'))
      log.warn(`cannot close the input of container ${container.id}: ${messageOf(error)}`);
  });
}
