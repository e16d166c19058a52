/**
 * The shim's command line as daemons call it: Go's `flag` style (`-name value`, `-name=value`, one dash or two), flags before the
 * verb. Unknown flags are an error, so that a new one of a daemon is noticed.
 */
import { invalidArgument } from '@docker-ts/base/errors';

export interface CommandLine {
  readonly namespace: string;
  readonly id: string;
  readonly address: string;
  readonly publishBinary: string;
  readonly bundle: string;
  readonly socket: string;
  /** Ours, from `start` to the background process: the descriptor that takes the news that it listens. */
  readonly readyFd: string;
  readonly debug: boolean;
  readonly info: boolean;
  readonly version: boolean;
  readonly help: boolean;
  /** `start`, `delete`, or "" for the background process. */
  readonly verb: string;
}

const textFlags: ReadonlyMap<string, keyof CommandLine> = new Map([
  ['namespace', 'namespace'],
  ['id', 'id'],
  ['address', 'address'],
  ['publish-binary', 'publishBinary'],
  ['bundle', 'bundle'],
  ['socket', 'socket'],
  ['ready-fd', 'readyFd'],
]);

const switches: ReadonlyMap<string, keyof CommandLine> = new Map([
  ['debug', 'debug'],
  ['info', 'info'],
  ['v', 'version'],
  ['version', 'version'],
  ['h', 'help'],
  ['help', 'help'],
]);

export const usage = `Usage: containerd-shim-runc-ts-v2 [flags] start|delete

  -namespace NS        namespace that owns the shim
  -id ID               id of the task
  -address PATH        address of the daemon's gRPC socket
  -publish-binary PATH ignored: events travel by ttrpc ($TTRPC_ADDRESS)
  -bundle DIR          path of the bundle, if it is not the working directory
  -debug               log more
  -info                describe the runtime (protobuf containerd.types.RuntimeInfo) and exit
  -v, -version         show the version and exit
`;

/** Parses the arguments after the program's name. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const values: Record<string, string | boolean> = {};
  let index = 0;
  for (; index < args.length; index += 1) {
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(args[index] ?? '');
    if (!match) break;
    const [, name = '', inline] = match;
    const switchKey = switches.get(name);
    const textKey = textFlags.get(name);
    if (switchKey) {
      values[switchKey] = inline === undefined || inline === 'true' || inline === '1';
    } else if (textKey) {
      if (inline === undefined) index += 1;
      const value = inline ?? args[index];
      if (value === undefined) throw invalidArgument(`flag needs an argument: -${name}`);
      values[textKey] = value;
    } else {
      throw invalidArgument(`flag provided but not defined: -${name}`);
    }
  }
  const defaults = Object.fromEntries([...textFlags.values()].map((key) => [key, '']));
  const off = Object.fromEntries([...switches.values()].map((key) => [key, false]));
  return { ...defaults, ...off, ...values, verb: args[index] ?? '' } as unknown as CommandLine;
}
