/**
 * Whiteouts: files of a layer that say what of the layers below is gone (OCI image-spec, layer.md).
 *
 *     dir/.wh.name         `name` of the layers below is gone
 *     dir/.wh..wh..opq     everything of the layers below in `dir` is gone
 *
 * On an overlay's upper directory they become overlayfs' own marks; on a plain tree that holds the layers below already, the files go.
 */
import { lchownSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { invalidArgument } from '@docker-ts/base/errors';
import { makeDevice, makeNode, S_IFCHR } from '@docker-ts/linux/inode';
import { setXattr } from '@docker-ts/linux/xattr';
import type { Place } from './rooted-directory.ts';

const prefix = '.wh.';
const opaqueName = '.wh..wh..opq';
const opaqueAttribute = 'trusted.overlay.opaque';

export type Whiteout = { readonly kind: 'opaque' } | { readonly kind: 'removed'; readonly name: string };

/** What the last part of a member's name says; undefined for an ordinary file. @throws invalid_argument. */
export function parseWhiteout(name: string): Whiteout | undefined {
  if (!name.startsWith(prefix)) return undefined;
  if (name === opaqueName) return { kind: 'opaque' };
  const removed = name.slice(prefix.length);
  if (removed === '' || removed === '.' || removed === '..') {
    throw invalidArgument(`invalid whiteout name: ${name}: invalid tar`);
  }
  return { kind: 'removed', name: removed };
}

export interface WhiteoutTarget {
  /** Carries the whiteout out in `place`; answers true if a directory or a link may have gone. */
  apply(whiteout: Whiteout, place: Place, owner: { readonly uid: number; readonly gid: number }): boolean;
}

/** Whiteouts as overlayfs wants them: a device 0/0 for a file, an attribute for a directory. */
export const overlayWhiteouts: WhiteoutTarget = {
  apply(whiteout, place, { uid, gid }) {
    if (whiteout.kind === 'opaque') {
      setXattr(`${place.path}/.`, opaqueAttribute, Buffer.from('y'));
      return false;
    }
    const path = `${place.path}/${whiteout.name}`;
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found) {
      // the layer has a file of that name itself; a whiteout speaks of the layers below, which a directory of ours would let through
      if (found.isDirectory()) setXattr(path, opaqueAttribute, Buffer.from('y'));
      return false;
    }
    makeNode(path, S_IFCHR, makeDevice(0, 0));
    lchownSync(path, uid, gid);
    return false;
  },
};

/** Whiteouts on a tree that holds the layers below: what `unpacked` (real paths) does not know goes. */
export function removingWhiteouts(unpacked: ReadonlySet<string>): WhiteoutTarget {
  const clear = (path: string, realPath: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const [child, realChild] = [`${path}/${entry.name}`, `${realPath}/${entry.name}`];
      if (!unpacked.has(realChild)) rmSync(child, { recursive: true, force: true });
      else if (entry.isDirectory()) clear(child, realChild);
    }
  };
  return {
    apply(whiteout, place) {
      if (whiteout.kind === 'opaque') clear(place.path, place.realPath);
      else rmSync(`${place.path}/${whiteout.name}`, { recursive: true, force: true });
      return true;
    },
  };
}
