/** The environment of the container's process: dockerd's defaults, overridden by the config's entries. */
import type { ContainerConfig } from './container-config.ts';

export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * `overrides` replace entries of the same name in place, or are added at the end; an override without `=` takes the variable
 * away (`-e NAME` of a variable that the client does not have).
 */
export function overrideEnvironment(defaults: readonly string[], overrides: readonly string[]): string[] {
  const entries: (string | undefined)[] = [...defaults];
  const indexByName = new Map(defaults.map((entry, index) => [entry.split('=', 1)[0] ?? entry, index]));
  for (const entry of overrides) {
    const equals = entry.indexOf('=');
    const name = equals < 0 ? entry : entry.slice(0, equals);
    const index = indexByName.get(name);
    if (equals < 0) {
      if (index !== undefined) entries[index] = undefined;
    } else if (index === undefined) {
      indexByName.set(name, entries.push(entry) - 1);
    } else {
      entries[index] = entry;
    }
  }
  return entries.filter((entry) => entry !== undefined);
}

/** PATH, HOSTNAME, TERM with a terminal, then what the config says. HOME is the runtime's to set, from the user's passwd entry. */
export function containerEnvironment(config: ContainerConfig): string[] {
  const defaults = [`PATH=${defaultPath}`, `HOSTNAME=${config.Hostname ?? ''}`];
  if (config.Tty === true) defaults.push('TERM=xterm');
  return overrideEnvironment(defaults, config.Env ?? []);
}
