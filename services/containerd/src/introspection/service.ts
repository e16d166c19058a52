/** containerd.services.introspection.v1.Introspection: the gRPC edge. */
import { invalidArgument, unimplemented } from '@docker-ts/base/errors';
import { isAnyOf, packAny, unpackAny } from '@docker-ts/rpc/any';
import type {
  IntrospectionDefinition,
  Plugin as WirePlugin,
} from '@docker-ts/rpc/gen/containerd/services/introspection/v1/introspection';
import { RuntimeInfo, RuntimeRequest } from '@docker-ts/rpc/gen/containerd/types/introspection';
import type { Any } from '@docker-ts/rpc/gen/google/protobuf/any';
import type { ServiceImplementation } from '@docker-ts/rpc/service';
import { type FieldReader, textField } from '../filters/filter.ts';
import { parseFilters } from '../filters/parser.ts';
import { findPlugin, type Plugin, taskPlugin } from './plugin.ts';
import type { ServerIdentity } from './server-identity.ts';

export interface IntrospectionServiceOptions {
  readonly plugins: readonly Plugin[];
  readonly identity: ServerIdentity;
  /** What a runtime's shim says of itself. @throws not_found if it is not installed. */
  readonly runtimeInfo: (runtime: string, options: Any | undefined) => Promise<RuntimeInfo>;
}

export function createIntrospectionService(
  options: IntrospectionServiceOptions,
): ServiceImplementation<typeof IntrospectionDefinition> {
  const { plugins, identity, runtimeInfo } = options;
  return {
    async plugins({ filters }) {
      const matches = parseFilters(filters);
      return { plugins: plugins.filter((plugin) => matches(fieldsOf(plugin))).map((plugin) => toWire(plugin)) };
    },
    // nothing that containerd deprecates is offered here
    async server() {
      const { uuid, pid, pidNamespace } = identity;
      return { uuid, pid: BigInt(pid), pidns: pidNamespace, deprecations: [] };
    },
    async pluginInfo({ type, id, options: request }) {
      const plugin = findPlugin(plugins, type, id);
      if (!request) return { plugin: toWire(plugin) };
      if (plugin.type !== taskPlugin.type || plugin.id !== taskPlugin.id) {
        throw unimplemented('plugin does not provided extra information: not implemented');
      }
      if (!isAnyOf(request, RuntimeRequest)) {
        throw invalidArgument(`unexpected plugin info options "${request.typeUrl}": invalid argument`);
      }
      const { runtimePath, options: runtimeOptions } = unpackAny(request, RuntimeRequest);
      return { plugin: toWire(plugin), extra: packAny(RuntimeInfo, await runtimeInfo(runtimePath, runtimeOptions)) };
    },
  };
}

const fieldsOf =
  (plugin: Plugin): FieldReader =>
  ([field]) => {
    if (field === 'type') return textField(plugin.type);
    return field === 'id' ? textField(plugin.id) : undefined;
  };

const toWire = (plugin: Plugin): WirePlugin => ({
  type: plugin.type,
  id: plugin.id,
  requires: [...plugin.requires],
  platforms: plugin.platforms.map((platform) => ({ ...platform, osVersion: '', osFeatures: [] })),
  exports: { ...plugin.exports },
  capabilities: [...plugin.capabilities],
  initErr: undefined,
});
