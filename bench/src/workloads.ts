/** What is measured: each workload runs once per call on a stack and answers the seconds that it took. */
import type { Stack } from '@docker-ts/testkit/stack';

export interface Workload {
  readonly name: string;
  /** Pairs measured, after one that does not count. */
  readonly pairs: number;
  /** The ratio to stay under, where the project has set itself one. */
  readonly goal?: number;
  prepare?(stack: Stack): Promise<void>;
  run(stack: Stack): Promise<void>;
  clean?(stack: Stack): Promise<void>;
}

const fifty = Array.from({ length: 50 }, (_, i) => `fifty-${i + 1}`);
const offline = ['--network', 'none'];

async function createFifty(stack: Stack): Promise<void> {
  for (const name of fifty) await stack.mustDocker(['create', '--name', name, ...offline, 'busybox', 'sleep', '600']);
}

async function removeFifty(stack: Stack): Promise<void> {
  await stack.mustDocker(['rm', '-f', ...fifty], { timeoutMs: 180_000 });
}

export const workloads: readonly Workload[] = [
  {
    name: 'docker run --rm --network none busybox true',
    pairs: 40,
    goal: 0.6,
    run: async (stack) => void (await stack.mustDocker(['run', '--rm', ...offline, 'busybox', 'true'])),
  },
  {
    name: 'docker run --rm busybox true (bridge)',
    pairs: 15,
    run: async (stack) => void (await stack.mustDocker(['run', '--rm', 'busybox', 'true'])),
  },
  {
    name: 'docker exec CONTAINER true',
    pairs: 40,
    goal: 0.7,
    prepare: async (stack) =>
      void (await stack.mustDocker(['run', '-d', '--name', 'target', ...offline, 'busybox', 'sleep', '600'])),
    run: async (stack) => void (await stack.mustDocker(['exec', 'target', 'true'])),
    clean: async (stack) => void (await stack.mustDocker(['rm', '-f', 'target'])),
  },
  {
    name: 'docker ps with 50 running containers',
    pairs: 20,
    prepare: async (stack) => {
      await createFifty(stack);
      await stack.mustDocker(['start', ...fifty], { timeoutMs: 180_000 });
    },
    run: async (stack) => void (await stack.mustDocker(['ps'])),
    clean: removeFifty,
  },
  {
    name: 'docker start and rm -f of 50 containers',
    pairs: 2,
    run: async (stack) => {
      await createFifty(stack);
      await stack.mustDocker(['start', ...fifty], { timeoutMs: 180_000 });
      await removeFifty(stack);
    },
  },
];
