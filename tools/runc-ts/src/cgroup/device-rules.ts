/**
 * What a list of device rules means. cgroup v1 keeps a default, allow or deny, and exceptions from it; v2 has none of that and runs a
 * program. Both are made from the same set here, so that a bundle means the same on both: rules are applied in order, starting
 * from "deny everything" (config-linux.md, "Allowed Device list"; kernel Documentation/admin-guide/cgroup-v1/devices.rst).
 */
import { invalidArgument } from '@docker-ts/base/errors';
import type { LinuxDeviceCgroup } from '@docker-ts/oci/runtime-spec';

/** One exception from the default. -1: any number. */
export interface DeviceException {
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  /** Of `rwm`, in that order. */
  readonly access: string;
}

export const anyNumber = -1;

const modes = ['r', 'w', 'm'] as const;
const ordered = (wanted: (mode: string) => boolean): string => modes.filter(wanted).join('');
const union = (a: string, b: string): string => ordered((mode) => a.includes(mode) || b.includes(mode));
const difference = (a: string, b: string): string => ordered((mode) => a.includes(mode) && !b.includes(mode));

type Numbers = Omit<DeviceException, 'access'>;
const keyOf = ({ type, major, minor }: Numbers): string => `${type} ${major}:${minor}`;

/** `c 136:* rwm`: how the control files spell it. */
export function spellDevice({ type, major, minor }: Numbers, access: string): string {
  const number = (value: number): string => (value === anyNumber ? '*' : String(value));
  return `${type} ${number(major)}:${number(minor)} ${access}`;
}

export class DeviceRules {
  #allowByDefault = false;
  readonly #exceptions = new Map<string, DeviceException>();

  /** True: exceptions are refusals; false: exceptions are permissions. */
  get allowByDefault(): boolean {
    return this.#allowByDefault;
  }

  /** The exceptions, by major, minor and type. */
  exceptions(): DeviceException[] {
    return [...this.#exceptions.values()].sort(
      (a, b) => a.major - b.major || a.minor - b.minor || (a.type < b.type ? -1 : 1),
    );
  }

  /** The modes that are excepted for exactly these numbers. */
  accessOf(numbers: Numbers): string {
    return this.#exceptions.get(keyOf(numbers))?.access ?? '';
  }

  /** Starts from "deny everything" and applies `rules` in order. */
  static of(rules: readonly LinuxDeviceCgroup[]): DeviceRules {
    const set = new DeviceRules();
    for (const rule of rules) set.apply(rule);
    return set;
  }

  /** Parses devices.list, which shows permissions only: of a cgroup that allows by default the refusals are not known. */
  static parse(list: string): DeviceRules {
    const set = new DeviceRules();
    for (const line of list.split('\n')) {
      const match = /^([abc]) (\*|\d+):(\*|\d+) ([rwm]+)$/.exec(line);
      if (match === null) continue;
      const [, type = '', major, minor, access = ''] = match;
      const number = (text: string | undefined): number => (text === '*' ? anyNumber : Number(text));
      set.apply({ allow: true, type, major: number(major), minor: number(minor), access });
    }
    return set;
  }

  /** invalid_argument for what cgroup v1 would silently leave out: a refusal that an earlier wildcard permission contains. */
  apply({ allow, type = 'a', major = anyNumber, minor = anyNumber, access = '' }: LinuxDeviceCgroup): void {
    if (type === 'a' || type === '') {
      this.#allowByDefault = allow;
      this.#exceptions.clear();
      return;
    }
    const exception: DeviceException = {
      type: type as 'b' | 'c',
      major: Number(major),
      minor: Number(minor),
      access: ordered((mode) => access.includes(mode)),
    };
    if (allow === this.#allowByDefault) this.#remove(exception);
    else this.#add(exception);
  }

  #add(exception: DeviceException): void {
    const key = keyOf(exception);
    this.#exceptions.set(key, {
      ...exception,
      access: union(exception.access, this.#exceptions.get(key)?.access ?? ''),
    });
  }

  #remove(exception: DeviceException): void {
    for (const wider of [
      { ...exception, major: anyNumber },
      { ...exception, minor: anyNumber },
      { ...exception, major: anyNumber, minor: anyNumber },
    ]) {
      if (keyOf(wider) === keyOf(exception)) continue;
      const kept = this.accessOf(wider);
      if (difference(exception.access, kept) === exception.access) continue;
      throw invalidArgument(
        `cannot use device rule "${spellDevice(exception, exception.access)}": ` +
          `it cannot be taken out of the earlier rule "${spellDevice(wider, kept)}"`,
      );
    }
    const key = keyOf(exception);
    const access = difference(this.accessOf(exception), exception.access);
    if (access === '') this.#exceptions.delete(key);
    else this.#exceptions.set(key, { ...exception, access });
  }

  /** True if both mean the same. */
  equals(other: DeviceRules): boolean {
    const spell = (set: DeviceRules): string =>
      set
        .exceptions()
        .map((exception) => spellDevice(exception, exception.access))
        .join('\n');
    return this.allowByDefault === other.allowByDefault && spell(this) === spell(other);
  }

  /** The fewest writes to devices.allow and devices.deny that lead from here to `target`. */
  transitionTo(target: DeviceRules): { file: 'devices.allow' | 'devices.deny'; value: string }[] {
    const writes: { file: 'devices.allow' | 'devices.deny'; value: string }[] = [];
    const write = (allow: boolean, value: string): void => {
      writes.push({ file: allow ? 'devices.allow' : 'devices.deny', value });
    };
    // Refusals of a cgroup that allows by default are not shown by the kernel: only a fresh start is sure.
    const restart = this.allowByDefault || this.allowByDefault !== target.allowByDefault;
    if (restart) write(target.allowByDefault, 'a');
    for (const present of restart ? [] : this.exceptions()) {
      const dropped = difference(present.access, target.accessOf(present));
      if (dropped !== '') write(target.allowByDefault, spellDevice(present, dropped));
    }
    for (const wanted of target.exceptions()) {
      const gained = difference(wanted.access, restart ? '' : this.accessOf(wanted));
      if (gained !== '') write(!target.allowByDefault, spellDevice(wanted, gained));
    }
    return writes;
  }
}
