/** containerd-shim-runc-ts-v2: one verb each call; without a verb, the background process that `start` launched. */
import { messageOf } from '@docker-ts/base/errors';
import { version } from '@docker-ts/base/version';
import { writeWhole } from '@docker-ts/linux/start-up-file';
import { type CommandLine, parseCommandLine, usage } from './command-line.ts';
import { Log } from './log.ts';

function print(fd: number, text: string): void {
  writeWhole(fd, Buffer.from(text));
}

async function run(flags: CommandLine): Promise<void> {
  if (flags.help) {
    print(1, usage);
  } else if (flags.version) {
    print(1, `containerd-shim-runc-ts-v2 version ${version}\n`);
  } else if (flags.info) {
    const { infoVerb } = await import('./info-verb.ts');
    await infoVerb();
  } else if (flags.verb === 'start') {
    const { startVerb } = await import('./bootstrap/start-verb.ts');
    await startVerb(flags);
  } else if (flags.verb === 'delete') {
    const { deleteVerb } = await import('./delete-verb.ts');
    await deleteVerb(flags, new Log(flags.debug));
  } else {
    const { serveInBackground } = await import('./background.ts');
    await serveInBackground(flags);
  }
}

async function main(): Promise<void> {
  try {
    await run(parseCommandLine(process.argv.slice(2)));
    // Handlers of signals and open FIFOs must not keep a finished process.
    process.exit();
  } catch (error) {
    print(2, `containerd-shim-runc-ts-v2: ${messageOf(error)}\n`);
    process.exit(1);
  }
}

void main();
