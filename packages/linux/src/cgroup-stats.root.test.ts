import { expect, test } from 'bun:test';
import { cgroupDirectoriesOf, readCgroupHierarchies } from './cgroup-hierarchies.ts';
import { readCgroupV1Stats } from './cgroup-stats-v1.ts';
import { readCgroupV2Stats } from './cgroup-stats-v2.ts';

test('cgroupDirectoriesOf leads to counters of this very process', () => {
  const directories = cgroupDirectoriesOf(process.pid);
  if (readCgroupHierarchies().layout === 'v2')
    expect(readCgroupV2Stats(directories[''] ?? '').cpu?.usageUsec).toBeGreaterThan(0n);
  else expect(readCgroupV1Stats(directories).cpu?.usage.total).toBeGreaterThan(0n);
});
