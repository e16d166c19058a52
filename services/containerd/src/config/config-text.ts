/** Writes a configuration as the TOML that `config-file.ts` reads. */
import { stringify } from 'smol-toml';
import { type Config, ttrpcAddress } from './config.ts';
import { configVersion } from './config-file.ts';
import { formatDurationMs } from './duration.ts';

export function formatConfig(config: Config): string {
  const { gc } = config;
  return stringify({
    version: configVersion,
    root: config.root,
    state: config.state,
    grpc: { ...config.grpc },
    ttrpc: { ...config.ttrpc, address: ttrpcAddress(config) },
    debug: { ...config.log },
    plugins: {
      'io.containerd.gc.v1.scheduler': {
        pause_threshold: gc.pauseThreshold,
        deletion_threshold: gc.deletionThreshold,
        mutation_threshold: gc.mutationThreshold,
        schedule_delay: formatDurationMs(gc.scheduleDelayMs),
        startup_delay: formatDurationMs(gc.startupDelayMs),
      },
      'io.containerd.metadata.v1.bolt': { content_sharing_policy: config.contentSharing },
      'io.containerd.shim.v1.manager': { env: [...config.shimEnvironment] },
      'io.docker-ts.runtimes.v1': { ...config.runtimes },
    },
  });
}
