/**
 * Stopping all processes of a cgroup (kernel Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst; cgroup-v2.rst,
 * "cgroup.freeze"). Freezing takes time: the functions return when the kernel says that it is done.
 */
import { join } from 'node:path';
import { CodedError, deadlineExceeded, unimplemented } from '@docker-ts/base/errors';
import { readCgroupFile, readFlatKeyed } from '@docker-ts/linux/cgroup-file';
import { sleepSync } from '@docker-ts/linux/sleep';
import { writeControlFile } from './control-file.ts';
import type { FreezerState } from './manager.ts';

export interface Freezer {
  /** unimplemented if the kernel has no freezer, deadline_exceeded if processes do not stop: then they run on. */
  freeze(): void;
  thaw(): void;
  /** THAWED if there is no cgroup (any more). */
  state(): FreezerState;
}

/** For signals: frozen processes cannot fork away from under them; but one that does not stop must not be spared the signal. */
export function freezeIfPossible(freezer: Freezer): void {
  try {
    freezer.freeze();
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
  }
}

export class FreezerV1 implements Freezer {
  readonly #file: string;
  readonly #self: string;

  constructor(directory: string) {
    this.#file = join(directory, 'freezer.state');
    this.#self = join(directory, 'freezer.self_freezing');
  }

  /**
   * New processes that appear while the freezer walks over the cgroup can keep it FREEZING for ever: writing again, and now and
   * then letting everything run for a moment, gets it through.
   */
  freeze(): void {
    for (let attempt = 1; attempt <= 1000; attempt++) {
      if (attempt % 50 === 0) {
        writeControlFile(this.#file, 'THAWED');
        sleepSync(10);
      }
      writeControlFile(this.#file, 'FROZEN');
      if (readCgroupFile(this.#file)?.trim() === 'FROZEN') return;
      if (attempt % 25 === 0) sleepSync(1);
    }
    this.thaw();
    throw deadlineExceeded(`cannot freeze cgroup ${this.#file}: it stays FREEZING`);
  }

  thaw(): void {
    writeControlFile(this.#file, 'THAWED');
  }

  state(): FreezerState {
    const state = readCgroupFile(this.#file)?.trim();
    if (state === 'FREEZING') return 'FREEZING';
    if (state !== 'FROZEN') return 'THAWED';
    // Frozen by an ancestor is not frozen by us: `resume` could not thaw it.
    return readCgroupFile(this.#self)?.trim() === '0' ? 'THAWED' : 'FROZEN';
  }
}

/** How long processes may take to stop. */
const freezeTimeoutMs = 10_000;

export class FreezerV2 implements Freezer {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  freeze(): void {
    const file = join(this.#directory, 'cgroup.freeze');
    if (readCgroupFile(file) === undefined)
      throw unimplemented(`cannot freeze cgroup ${this.#directory}: the kernel has no cgroup.freeze`);
    writeControlFile(file, '1');
    for (let waited = 0; waited < freezeTimeoutMs; waited += 2) {
      if (this.#isFrozen()) return;
      sleepSync(2);
    }
    this.thaw();
    throw deadlineExceeded(`cannot freeze cgroup ${this.#directory}: its processes do not stop`);
  }

  thaw(): void {
    const file = join(this.#directory, 'cgroup.freeze');
    // Without a freezer everything runs already.
    if (readCgroupFile(file) !== undefined) writeControlFile(file, '0');
  }

  state(): FreezerState {
    if (readCgroupFile(join(this.#directory, 'cgroup.freeze'))?.trim() !== '1') return 'THAWED';
    return this.#isFrozen() ? 'FROZEN' : 'FREEZING';
  }

  #isFrozen(): boolean {
    return readFlatKeyed(join(this.#directory, 'cgroup.events'))?.get('frozen') === 1n;
  }
}
