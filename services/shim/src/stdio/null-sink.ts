/** Nobody wants the output: it is read and forgotten. */
import type { Sink } from './sink.ts';

export class NullSink implements Sink {
  readonly broken = false;

  ready(): boolean {
    return true;
  }

  write(): void {}

  close(): void {}
}
