/**
 * From a runtime's name to the shim's executable (containerd core/runtime/v2).
 *
 * - An absolute path is the executable.
 * - A name of dotted parts stands for `containerd-shim-<second to last>-<last>`: `io.containerd.runc.v2` → `containerd-shim-runc-v2`.
 *   Looked for in the daemon's working directory, in PATH, then beside the daemon's own executable.
 * - `io.containerd.runc.v2` and `io.containerd.runc-ts.v2` mean our own shim, looked for beside the daemon first: a daemon that was
 *   copied somewhere with its programs uses those and not an older one in PATH. The configuration can name another.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { invalidArgument, notFound } from '@docker-ts/base/errors';

export const ownRuntime = 'io.containerd.runc-ts.v2';
const defaultRuntime = 'io.containerd.runc.v2';

export interface ShimLocatorOptions {
  /** Runtime names given an executable by the configuration. */
  readonly overrides?: ReadonlyMap<string, string>;
  /** The folder of the daemon's executable. */
  readonly programFolder?: string;
  readonly workingFolder?: string;
  readonly searchPath?: string;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The name of the executable that a dotted runtime name stands for. @throws invalid_argument. */
export function shimBinaryName(runtime: string): string {
  const parts = runtime.split('.');
  if (runtime.includes('/') || parts.length < 2 || parts[0] === '') {
    throw invalidArgument(
      `failed to resolve runtime path: invalid runtime name ${runtime}, correct runtime name should be either format like \`io.containerd.runc.v2\` or a full path to the binary`,
    );
  }
  return `containerd-shim-${parts.at(-2)}-${parts.at(-1)}`;
}

/** Finds shims, and remembers where it found them. */
export class ShimLocator {
  readonly #overrides: ReadonlyMap<string, string>;
  readonly #programFolder: string;
  readonly #workingFolder: string;
  readonly #pathFolders: readonly string[];
  readonly #found = new Map<string, string>();

  constructor(options: ShimLocatorOptions = {}) {
    this.#overrides = options.overrides ?? new Map();
    this.#programFolder = options.programFolder ?? dirname(process.execPath);
    this.#workingFolder = options.workingFolder ?? process.cwd();
    this.#pathFolders = (options.searchPath ?? process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  }

  /** @throws invalid_argument for what is no runtime name; not_found if the executable is not installed. */
  resolve(runtime: string): string {
    if (runtime === '') throw invalidArgument('failed to resolve runtime path: no runtime name');
    const override = this.#overrides.get(runtime);
    if (override !== undefined && override !== runtime) return this.resolve(override);
    if (isAbsolute(runtime)) {
      if (isExecutable(runtime)) return runtime;
      throw notFound(
        `failed to resolve runtime path: invalid custom binary path: stat ${runtime}: no such file or directory`,
      );
    }
    const known = this.#found.get(runtime);
    if (known !== undefined) return known;
    const path = this.#search(runtime);
    this.#found.set(runtime, path);
    return path;
  }

  #search(runtime: string): string {
    const own = runtime === ownRuntime || runtime === defaultRuntime;
    const name = shimBinaryName(own ? ownRuntime : runtime);
    const folders = own
      ? [this.#programFolder, ...this.#pathFolders]
      : [this.#workingFolder, ...this.#pathFolders, this.#programFolder];
    for (const folder of folders) {
      const path = resolve(join(folder, name));
      if (isExecutable(path)) return path;
    }
    throw notFound(
      `failed to resolve runtime path: runtime "${runtime}" binary not installed "${name}": file does not exist`,
    );
  }
}
