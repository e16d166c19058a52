/**
 * A plan: the flat list of what the init will do, each step with the field of config.json that asked for it. Built by
 * `compile.ts` and `compile-exec.ts`, printed by `describe.ts`, made binary by `encode.ts`.
 */
import type { OperationName, OperationValues } from './schema.ts';

export interface Step<Name extends OperationName = OperationName> {
  readonly operation: Name;
  readonly values: OperationValues<Name>;
  /** What it does, as an error message starts: `mount tmpfs on /dev/shm`. */
  readonly what: string;
  /** Where in config.json it comes from (`mounts[4]`); empty: every container has it. */
  readonly field: string;
}

export class Plan {
  readonly steps: Step[] = [];
  /** What was left out, for the log. */
  readonly warnings: string[] = [];

  add<Name extends OperationName>(operation: Name, values: OperationValues<Name>, what: string, field = ''): void {
    this.steps.push({ operation, values, what, field });
  }
}
