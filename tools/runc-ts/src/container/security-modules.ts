/** Labels of Linux security modules that the kernel must know, or the container would run without them unnoticed. */
import { existsSync, readFileSync } from 'node:fs';
import { failedPrecondition } from '@docker-ts/base/errors';
import type { Linux, Process } from '@docker-ts/oci/runtime-spec';

function apparmorEnabled(): boolean {
  try {
    return readFileSync('/sys/module/apparmor/parameters/enabled', 'latin1').startsWith('Y');
  } catch {
    return false;
  }
}

/** failed_precondition: a label is given and the kernel has no such module. */
export function checkSecurityModules(process: Process, linux: Linux): void {
  if ((process.apparmorProfile ?? '') !== '' && !apparmorEnabled())
    throw failedPrecondition('apparmor profile is specified in config, but apparmor is disabled or not supported');
  const labelled = (process.selinuxLabel ?? '') !== '' || (linux.mountLabel ?? '') !== '';
  if (labelled && !existsSync('/sys/fs/selinux/enforce'))
    throw failedPrecondition('selinux label is specified in config, but selinux is disabled or not supported');
}
