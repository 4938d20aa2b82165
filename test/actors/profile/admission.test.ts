/** Whom a process lets in to a host: once each, again while they have not come, and never more than a step holds. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHosts, type Hosts } from '../../../actors/profile/hosts.ts';
import { hosts as policy } from '../../../config/policies.ts';
import type { HostState } from '../../../domain/machines/host.ts';
import type { Documents } from '../../../store/documents.ts';
import { openSqlite } from '../../../store/engines/sqlite.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { profile, profileId } from '../../store/samples.ts';

let documents: Documents;
let clock: FakeClock;
beforeEach(async () => {
  documents = openSqlite({ path: ':memory:', durable: false });
  await documents.open();
  clock = createFakeClock(1_000_000_000);
});
afterEach(() => documents.close());

const host = 'a.example';
const hostsOf = (): Hosts => createHosts({ documents, clock, random: () => 0 });
const error = { code: 'timed_out', verdict: 'transient', retryAtMs: null, evidence: null } as const;

async function wait(count: number): Promise<void> {
  const all = Array.from({ length: count }, (_, k) =>
    profile(profileId(`${k}`), { waitsFor: host, nextWakeAtMs: clock.now() + policy.waitMs + k, slot: k % 2 }),
  );
  await documents.insertMany('profiles', all);
}

/** Lets time pass until what is known of hosts is read anew. */
const later = (ms: number = policy.lookMs): Promise<void> => clock.advance(ms);

async function breakHost(hosts: Hosts): Promise<HostState> {
  let state: HostState = { name: 'well' };
  for (let k = 0; k < policy.brokenAfterLogins; k += 1) state = await hosts.failed(host, `login-${k}`, error);
  return state;
}

test('of several processes one lets in one profile to probe, when its time has come', async () => {
  await wait(6);
  const [one, other] = [hostsOf(), hostsOf()];
  const state = await breakHost(one);
  if (state.name !== 'broken') throw new Error(state.name);
  expect(await one.admit(null)).toEqual([]);
  await later(state.probeAtMs - clock.now());
  const admitted = await Promise.all([one.admit(null), other.admit(null)]);
  expect(admitted.flat()).toEqual(['pro_0']);
  await later();
  expect([await one.admit(null), await other.admit(null)]).toEqual([[], []]);
});

test('a process without a waiting profile of its own leaves the probe to others', async () => {
  await wait(6);
  const hosts = hostsOf();
  const state = await breakHost(hosts);
  if (state.name !== 'broken') throw new Error(state.name);
  await later(state.probeAtMs - clock.now());
  expect(await hosts.admit([5])).toEqual([]);
  expect(await hosts.admit([1])).toEqual(['pro_1']);
});

test('those let in are named again until they come, and the next step begins in its time', async () => {
  await wait(30);
  const hosts = hostsOf();
  await breakHost(hosts);
  await hosts.answered(host);
  const first = ['pro_0', 'pro_1', 'pro_2', 'pro_3'];
  expect(await hosts.admit(null)).toEqual(first);
  await later();
  expect(await hosts.admit(null)).toEqual(first);
  for (const [k, id] of first.slice(0, 3).entries()) {
    hosts.took(profileId(`${k}`));
    await documents.remove('profiles', [id]);
  }
  await later(policy.rampStepMs);
  const second = await hosts.admit(null);
  expect(second).toHaveLength(1 + 8);
  expect(second[0]).toBe('pro_3');
});

test('a host is well when nobody waits any more, on whichever node', async () => {
  await wait(1);
  const hosts = hostsOf();
  await breakHost(hosts);
  await hosts.answered(host);
  expect(await hosts.admit([7])).toEqual([]);
  expect((await hosts.freshStateOf(host)).name).toBe('recovering');
  await documents.remove('profiles', ['pro_0']);
  await later();
  await hosts.admit([7]);
  expect(await hosts.freshStateOf(host)).toEqual({ name: 'well' });
});

test('a host in trouble that nobody asks any more is forgotten; while somebody waits for it, it is probed', async () => {
  const hosts = hostsOf();
  await hosts.failed(host, 'login', error);
  await later(policy.rememberMs + policy.lookMs);
  await hosts.admit(null);
  expect(await hosts.freshStateOf(host)).toEqual({ name: 'well' });

  await breakHost(hosts);
  await wait(1);
  await later(2 * policy.rememberMs);
  await hosts.admit([7]);
  expect((await hosts.freshStateOf(host)).name).toBe('broken');
  await documents.remove('profiles', ['pro_0']);
  await hosts.admit([7]);
  expect(await hosts.freshStateOf(host)).toEqual({ name: 'well' });
});

test('many processes that learn at the same time lose nothing of it', async () => {
  const all = Array.from({ length: policy.brokenAfterLogins }, () => hostsOf());
  await Promise.all(all.map((one, k) => one.failed(host, `login-${k}`, error)));
  expect((await hostsOf().freshStateOf(host)).name).toBe('broken');
});

test('a host that is well costs one question per second, however often it is asked about, and no document', async () => {
  let asked = 0;
  const counting = new Proxy(documents, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        asked += 1;
        return (value as (...of: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  const hosts = createHosts({ documents: counting, clock, random: () => 0 });
  for (let k = 0; k < 1_000; k += 1) {
    await hosts.stateOf(host);
    await hosts.answered(host);
  }
  await hosts.admit(null);
  expect(asked).toBe(1);
  expect(await documents.get('hosts', host)).toBeNull();
});
