/** Nudges that get lost: what was accepted is found by the sweeps, whatever else waits in the store. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { asProfileId, newOperationId, type ProfileId } from '../../domain/ids.ts';
import { intentKey, type IntentDoc } from '../../domain/intent.ts';
import { intent } from '../store/samples.ts';
import { connectApplication, startNode, until, type NodeUnderTest } from '../support/node-under-test.ts';

let kalends: NodeUnderTest;
beforeAll(async () => {
  kalends = await startNode();
});
afterAll(() => kalends?.stop());

const profile = (id: ProfileId) => kalends.node.documents.get('profiles', id);

async function connected(name: string): Promise<ProfileId> {
  const id = asProfileId((await connectApplication(kalends.ops, name)).profileId);
  await until(
    'its calendar',
    () => kalends.node.documents.find('calendarsOfProfile', { profileId: id }),
    (all) => all.length > 0,
  );
  return id;
}

/** As the API does, but nobody is nudged. */
async function acceptSilently(id: ProfileId, count: number): Promise<void> {
  const { documents } = kalends.node;
  const [calendar] = await documents.find('calendarsOfProfile', { profileId: id });
  const owner = await profile(id);
  if (calendar === undefined || owner === null) throw new Error('the profile is not there');
  const nowMs = Date.now();
  const time = (ms: number) => ({ kind: 'instant', ms, tzid: 'Etc/UTC' }) as const;
  const patch = { summary: 'X', start: time(nowMs), end: time(nowMs + 3_600_000) };
  const accepted = Array.from({ length: count }, (_, k): IntentDoc => ({
    ...intent(id, k + 1),
    _id: intentKey(id, k + 1),
    accountId: owner.accountId,
    appId: owner.appId,
    operationId: newOperationId(nowMs, Math.random),
    wish: { kind: 'upsert', calendarId: calendar._id, eventId: `x${k}`, patch },
    acceptedAtMs: nowMs,
    expiresAtMs: nowMs + 86_400_000,
  }));
  await documents.insertMany('intents', accepted);
}

it('a write is found within seconds while hundreds wait at profiles that cannot work', async () => {
  const stuck = [await connected('stuck'), await connected('stuck too')];
  const well = await connected('well');
  for (const id of stuck) {
    await kalends.ops('disconnect', { profile: id });
    await until(
      'the end of work',
      () => profile(id),
      (one) => one?.state.name === 'disconnected',
    );
    await acceptSilently(id, 600);
  }
  await acceptSilently(well, 1);
  await until(
    'the write to be carried out',
    () => kalends.node.documents.find('intentsOfProfile', { profileId: well }),
    ([mine]) => mine?.state === 'written',
  );
  for (const id of stuck)
    expect(await kalends.node.documents.count('openIntentsOfProfile', { profileId: id, open: 1 })).toBe(600);
});
