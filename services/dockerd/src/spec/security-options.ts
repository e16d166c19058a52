/** `--security-opt`: HostConfig.SecurityOpt taken apart. Keys and errors as dockerd 28 knows them. */
import { invalidArgument } from '@docker-ts/base/errors';

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** AppArmor profile; `undefined`: the default one. */
  readonly apparmor?: string;
  /** `unconfined`, or a profile's JSON text; `undefined` or `builtin`: the default profile. */
  readonly seccomp?: string;
  /** cgroup mount writable or not, whatever `--privileged` says. */
  readonly writableCgroups?: boolean;
  /** SELinux options as given; only `disable` means something on a host without SELinux. */
  readonly labels: readonly string[];
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** Go's strconv.ParseBool. */
const booleans: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  T: true,
  true: true,
  TRUE: true,
  True: true,
  '0': false,
  f: false,
  F: false,
  false: false,
  FALSE: false,
  False: false,
};

/** Splits `key=value` (or, as long ago, `key:value`). */
function splitOption(option: string): [key: string, value: string] {
  const match = /^([^=]*)=(.*)$/s.exec(option) ?? /^([^:]*):(.*)$/s.exec(option);
  if (match === null) throw invalidArgument(`invalid --security-opt 1: "${option}"`);
  return [match[1] ?? '', match[2] ?? ''];
}

/** Parses all options; a later one wins over an earlier one. `noNewPrivileges` is the daemon's default. */
export function parseSecurityOptions(options: readonly string[], noNewPrivileges = false): SecurityOptions {
  const labels: string[] = [];
  const parsed: Mutable<SecurityOptions> = { noNewPrivileges, labels };
  for (const option of options) {
    if (option === 'no-new-privileges') parsed.noNewPrivileges = true;
    else if (option === 'writable-cgroups') parsed.writableCgroups = true;
    else if (option === 'disable') labels.push('disable');
    else {
      const [key, value] = splitOption(option);
      const flag = booleans[value];
      if (key === 'label') labels.push(value);
      else if (key === 'apparmor') parsed.apparmor = value;
      else if (key === 'seccomp') parsed.seccomp = value;
      else if (key === 'no-new-privileges' && flag !== undefined) parsed.noNewPrivileges = flag;
      else if (key === 'writable-cgroups' && flag !== undefined) parsed.writableCgroups = flag;
      else throw invalidArgument(`invalid --security-opt 2: "${option}"`);
    }
  }
  return parsed;
}
