/**
 * The narrow door through which every other part of the daemon tells what happened.
 *
 * Words: an *event* is a message of containerd's `events` package (`TaskExit`, `SnapshotPrepare`, …) packed as an Any; its *topic* is a
 * path such as `/tasks/exit`; the *envelope* adds the namespace and the time.
 */

/** A packed event: the bare type URL (`containerd.events.TaskExit`) and the encoded message. */
export interface EventMessage {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

export interface EventPublisher {
  /**
   * Hands the event to everybody subscribed at this moment, in the order of the calls. Never blocks and never fails because of a
   * subscriber.
   * @throws invalid_argument for a bad namespace or topic.
   */
  publish(namespace: string, topic: string, event: { typeUrl: string; value: Uint8Array }): void;
}
