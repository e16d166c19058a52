/**
 * Image archives for `docker load` and `ctr images import`, made in memory: of given layers, of a single static binary (the demo's
 * hello image), or of this machine's static busybox with a link for each applet.
 */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { notFound } from '@docker-ts/base/errors';
import { type TarMember, tarArchive } from './tar-writer.ts';

export interface ImageArchiveOptions {
  /** Names, `hello:latest`. */
  readonly tags?: readonly string[];
  /** The files of each layer, base first. */
  readonly layers: readonly (readonly TarMember[])[];
  /** The image configuration's `config`: Cmd, Env … */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Changes single fields of the image configuration. */
  readonly configuration?: Readonly<Record<string, unknown>>;
}

export interface ImageArchive {
  readonly tar: Buffer;
  /** Config digest: the image's id. */
  readonly id: string;
  readonly diffIds: readonly string[];
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** `sha256:…` of bytes. */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

const blobPath = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

/**
 * The archive as `docker save` of 25.0 and later writes it: an OCI layout with Docker's manifest.json beside it. The same options
 * make the same bytes.
 */
export function imageArchive({
  tags = [],
  layers,
  config = {},
  configuration = {},
}: ImageArchiveOptions): ImageArchive {
  const blobs = layers.map((members) => tarArchive(members));
  const diffIds = blobs.map((blob) => digestOf(blob));
  const created = '2026-01-01T00:00:00Z';
  const document = JSON.stringify({
    created,
    architecture: architectures[process.arch] ?? process.arch,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: diffIds.map((diffId) => ({ created, created_by: `layer ${diffId.slice(7, 19)}` })),
    ...configuration,
  });
  const id = digestOf(document);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: id, size: Buffer.byteLength(document) },
    layers: blobs.map((blob, index) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: diffIds[index],
      size: blob.length,
    })),
  });
  const entry = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digestOf(manifest),
    size: Buffer.byteLength(manifest),
  };
  const names = tags.length === 0 ? [undefined] : tags;
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: names.map((tag) =>
      tag === undefined ? entry : { ...entry, annotations: { 'io.containerd.image.name': `docker.io/library/${tag}` } },
    ),
  };
  const dockerManifest = [{ Config: blobPath(id), RepoTags: tags, Layers: diffIds.map(blobPath) }];
  const tar = tarArchive([
    // A layer that occurs twice is stored once.
    ...[...new Map(blobs.map((blob, layer) => [diffIds[layer] ?? '', blob]))].map(([digest, content]): TarMember => ({
      name: blobPath(digest),
      content,
    })),
    { name: blobPath(id), content: document },
    { name: blobPath(entry.digest), content: manifest },
    { name: 'index.json', content: JSON.stringify(index) },
    { name: 'manifest.json', content: JSON.stringify(dockerManifest) },
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
  ]);
  return { tar, id, diffIds };
}

/** An image of one static program, `/<name>`, and nothing else. */
export function programImage(tag: string, name: string, program: Uint8Array): ImageArchive {
  return imageArchive({
    tags: [tag],
    layers: [[{ name, content: program, mode: 0o755 }]],
    config: { Cmd: [`/${name}`] },
  });
}

/** The members of a small root file system around this machine's static busybox; not_found if it has none. */
export function busyboxMembers(): TarMember[] {
  const path = ['/usr/bin/busybox', '/bin/busybox'].find((candidate) => Bun.file(candidate).size > 0);
  if (path === undefined) throw notFound('cannot make a busybox image: install busybox-static');
  const applets = spawnSync(path, ['--list'], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  return [
    { name: 'bin' },
    { name: 'bin/busybox', content: readFileSync(path), mode: 0o755 },
    ...applets
      .filter((applet) => applet !== 'busybox')
      .map((applet): TarMember => ({ name: `bin/${applet}`, target: 'busybox' })),
    { name: 'etc' },
    { name: 'etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1000:Bob:/home/bob:/bin/sh\n' },
    { name: 'etc/group', content: 'root:x:0:\nstaff:x:50:bob\nbob:x:1000:\n' },
    { name: 'home' },
    { name: 'home/bob', uid: 1000, gid: 1000 },
    { name: 'root', mode: 0o700 },
    { name: 'tmp', mode: 0o1777 },
  ];
}

/** A busybox image: a shell and the usual tools, users root and bob. */
export function busyboxImage(tag = 'busybox:latest'): ImageArchive {
  return imageArchive({
    tags: [tag],
    layers: [busyboxMembers()],
    config: { Cmd: ['sh'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
  });
}
