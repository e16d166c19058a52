/**
 * All commands, in the order of --help. Loaded together: in a compiled executable with bytecode, loading one of them when it is asked for
 * (`import()`) takes a millisecond longer than evaluating all.
 */
import type { Command } from '../cli/command.ts';
import { createCommand } from './create.ts';
import { execCommand } from './exec.ts';
import { featuresCommand } from './features.ts';
import { listCommand, psCommand, stateCommand } from './inspect.ts';
import { deleteCommand, killCommand, pauseCommand, resumeCommand, startCommand } from './lifecycle.ts';
import { planCommand } from './plan.ts';
import { runCommand } from './run.ts';
import { specCommand } from './spec.ts';
import { checkpointCommand, eventsCommand, restoreCommand } from './unsupported.ts';
import { updateCommand } from './update.ts';

export const commands: readonly Command[] = [
  checkpointCommand,
  createCommand,
  deleteCommand,
  eventsCommand,
  execCommand,
  featuresCommand,
  killCommand,
  listCommand,
  pauseCommand,
  planCommand,
  psCommand,
  restoreCommand,
  resumeCommand,
  runCommand,
  specCommand,
  startCommand,
  stateCommand,
  updateCommand,
];
