/** grpc.health.v1.Health: a daemon that answers is serving, and every service comes and goes with the daemon. */
import { notFound, unimplemented } from '@docker-ts/base/errors';
import { type HealthDefinition, HealthCheckResponse_ServingStatus } from '@docker-ts/rpc/gen/grpc/health/v1/health';
import type { ServiceImplementation } from '@docker-ts/rpc/service';

/** The empty name asks for the daemon as a whole. */
export function createHealthService(services: readonly string[]): ServiceImplementation<typeof HealthDefinition> {
  const known = new Set(['', ...services]);
  const serving = { status: HealthCheckResponse_ServingStatus.SERVING };
  return {
    async check({ service }) {
      if (!known.has(service)) throw notFound('unknown service');
      return serving;
    },
    async list() {
      return { statuses: Object.fromEntries([...known].map((service) => [service, serving])) };
    },
    // eslint-disable-next-line require-yield -- the method streams, but this daemon has nothing to tell
    async *watch() {
      throw unimplemented('method Watch not implemented');
    },
  };
}
