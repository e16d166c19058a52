/**
 * Events of the daemon (`GET /events`): published by the domains, kept for late listeners (`--since`), handed to every
 * subscriber in order. A subscriber that falls too far behind is ended rather than allowed to hold memory.
 */

/** One event as the API shows it. */
export interface DaemonEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local';
  readonly time: number;
  readonly timeNano: number;
  /** The old form, containers and images only. */
  readonly status?: string;
  readonly id?: string;
  readonly from?: string;
}

/** What a domain needs to tell of what it did. */
export interface EventSink {
  publish(type: string, action: string, id: string, attributes?: Readonly<Record<string, string>>): void;
}

export type EventListener = (event: DaemonEvent) => void;

/** As many past events as are replayed; moby keeps 256. */
const replayLimit = 512;

export class EventBus implements EventSink {
  readonly #past: { event: DaemonEvent; timeNano: bigint }[] = [];
  readonly #listeners = new Set<EventListener>();
  #lastNano = 0n;

  publish(type: string, action: string, id: string, attributes: Readonly<Record<string, string>> = {}): void {
    const timeNano = this.#nextNano();
    const event: DaemonEvent = {
      ...(type === 'container' || type === 'image' ? { status: action, id } : {}),
      ...(type === 'container' && attributes['image'] !== undefined ? { from: attributes['image'] } : {}),
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Number(timeNano / 1_000_000_000n),
      timeNano: Number(timeNano),
    };
    this.#past.push({ event, timeNano });
    if (this.#past.length > replayLimit) this.#past.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /** Past events from `sinceNano` on, oldest first. */
  since(sinceNano: bigint): DaemonEvent[] {
    return this.#past.filter(({ timeNano }) => timeNano >= sinceNano).map(({ event }) => event);
  }

  subscribe(listener: EventListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Times strictly rise, so that a listener can go on from the last one it saw. */
  #nextNano(): bigint {
    const now = BigInt(Date.now()) * 1_000_000n;
    this.#lastNano = now > this.#lastNano ? now : this.#lastNano + 1n;
    return this.#lastNano;
  }
}
