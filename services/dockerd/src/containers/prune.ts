/** `POST /containers/prune`: every container that does not run. */
import { invalidArgument, isCode } from '@docker-ts/base/errors';
import { type Filters, matchesLabels } from '../filters/filters.ts';
import { parseTimeNs } from './clock.ts';
import type { DomainContext } from './context.ts';
import { writableSizeBytes } from './disk-usage.ts';
import { parseMoment } from './moment.ts';
import { removeContainer } from './remove.ts';

export const pruneFilterNames: readonly string[] = ['label', 'label!', 'until'];

export interface PruneReport {
  readonly ContainersDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
}

export async function pruneContainers(context: DomainContext, filters: Filters): Promise<PruneReport> {
  const until = filters.get('until') ?? [];
  if (until.length > 1) throw invalidArgument('more than one until filter specified');
  const before = until[0] === undefined ? undefined : parseMoment(until[0]);
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const container of context.registry.all()) {
    const { created, config, state } = container.record;
    const labels = config.Labels ?? {};
    if (!['created', 'exited', 'dead'].includes(state.status)) continue;
    if (before !== undefined && parseTimeNs(created) > before) continue;
    if (!matchesLabels(filters, labels)) continue;
    if (filters.has('label!') && matchesLabels(filters, labels, 'label!')) continue;
    try {
      const size = await writableSizeBytes(context, container);
      await removeContainer(context, container, { force: false, volumes: false });
      deleted.push(container.id);
      reclaimed += size;
    } catch (error) {
      // Somebody removed or started it in the meantime.
      if (!isCode(error, 'not_found') && !isCode(error, 'conflict')) throw error;
    }
  }
  return { ContainersDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
}
