/** All commands, in the order of --help. */
import type { Command } from '../cli/command.ts';
import { createCommand } from './create.ts';
import { execCommand } from './exec.ts';
import { featuresCommand } from './features.ts';
import { listCommand, psCommand, stateCommand } from './inspect.ts';
import { deleteCommand, killCommand, pauseCommand, resumeCommand, startCommand } from './lifecycle.ts';
import { planCommand } from './plan.ts';
import { runCommand } from './run.ts';
import { specCommand } from './spec.ts';
import { updateCommand } from './update.ts';

export const commands: readonly Command[] = [
  createCommand,
  deleteCommand,
  execCommand,
  featuresCommand,
  killCommand,
  listCommand,
  pauseCommand,
  planCommand,
  psCommand,
  resumeCommand,
  runCommand,
  specCommand,
  startCommand,
  stateCommand,
  updateCommand,
];
