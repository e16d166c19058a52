/**
 * `pnpm dev`: the whole stack in a scratch folder on private sockets, the logs of both daemons joined on standard error. Prints
 * what points the clients at it; Ctrl-C takes everything down.
 */
import { ourPrograms } from '@docker-ts/testkit/programs';
import { Stack } from '@docker-ts/testkit/stack';

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
});
await using stack = await Stack.open({
  programs: ourPrograms(),
  logLevel: 'debug',
  onLine: (daemon, line) => console.error(`${daemon.padEnd(10)} | ${line}`),
});
for (const [name, value] of Object.entries(stack.env)) console.log(`export ${name}=${value}`);
console.error('Ctrl-C takes the stack down.');
await stopped;
console.error('\ntaking the stack down …');
