/** What the daemon calls itself: the release of Docker whose behaviour it follows, with its own as build metadata. */
import { version } from '@docker-ts/base/version';

/** Clients compare this with Docker's releases; what follows `+` counts for nothing in a comparison (semver). */
export const engineVersion = `28.5.2+ts.${version}`;
