/** Quiet period, maximum delay, freezing, retrying and giving up, as decisions over plain values. */
import { describe, expect, it } from 'vitest';

import { neverMs, type SubscriberDoc } from '../../domain/channel.ts';
import { netOf, type Net } from '../../domain/notification/net.ts';
import { acknowledged, closed, failed, planned, standsAlready } from '../../domain/notification/outcome.ts';
import { needsNet, plan, restsUntil } from '../../domain/notification/plan.ts';
import { noMarks, type CommitHeader } from '../../domain/notification/relevance.ts';
import { newChannel } from '../../domain/notification/subscriber.ts';
import { asChannelId } from '../../domain/ids.ts';
import {
  accountId,
  appId,
  commit,
  deliveryId,
  everything,
  home,
  inFlight,
  policy,
  put,
  removed,
  subscriber,
  work,
} from './samples.ts';

const net = (commits: readonly CommitHeader[], one: SubscriberDoc = subscriber(), more = false): Net => {
  const through = Object.fromEntries(commits.map(({ profileId, seq }) => [profileId, seq]));
  return netOf({ commits, through, more }, one, noMarks);
};
const decide = (one: SubscriberDoc, commits: readonly CommitHeader[], nowMs: number) =>
  plan(one, { net: net(commits, one), deliveryId: deliveryId(7) }, nowMs, policy);
const notice = (seq: number, atMs: number, type: 'quarantined' | 'reinstated' | 'initial_sync_completed') =>
  commit(seq, atMs, [{ kind: 'notice', notice: type }], { cause: 'state' });

describe('the quiet period', () => {
  it('ends 5 s after the last change', () => {
    const changes = [commit(1, 100_000, [put('a')]), commit(2, 103_000, [put('b')])];
    expect(decide(subscriber(), changes, 104_000)).toEqual({ kind: 'wait', dueAtMs: 108_000, pendingSinceMs: 100_000 });
    expect(decide(subscriber(), changes, 108_000).kind).toBe('freeze');
  });

  it('is not prolonged by observations, own writes and outcomes', () => {
    const changes = [
      commit(1, 100_000, [put('a')]),
      commit(2, 103_000, [put('b', false)]),
      commit(3, 104_000, [put('c'), { kind: 'managed', resourceId: null }], { cause: 'write' }),
    ];
    expect(decide(subscriber(), changes, 104_000)).toMatchObject({ kind: 'wait', dueAtMs: 105_000 });
  });

  it('never lasts longer than 30 s after the first change', () => {
    const pending = subscriber({ pendingSinceMs: 100_000, dueAtMs: 128_000 });
    expect(decide(pending, [commit(9, 127_000, [put('a')])], 128_000)).toMatchObject({
      kind: 'wait',
      dueAtMs: 130_000,
    });
    expect(decide(pending, [commit(9, 129_999, [put('a')])], 130_000).kind).toBe('freeze');
  });

  it('cannot be stretched by a commit of a node whose clock is ahead', () => {
    const ahead = [commit(1, 900_000, [put('a')])];
    const first = decide(subscriber(), ahead, 100_000);
    expect(first).toEqual({ kind: 'wait', dueAtMs: 105_000, pendingSinceMs: 100_000 });
    expect(decide(planned(subscriber(), first), ahead, 130_000).kind).toBe('freeze');
  });

  it('does not hold back what was committed long ago and projected only now', () => {
    expect(decide(subscriber(), [commit(1, 10_000, [put('a')])], 100_000).kind).toBe('freeze');
  });

  it('is cut short by a notice, which follows the changes before it', () => {
    const frozen = decide(
      subscriber(),
      [commit(1, 99_000, [put('a')]), notice(2, 99_500, 'initial_sync_completed')],
      99_600,
    );
    expect(frozen).toMatchObject({
      kind: 'freeze',
      inFlight: { notification: 'change', through: { [work]: 2 } },
      notices: ['profile_initial_sync_completed'],
    });
  });

  it('is cut short when more of the log waits behind', () => {
    const one = subscriber();
    const stretch = net([commit(1, 99_000, [put('a')])], one, true);
    expect(plan(one, { net: stretch, deliveryId: deliveryId(1) }, 99_100, policy).kind).toBe('freeze');
  });
});

describe('a frozen notification', () => {
  it('reaches back to the last acknowledged one, in whole seconds rounded down', () => {
    const one = subscriber({ toldAtMs: 55_999 });
    const frozen = decide(one, [commit(4, 60_250, [put('a')]), commit(5, 61_750, [removed('a')])], 70_000);
    expect(frozen).toEqual({
      kind: 'freeze',
      inFlight: {
        deliveryId: deliveryId(7),
        notification: 'change',
        changesSinceMs: 55_000,
        through: { [work]: 5 },
        throughAtMs: 61_750,
        firstAttemptAtMs: null,
        attempts: 0,
      },
      notices: [],
      dueAtMs: 70_000,
    });
  });

  it("reaches back to another profile's commit that is dated before the last acknowledged one", () => {
    const changes = [commit(1, 42_500, [put('a')], { profileId: home })];
    expect(decide(subscriber({ toldAtMs: 55_000 }), changes, 70_000)).toMatchObject({
      inFlight: { changesSinceMs: 42_000 },
    });
  });

  it('does not cancel out an event that came and went within the quiet period', () => {
    const changes = [commit(1, 60_000, [put('a')]), commit(2, 60_001, [removed('a')])];
    expect(decide(subscriber(), changes, 70_000).kind).toBe('freeze');
  });

  it('is attempted as it is, with every attempt counted before it is made', () => {
    const one = subscriber({ inFlight: inFlight(), dueAtMs: 20_000 });
    const first = decide(one, [], 20_000);
    expect(first).toEqual({
      kind: 'attempt',
      inFlight: inFlight({ attempts: 1, firstAttemptAtMs: 20_000 }),
      dueAtMs: 35_000,
    });
    const again = decide({ ...planned(one, first), dueAtMs: 30_000 }, [], 31_000);
    expect(again).toMatchObject({ inFlight: inFlight({ attempts: 2, firstAttemptAtMs: 20_000 }) });
  });

  it('stays alone while it is under way, whatever else comes', () => {
    const one = subscriber({ inFlight: inFlight(), dueAtMs: 20_000, notices: ['profile_quarantined'] });
    expect(restsUntil(one, 19_999)).toBe(20_000);
    expect(restsUntil(one, 20_000)).toBeNull();
    expect(needsNet(one)).toBe(false);
  });

  it('is followed by what came meanwhile, reaching back to what it told', () => {
    const told = acknowledged(subscriber({ inFlight: inFlight() }), inFlight(), 20_000);
    expect(told).toMatchObject({ told: { [work]: 3 }, toldAtMs: 12_345, inFlight: null, failures: 0, dueAtMs: 20_000 });
    expect(decide(told, [commit(4, 15_000, [put('b')])], 20_000)).toMatchObject({
      inFlight: { changesSinceMs: 12_000 },
    });
  });
});

describe('failures', () => {
  const flying = inFlight({ firstAttemptAtMs: 100_000, attempts: 3 });
  const one = subscriber({ inFlight: flying, toldAtMs: 50_000 });
  const failure = { error: 'the endpoint answered 500', retryAtMs: 200_000 };

  it('are tried again with the same notification', () => {
    const after = failed(one, flying, failure, 150_000, policy);
    expect(after).toMatchObject({ inFlight: flying, failures: 1, dueAtMs: 200_000, told: {}, toldAtMs: 50_000 });
  });

  it('are tried a last time at the end of 24 h', () => {
    const nearEnd = 100_000 + policy.retryForMs - 1;
    const after = failed(one, flying, { ...failure, retryAtMs: nearEnd + 3_600_000 }, nearEnd, policy);
    expect(after.dueAtMs).toBe(100_000 + policy.retryForMs);
    expect(after.inFlight).toEqual(flying);
  });

  it('end after 24 h with a plain record, the channel open, and nothing lost for the reader', () => {
    const endMs = 100_000 + policy.retryForMs;
    const after = failed(one, flying, failure, endMs, policy);
    expect(after).toMatchObject({
      open: 1,
      inFlight: null,
      told: { [work]: 3 },
      toldAtMs: 10_000,
      givenUp: { deliveryId: flying.deliveryId, attempts: 3, atMs: endMs, error: 'the endpoint answered 500' },
    });
    const next = decide(after, [commit(4, endMs, [put('b')])], endMs + 10_000);
    expect(next).toMatchObject({ inFlight: { changesSinceMs: flying.changesSinceMs } });
  });
});

describe('what tells nobody', () => {
  it('is passed over, and the high-water mark stays where the last notification left it', () => {
    const own = [commit(1, 10_000, [put('a')], { cause: 'write' }), commit(2, 11_000, [put('a', false)])];
    const passed = planned(subscriber({ toldAtMs: 5_000 }), decide(subscriber({ toldAtMs: 5_000 }), own, 12_000));
    expect(passed).toMatchObject({ told: { [work]: 2 }, toldAtMs: 5_000, dueAtMs: neverMs, pendingSinceMs: null });
    expect(standsAlready(passed, decide(passed, [], 12_000))).toBe(true);
  });
});

describe('notices', () => {
  it('are told at once, each by its own type, in order, repeats side by side once', () => {
    const states = [notice(1, 1_000, 'quarantined'), notice(2, 2_000, 'quarantined'), notice(3, 3_000, 'reinstated')];
    let one = planned(subscriber(), decide(subscriber(), states, 3_000));
    expect(one).toMatchObject({ told: { [work]: 3 }, notices: ['profile_quarantined', 'profile_reinstated'] });
    const types: string[] = [];
    while (one.notices.length > 0 || one.inFlight !== null) {
      one = planned(one, decide(one, [], 3_000));
      if (one.inFlight === null) throw new Error('expected a frozen notice');
      expect(one.inFlight.changesSinceMs).toBeNull();
      types.push(one.inFlight.notification);
      one = acknowledged(one, one.inFlight, 3_000);
    }
    expect(types).toEqual(['profile_quarantined', 'profile_reinstated']);
    expect(one).toMatchObject({ told: { [work]: 3 }, toldAtMs: 0 });
  });

  it('begin with the verification of a new channel, which is not told what was before it', () => {
    const request = {
      channelId: asChannelId('chn_9'),
      appId,
      accountId,
      callbackUrl: 'https://a.example',
      filters: everything,
    };
    const opened = newChannel(request, [{ _id: work, projectedSeq: 12 }], 77_000);
    expect(opened).toMatchObject({ _id: 'chn_9', told: { [work]: 12 }, toldAtMs: 77_000, dueAtMs: 77_000 });
    expect(decide(opened, [], 77_000)).toMatchObject({ kind: 'freeze', inFlight: { notification: 'verification' } });
  });

  it('travel inside the messages of a stream, so they count as a change there', () => {
    const stream = subscriber({ kind: 'stream', channelId: null, callbackUrl: null });
    const frozen = decide(stream, [notice(1, 1_000, 'quarantined')], 1_000);
    expect(frozen).toMatchObject({
      kind: 'freeze',
      inFlight: { notification: 'change', through: { [work]: 1 } },
      notices: [],
    });
  });
});

describe('a closed channel', () => {
  it('is told nothing more, even what is in flight', () => {
    const one = closed(subscriber({ inFlight: inFlight(), dueAtMs: 1 }));
    expect(restsUntil(one, 1_000)).toBe(neverMs);
    expect(decide(one, [commit(1, 1, [put('a')])], 1_000)).toMatchObject({ kind: 'wait', dueAtMs: neverMs });
  });
});
