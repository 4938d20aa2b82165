/** Reads stretches of the log as headers, and remembers the latest: several subscribers look at the same commits, again and again. */
import type { ProfileId } from '../../domain/ids.ts';
import { headerOf, type CommitHeader } from '../../domain/notification/relevance.ts';
import { commitKey } from '../../domain/commit.ts';
import type { Documents } from '../../store/documents.ts';

export interface LogReader {
  /** Commits of (after, to], ascending; ends early, at a whole commit, once there are `changesMax` changes. */
  read(
    profileId: ProfileId,
    after: number,
    to: number,
    changesMax: number,
  ): Promise<{ readonly commits: readonly CommitHeader[]; readonly through: number }>;
}

/** Commits carry bodies, up to 4 MiB each: few at once. */
const pageSize = 16;
/** Changes remembered; a header of one is about 200 bytes. */
const rememberedMax = 50_000;

export function createLogReader(store: Pick<Documents, 'find'>): LogReader {
  const remembered = createMemory();

  async function page(profileId: ProfileId, after: number, to: number): Promise<readonly CommitHeader[]> {
    const known: CommitHeader[] = [];
    for (let seq = after + 1; seq <= to && known.length < pageSize; seq += 1) {
      const header = remembered.get(commitKey(profileId, seq));
      if (header === undefined) break;
      known.push(header);
    }
    if (known.length > 0) return known;
    const commits = await store.find(
      'commitsOfProfile',
      { profileId, seq: { gt: after, lte: to } },
      { limit: pageSize },
    );
    const headers = commits.map(headerOf);
    for (const header of headers) remembered.put(commitKey(profileId, header.seq), header);
    return headers;
  }

  return {
    read: async (profileId, after, to, changesMax) => {
      const commits: CommitHeader[] = [];
      let room = changesMax;
      for (let at = after; at < to;) {
        const next = await page(profileId, at, to);
        if (next.length === 0) break;
        for (const header of next) {
          if (room <= 0) return { commits, through: at };
          commits.push(header);
          room -= header.changes.length;
          at = header.seq;
        }
      }
      return { commits, through: to };
    },
  };
}

/** Forgets the oldest first; the log never changes, so nothing here goes stale. */
function createMemory() {
  const headers = new Map<string, CommitHeader>();
  let size = 0;
  return {
    get: (key: string): CommitHeader | undefined => headers.get(key),
    put: (key: string, header: CommitHeader): void => {
      if (!headers.has(key)) size += header.changes.length;
      headers.set(key, header);
      for (const [oldest, old] of headers) {
        if (size <= rememberedMax) return;
        headers.delete(oldest);
        size -= old.changes.length;
      }
    },
  };
}
