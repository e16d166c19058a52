/**
 * Who the container's process is: `USER` and `--user` (`name`, `uid`, `name:group`, `uid:gid` …) looked up in the image's own
 * passwd(5) and group(5). Rules and texts are those of moby/sys/user, which runc and containerd share.
 */
import { invalidArgument, outOfRange } from '@docker-ts/base/errors';

export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  /** The primary group first, as dockerd lists it, then what the group file and `--group-add` give. */
  readonly additionalGids: readonly number[];
  /** Home directory of the passwd entry; `/` without one. */
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const highestId = 2 ** 31 - 1;

/** A number as Go's Atoi reads it, else `undefined`; ids beyond 31 bits are refused. */
function numericId(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = Number(text);
  if (value < 0 || value > highestId) throw outOfRange(`uids and gids must be in range 0-${highestId}`);
  return value;
}

/** Fields of each line; blank lines and comments are passed over. A number that is none counts as 0, as in the original. */
function* lines(text: string): Generator<readonly string[]> {
  for (const line of text.split('\n')) if (line.trim() !== '' && !line.startsWith('#')) yield line.trim().split(':');
}

const idField = (field: string | undefined): number => Math.trunc(Number(field ?? '')) || 0;

function parsePasswd(text: string): PasswdEntry[] {
  return Array.from(lines(text), ([name = '', , uid, gid, , home = '']) => ({
    name,
    uid: idField(uid),
    gid: idField(gid),
    home,
  }));
}

function parseGroup(text: string): GroupEntry[] {
  return Array.from(lines(text), ([name = '', , gid, members = '']) => ({
    name,
    gid: idField(gid),
    members: members === '' ? [] : members.split(','),
  }));
}

/** Groups of `--group-add`; a name must be in the group file, a number need not. */
function addedGroups(wanted: readonly string[], groups: readonly GroupEntry[]): number[] {
  return wanted.map((group) => {
    const id = numericId(group);
    const found = groups.find((entry) => (id === undefined ? entry.name === group : entry.gid === id));
    if (found !== undefined) return found.gid;
    if (id === undefined) throw invalidArgument(`unable to find group ${group}: no matching entries in group file`);
    return id;
  });
}

/**
 * Resolves `spec` (`""`: root) with the texts of /etc/passwd and /etc/group; `undefined` stands for a file that the image does not
 * have. First match wins. Supplementary groups come from the group file only if no group was named.
 */
export function resolveUser(
  spec: string,
  files: { readonly passwd: string | undefined; readonly group: string | undefined },
  groupAdd: readonly string[] = [],
): ProcessUser {
  const [userWord = '', groupWord = ''] = spec.split(':');
  const wantedUid = userWord === '' ? 0 : numericId(userWord);
  const wantedGid = numericId(groupWord);
  const groups = parseGroup(files.group ?? '');
  const entry = parsePasswd(files.passwd ?? '').find((candidate) =>
    wantedUid === undefined ? candidate.name === userWord : candidate.uid === wantedUid,
  );
  if (entry === undefined && wantedUid === undefined)
    throw invalidArgument(`unable to find user ${userWord}: no matching entries in passwd file`);
  let gid = entry?.gid ?? 0;
  let supplementary: number[] = [];
  if (groupWord !== '') {
    const found = groups.find((group) =>
      wantedGid === undefined ? group.name === groupWord : group.gid === wantedGid,
    );
    if (found === undefined && wantedGid === undefined)
      throw invalidArgument(`unable to find group ${groupWord}: no matching entries in group file`);
    gid = found?.gid ?? wantedGid ?? 0;
  } else if (entry !== undefined) {
    supplementary = groups.filter((group) => group.members.includes(entry.name)).map((group) => group.gid);
  }
  return {
    uid: entry?.uid ?? wantedUid ?? 0,
    gid,
    additionalGids: [gid, ...supplementary, ...addedGroups(groupAdd, groups)],
    home: entry?.home || '/',
  };
}
