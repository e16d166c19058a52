/** Runs a contract suite twice: against the stores themselves, and through the proxies over a socket. */
import { afterEach, beforeEach, describe } from 'bun:test';
import { codeOf, type ErrorCode, messageOf } from '@docker-ts/base/errors';
import { Scratch } from '@docker-ts/testkit/scratch';
import { StoreFixture, type Stores } from './store-fixture.ts';

/** Hands the stores of the running test over: they are new for each test. */
export type ContractSuite = (stores: () => Stores) => void;

export function describeContract(name: string, suite: ContractSuite): void {
  for (const side of ['store', 'proxy'] as const) {
    describe(`${name} (${side})`, () => {
      let stack: AsyncDisposableStack;
      let stores: Stores;
      beforeEach(async () => {
        stack = new AsyncDisposableStack();
        const scratch = stack.use(new Scratch('stores'));
        const fixture = stack.use(await StoreFixture.open(scratch.path));
        stores = side === 'store' ? fixture.stores : stack.use(await fixture.serve(scratch.join('s'))).stores;
      });
      afterEach(() => stack.disposeAsync());
      suite(() => stores);
    });
  }
}

/** Code and text with which `attempt` fails; undefined if it does not. */
export async function failureOf(attempt: () => unknown): Promise<{ code: ErrorCode; message: string } | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return { code: codeOf(error), message: messageOf(error) };
  }
}
