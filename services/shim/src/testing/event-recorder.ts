/** The daemon's half of the event stream: takes what shims forward, in order. */
import { EventsDefinition } from '@docker-ts/rpc/gen/containerd/services/ttrpc/events/v1/events';
import { TaskExit } from '@docker-ts/rpc/gen/containerd/events/task';
import { isAnyOf } from '@docker-ts/rpc/any';
import type { Any } from '@docker-ts/rpc/gen/google/protobuf/any';
import { TtrpcServer } from '@docker-ts/rpc/ttrpc-server';
import { waitFor } from '@docker-ts/testkit/command';

export interface RecordedEvent {
  readonly topic: string;
  readonly namespace: string;
  readonly event: Any;
}

export class EventRecorder implements AsyncDisposable {
  readonly events: RecordedEvent[] = [];
  readonly #path: string;
  #server: TtrpcServer | undefined;

  private constructor(path: string) {
    this.#path = path;
  }

  static async open(path: string): Promise<EventRecorder> {
    const recorder = new EventRecorder(path);
    await recorder.resume();
    return recorder;
  }

  /** Listens, again after `close`. */
  async resume(): Promise<void> {
    this.#server = new TtrpcServer().register(EventsDefinition, {
      forward: async ({ envelope }) => {
        if (envelope?.event) this.events.push({ ...envelope, event: envelope.event });
        return {};
      },
    });
    await this.#server.listen(this.#path);
  }

  /** The daemon is away: its socket is gone. */
  async close(): Promise<void> {
    await this.#server?.close(0);
    this.#server = undefined;
  }

  get topics(): string[] {
    return this.events.map(({ topic }) => topic);
  }

  /** The exits so far, in order. */
  get exits(): TaskExit[] {
    return this.events.flatMap(({ event }) => (isAnyOf(event, TaskExit) ? [TaskExit.decode(event.value)] : []));
  }

  async exitOf(id: string): Promise<TaskExit> {
    return waitFor(`the exit of ${id}`, () => this.exits.find((exit) => exit.id === id));
  }

  async count(topic: string, wanted: number): Promise<void> {
    await waitFor(`${wanted} events ${topic}`, () => this.topics.filter((found) => found === topic).length >= wanted);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
