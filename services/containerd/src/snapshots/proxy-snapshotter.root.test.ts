/** The contract suite through the wire: proxy → gRPC → service → namespaced snapshots → snapshotter. */
import { GrpcChannel } from '@docker-ts/rpc/grpc-client';
import { SnapshotsDefinition } from '@docker-ts/rpc/gen/containerd/services/snapshots/v1/snapshots';
import { GrpcServer } from '@docker-ts/rpc/grpc-server';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { requestScope } from '../api/request-scope.ts';
import { parseFilters } from '../filters/parser.ts';
import { NamespacedSnapshots } from './namespaced-snapshots.ts';
import { openNativeSnapshotter } from './native/native-layout.ts';
import { openOverlaySnapshotter } from './overlayfs/overlay-layout.ts';
import { ProxySnapshotter } from './proxy-snapshotter.ts';
import { MemoryRecordTable } from './record-table.ts';
import { createSnapshotsService } from './service.ts';
import { snapshotterSuite } from './snapshotter-suite.ts';
import type { Snapshotter } from './snapshotter.ts';

const nothing = (): void => {};
const nobody = async (): Promise<void> => {};

function proxySuite(name: string, openBackend: (root: string) => Promise<Snapshotter>): void {
  snapshotterSuite(`proxy of the ${name} snapshotter`, async (root) => {
    await using stack = new AsyncDisposableStack();
    mkdirSync(root, { recursive: true });
    const snapshots = await NamespacedSnapshots.open({
      name,
      backend: await openBackend(root),
      table: new MemoryRecordTable(),
      holds: { hold: nobody, release: nobody },
      events: { prepared: nothing, committed: nothing, removed: nothing },
    });
    stack.use(snapshots);
    const service = createSnapshotsService({
      snapshotters: new Map([[name, snapshots]]),
      scopeOf: requestScope,
      compileFilters: parseFilters,
    });
    const server = stack.use(new GrpcServer().register(SnapshotsDefinition, service));
    const socket = join(root, 's');
    await server.listen(socket);
    const channel = stack.use(new GrpcChannel(socket));
    const client = channel.client(SnapshotsDefinition, { metadata: { 'containerd-namespace': 'test' } });
    const opened = stack.move();
    return {
      snapshotter: new ProxySnapshotter(client, name),
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  });
}

proxySuite('overlayfs', (root) => openOverlaySnapshotter({ root, table: new MemoryRecordTable() }));
proxySuite('native', (root) => openNativeSnapshotter({ root, table: new MemoryRecordTable() }));
