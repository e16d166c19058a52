/**
 * Memory of the background process. There is one for every container, mostly idle, so its memory counts more than its speed:
 * JavaScriptCore is told so by options in the environment of its start, and what a burst of work left behind is given back a
 * little later. Measured beside Go's shim with one idle container: README.
 */

/**
 * JSC's options, read once at start. The little code here that runs often (line encoding, copying) is quick enough with the
 * baseline compiler; helper threads for compiling and collecting would each cost a stack and an arena.
 */
const engineOptions = {
  BUN_JSC_forceMiniVMMode: '1',
  BUN_JSC_useDFGJIT: '0',
  BUN_JSC_useConcurrentJIT: '0',
  BUN_JSC_useConcurrentGC: '0',
} as const;

/** The environment to start the background process with; what the user has set wins. */
export function leanEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return { ...engineOptions, ...env };
}

/** Takes the options out again, so that the runtime does not inherit them. */
export function forgetEngineOptions(): void {
  for (const [name, value] of Object.entries(engineOptions)) if (process.env[name] === value) delete process.env[name];
}

const quietMs = 1000;

/** Gives memory back once nothing has happened for a second. */
export class IdleTrim {
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Something happened. */
  touch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // Bun's own calls: node has none that returns memory to the kernel.
      Bun.gc(true);
      Bun.shrink();
    }, quietMs);
    this.#timer.unref();
  }
}
