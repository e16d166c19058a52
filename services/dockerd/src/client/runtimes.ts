/**
 * Docker's runtime names (`runc`, `--add-runtime`, `io.containerd.…`) and what they are to containerd: a shim's name and its
 * options. What a shim can do beyond the standard is asked for once (`Introspection.PluginInfo`, the shim's `-info`).
 */
import { invalidArgument } from '@docker-ts/base/errors';
import { packAny, unpackAny } from '@docker-ts/rpc/any';
import type { Any } from '@docker-ts/rpc/gen/google/protobuf/any';
import { RuntimeInfo, RuntimeRequest } from '@docker-ts/rpc/gen/containerd/types/introspection';
import { Options } from '@docker-ts/rpc/gen/containerd/types/runc/options/oci';
import type { StdioMode } from '../containers/record.ts';
import { jsonFileStdio, stdioAnnotation } from '../stdio/json-file-address.ts';
import type { ContainerdClient } from './containerd.ts';

const runcShim = 'io.containerd.runc.v2';
const infoTimeoutMs = 5000;

export interface Runtime {
  /** containerd's name: `io.containerd.runc.v2`. */
  readonly name: string;
  readonly options: Any;
}

export class Runtimes {
  readonly #containerd: ContainerdClient;
  readonly #root: string;
  /** Executables by Docker's name; `undefined` for the shim's own choice. */
  readonly #binaries: ReadonlyMap<string, string | undefined>;
  readonly #modes = new Map<string, Promise<StdioMode>>();
  readonly defaultName: string;

  constructor(options: {
    containerd: ContainerdClient;
    root: string;
    defaultName: string;
    added: Readonly<Record<string, string>>;
  }) {
    this.#containerd = options.containerd;
    this.#root = options.root;
    this.defaultName = options.defaultName;
    this.#binaries = new Map([['runc', undefined], ...Object.entries(options.added)]);
    this.resolve(options.defaultName);
  }

  /** Names with the executable of each, for `info`. */
  get list(): ReadonlyMap<string, string | undefined> {
    return this.#binaries;
  }

  /** invalid_argument for a name that nobody added. */
  resolve(name: string): Runtime {
    const isShim = /^io\.containerd\.[^/]+\.[^/]+$/.test(name);
    if (!this.#binaries.has(name) && !isShim) throw invalidArgument(`unknown or invalid runtime name: ${name}`);
    const binaryName = this.#binaries.get(name) ?? '';
    return { name: isShim ? name : runcShim, options: packAny(Options, { root: this.#root, binaryName }) };
  }

  /** How the shim of a runtime takes a container's output. */
  stdioMode(name: string): Promise<StdioMode> {
    const shim = this.resolve(name).name;
    const known = this.#modes.get(shim);
    if (known !== undefined) return known;
    const asked = this.#askStdioMode(shim);
    this.#modes.set(shim, asked);
    return asked;
  }

  /** A containerd or shim that cannot answer has no extension. */
  async #askStdioMode(shim: string): Promise<StdioMode> {
    try {
      const { extra } = await this.#containerd.introspection.pluginInfo(
        { type: 'io.containerd.runtime.v2', id: 'task', options: packAny(RuntimeRequest, { runtimePath: shim }) },
        { timeoutMs: infoTimeoutMs },
      );
      return unpackAny(extra, RuntimeInfo).annotations[stdioAnnotation] === jsonFileStdio ? 'json-file' : 'fifo';
    } catch {
      return 'fifo';
    }
  }
}
