/**
 * The runtime's end of the socket to the init: the plan goes down, messages come up (`messageKinds` of the schema), one byte answers
 * a sync. Blocking, because nothing else is to be done meanwhile.
 *
 *     pid → (sync ⇄ answer)… → ready → end of file          or, at any point, failed → end of file
 *
 * The launcher sends the first, the process that it has cloned sends the rest: on a busy machine the rest may come first.
 */
import { closeSync, readSync, writeSync } from 'node:fs';
import { waitForChild } from '@docker-ts/linux/child-process';
import type { Plan } from '../plan/plan.ts';
import { messageKinds } from '../plan/schema.ts';
import { initFailure, initVanished } from './failure.ts';

const headerBytes = 16;

interface Message {
  readonly kind: number;
  readonly step: number;
  readonly value: number;
  readonly text: string;
}

export class Channel implements Disposable {
  readonly #plan: Plan;
  readonly #fd: number;
  #launcher: number | undefined;
  #pid: number | undefined;
  #closed = false;
  /** Came before the pid. */
  readonly #early: Message[] = [];

  constructor(plan: Plan, fd: number, launcher: number) {
    this.#plan = plan;
    this.#fd = fd;
    this.#launcher = launcher;
  }

  /** The container's process, a child of this one; undefined before `waitForPid`. */
  get pid(): number | undefined {
    return this.#pid;
  }

  send(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done);
    } catch (error) {
      // the init may have said why it hung up
      if ((error as { code?: string }).code !== 'EPIPE' && (error as { code?: string }).code !== 'ECONNRESET')
        throw error;
    }
  }

  #read(size: number): Buffer | undefined {
    const buffer = Buffer.allocUnsafe(size);
    for (let done = 0; done < size;) {
      const got = readSync(this.#fd, buffer, done, size - done, null);
      if (got === 0) return undefined;
      done += got;
    }
    return buffer;
  }

  /** undefined at the end. Throws what the init reports as failed. */
  #receive(): Message | undefined {
    const header = this.#read(headerBytes);
    if (header === undefined) return undefined;
    const length = header.readUInt32LE(12);
    const text = length === 0 ? '' : (this.#read(length)?.toString('utf8') ?? '');
    const message = { kind: header.readUInt32LE(0), step: header.readInt32LE(4), value: header.readInt32LE(8), text };
    if (message.kind === messageKinds.failed) throw initFailure(this.#plan, message);
    if (message.kind === messageKinds.warning) {
      this.#plan.warnings.push(message.text);
      return this.#receive();
    }
    return message;
  }

  #reapLauncher(): void {
    if (this.#launcher === undefined) return;
    const launcher = this.#launcher;
    this.#launcher = undefined;
    waitForChild(launcher);
  }

  /** The process id of the container's process, which from then on is a child to wait for. */
  waitForPid(): number {
    for (;;) {
      const message = this.#receive();
      if (message === undefined) {
        const launcher = this.#launcher;
        this.#launcher = undefined;
        throw initVanished(launcher === undefined ? undefined : waitForChild(launcher));
      }
      if (message.kind === messageKinds.pid) {
        this.#pid = message.value;
        this.#reapLauncher();
        return message.value;
      }
      this.#early.push(message);
    }
  }

  /** Blocks until all is set up; `onSync` runs whenever the init waits for it. */
  waitForReady(onSync: () => void): void {
    for (;;) {
      const message = this.#early.shift() ?? this.#receive();
      if (message?.kind === messageKinds.ready) return;
      if (message?.kind !== messageKinds.sync) {
        const pid = this.#pid;
        this.#pid = undefined;
        throw initVanished(pid === undefined ? undefined : waitForChild(pid));
      }
      onSync();
      this.send(Buffer.from('c'));
    }
  }

  /** Blocks until the process has exec'd, which closes the init's end; throws if exec failed. */
  waitForExec(): void {
    while (this.#receive() !== undefined);
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
    this.#reapLauncher();
  }
}
