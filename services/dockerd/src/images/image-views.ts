/** Images in the Engine API's forms: ImageSummary, ImageInspect, HistoryResponseItem (API 1.51). */
import { type ContainerdClient } from '../client/containerd.ts';
import { isCode } from '@docker-ts/base/errors';
import type { ImageDefaults } from '../spec/container-config.ts';
import { type CatalogImage, type ImageContent, repoDigests, repoTags } from './image-catalog.ts';
import { createdMs } from './image-filters.ts';

export interface ImageSummary {
  readonly Id: string;
  readonly ParentId: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Size: number;
  readonly SharedSize: number;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Containers: number;
}

/** Bytes on disk of an image's layers; snapshots never change, so each is asked for once. */
export class LayerSizes {
  readonly #client: ContainerdClient;
  readonly #sizes = new Map<string, number>();

  constructor(client: ContainerdClient) {
    this.#client = client;
  }

  async of(chainId: string): Promise<number> {
    const known = this.#sizes.get(chainId);
    if (known !== undefined) return known;
    try {
      const { size } = await this.#client.snapshots.usage({ snapshotter: this.#client.snapshotter, key: chainId });
      this.#sizes.set(chainId, Number(size));
      return Number(size);
    } catch (error) {
      // Not unpacked, for an image that another client brought.
      if (isCode(error, 'not_found')) return 0;
      throw error;
    }
  }

  async total(content: ImageContent): Promise<number> {
    let total = 0;
    for (const chainId of content.chainIds) total += await this.of(chainId);
    return total;
  }
}

export function imageSummary(
  image: CatalogImage,
  sizeBytes: number,
  containers: number,
  tags?: string[],
): ImageSummary {
  return {
    Containers: containers,
    Created: Math.trunc(createdMs(image) / 1000),
    Id: image.id,
    Labels: image.config.config?.Labels ?? null,
    ParentId: '',
    RepoDigests: repoDigests(image.names),
    RepoTags: tags ?? repoTags(image.names),
    SharedSize: -1,
    Size: sizeBytes,
  };
}

/** The image's config as 28.x shows it: the fields of the OCI configuration, `null` where there is nothing. */
function inspectConfig(config: ImageDefaults | null | undefined): Record<string, unknown> {
  const {
    Cmd,
    Entrypoint,
    Env,
    Labels,
    OnBuild,
    User,
    Volumes,
    WorkingDir,
    ExposedPorts,
    StopSignal,
    Shell,
    Healthcheck,
  } = config ?? {};
  return {
    Cmd: Cmd ?? null,
    Entrypoint: Entrypoint ?? null,
    Env: Env ?? null,
    Labels: Labels ?? null,
    OnBuild: OnBuild ?? null,
    User: User ?? '',
    Volumes: Volumes ?? null,
    WorkingDir: WorkingDir ?? '',
    ...(ExposedPorts == null ? {} : { ExposedPorts }),
    ...(StopSignal === undefined ? {} : { StopSignal }),
    ...(Shell == null ? {} : { Shell }),
    ...(Healthcheck == null ? {} : { Healthcheck }),
  };
}

export function inspectImage(image: CatalogImage, sizeBytes: number, snapshotter: string): Record<string, unknown> {
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: repoTags(image.names),
    RepoDigests: repoDigests(image.names),
    Parent: '',
    Comment: config.comment ?? '',
    ...(config.created === undefined ? {} : { Created: config.created }),
    DockerVersion: config.docker_version ?? '',
    Author: config.author ?? '',
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: sizeBytes,
    GraphDriver: { Data: null, Name: snapshotter },
    RootFS: {
      Type: 'layers',
      ...(config.rootfs.diff_ids.length === 0 ? {} : { Layers: config.rootfs.diff_ids }),
    },
    Metadata: { LastTagTime: image.taggedAt.toISOString() },
    Config: inspectConfig(config.config),
  };
}

/** Newest step first; only the top has the image's id, as layers have none of their own. */
export async function imageHistory(image: CatalogImage, sizes: LayerSizes): Promise<Record<string, unknown>[]> {
  const steps: Record<string, unknown>[] = [];
  let layer = 0;
  for (const entry of image.config.history ?? []) {
    const chainId = entry.empty_layer === true ? undefined : image.chainIds[layer++];
    const created = Date.parse(entry.created ?? '');
    steps.unshift({
      Comment: entry.comment ?? '',
      Created: Number.isNaN(created) ? 0 : Math.trunc(created / 1000),
      CreatedBy: entry.created_by ?? '',
      Id: '<missing>',
      Size: chainId === undefined ? 0 : await sizes.of(chainId),
      Tags: null,
    });
  }
  const [top, ...rest] = steps;
  if (top === undefined) return [];
  const tags = repoTags(image.names);
  return [{ ...top, Id: image.id, Tags: tags.length === 0 ? null : tags }, ...rest];
}
