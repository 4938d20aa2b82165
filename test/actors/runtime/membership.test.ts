/** Membership of a single node, and the lease that fences writes. */
import { expect, test } from 'vitest';
import { createLease, singleNode } from '../../../actors/runtime/membership.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

test('a single node owns every slot and may always write, until it stops', async () => {
  const membership = singleNode({ nodeId: 'here', epoch: 7 });
  await membership.start();
  expect([membership.owns(0), membership.owns(1_023), membership.ownerOf(5), membership.epoch]).toEqual([
    true,
    true,
    'here',
    7,
  ]);
  expect(membership.mayWrite(3_600_000)).toBe(true);
  await membership.stop();
  expect([membership.owns(0), membership.ownerOf(5), membership.mayWrite(0)]).toEqual([false, null, false]);
});

test('listeners hear once that the slots are given up, after it happened, unless they left', async () => {
  const membership = singleNode();
  const heard: string[] = [];
  membership.onChange(() => void heard.push(`owns ${String(membership.owns(3))}`));
  const leave = membership.onChange(() => void heard.push('left'));
  leave();
  await membership.stop();
  await membership.stop();
  expect(heard).toEqual(['owns false']);
});

test('a lease that was never granted allows nothing', () => {
  const lease = createLease(createFakeClock(0), 10_000);
  expect([lease.leftMs(), lease.mayWrite(0)]).toEqual([0, false]);
});

test('a write may start only if its time-out ends before the lease', async () => {
  const clock = createFakeClock(0);
  const lease = createLease(clock, 10_000);
  lease.renewed(clock.monotonic());
  expect([lease.mayWrite(9_999), lease.mayWrite(10_000)]).toEqual([true, false]);
  await clock.advance(4_000);
  expect([lease.mayWrite(5_999), lease.mayWrite(6_000)]).toEqual([true, false]);
  await clock.advance(6_000);
  expect([lease.leftMs(), lease.mayWrite(0)]).toEqual([0, false]);
});

test('a renewal counts from the moment it was sent, and a late answer to an older one shortens nothing', async () => {
  const clock = createFakeClock(0);
  const lease = createLease(clock, 10_000);
  const firstMs = clock.monotonic();
  await clock.advance(3_000);
  const secondMs = clock.monotonic();
  await clock.advance(2_000);
  lease.renewed(secondMs);
  expect(lease.leftMs()).toBe(8_000);
  lease.renewed(firstMs);
  expect(lease.leftMs()).toBe(8_000);
});
