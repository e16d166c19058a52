/** `POST /exec/x/start` with a client on the streams, or without one. */
import { messageOf } from '@docker-ts/base/errors';
import type { ClientConnection } from '../stdio/client-connection.ts';
import type { DomainContext } from '../containers/context.ts';
import { publish } from '../containers/container-events.ts';
import { runClientSession } from '../stdio/client-session.ts';
import { defaultDetachKeys, parseDetachKeys } from '../stdio/detach-keys.ts';
import { frame, type OutputStream } from '../stdio/multiplex.ts';
import type { Exec } from './exec.ts';
import { type RunningExec, startExec } from './start.ts';

/** Settles when the process runs; its output goes nowhere. */
export async function startExecDetached(context: DomainContext, exec: Exec): Promise<void> {
  await startExec(context, exec, { stdin: false, output: false });
}

/**
 * Serves the client to the end. The session joins the output before the process is started, so that it sees the first byte; a
 * start that fails is told in the stream, where the CLI shows it, and by the exit code.
 */
export async function serveExec(
  context: DomainContext,
  exec: Exec,
  connection: ClientConnection,
  size: readonly [height: number, width: number] | undefined,
): Promise<void> {
  const { config } = exec;
  const tty = config.Tty === true;
  const running = Promise.withResolvers<RunningExec>();
  const streams = new Set<OutputStream>();
  if (config.AttachStdout === true || tty) streams.add('stdout');
  if (config.AttachStderr === true) streams.add('stderr');
  const stdin = config.AttachStdin === true;
  const session = runClientSession({
    connection,
    output: exec.output,
    streams,
    tty,
    detachKeys: config.DetachKeys ? parseDetachKeys(config.DetachKeys) : defaultDetachKeys,
    ...(stdin ? inputOf(context, exec, running.promise) : {}),
    onJoined: () => {
      if (size !== undefined) exec.consoleSize = size;
      startExec(context, exec, { stdin, output: true }).then(running.resolve, (error: unknown) => {
        const text = Buffer.from(`${messageOf(error)}\r\n`);
        void Promise.resolve(connection.write(tty ? text : frame('stdout', text)))
          .catch(() => {})
          .finally(() => exec.output.end());
      });
    },
  });
  if ((await session) === 'detached') publish(context, exec.container, 'exec_detach', { execID: exec.id });
}

/** The client's end of input is the process's: nobody else can send any. */
function inputOf({ containerd }: DomainContext, exec: Exec, running: Promise<RunningExec>) {
  const stdin = async () => {
    const { stdin: writer } = await running;
    if (writer === undefined) throw new Error(`exec ${exec.id} has no standard input`);
    return writer;
  };
  const onInputEnd = async (): Promise<void> => {
    await (await stdin()).close();
    const names = { containerId: exec.container.id, execId: exec.id };
    // An exec that is over by now has no input to close.
    await containerd.tasks.closeIO({ ...names, stdin: true }).catch(() => {});
  };
  return { stdin, onInputEnd };
}
