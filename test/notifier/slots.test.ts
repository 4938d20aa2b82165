/** Slots: a bound in all, a share for each host, first come first served, and nobody left waiting at the end. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createSlots, type Release } from '../../actors/subscriber/slots.ts';

describe('slots', () => {
  it('let those pass whose host has room', async () => {
    const slots = createSlots(3, 2);
    const order: string[] = [];
    const enter = (host: string, name: string) =>
      slots.take(host).then((release) => {
        order.push(name);
        return release;
      });
    const first = await enter('slow', 's1');
    await enter('slow', 's2');
    const waiting = enter('slow', 's3');
    await enter('well', 'w1');
    expect(order).toEqual(['s1', 's2', 'w1']);
    first?.();
    await waiting;
    expect(order).toEqual(['s1', 's2', 'w1', 's3']);
  });

  it('send everyone away when they close, and give out none afterwards', async () => {
    const slots = createSlots(1, 1);
    const held = await slots.take('a');
    const waiting = slots.take('a');
    slots.close();
    expect(await waiting).toBeNull();
    held?.();
    expect(await slots.take('a')).toBeNull();
  });

  it('are never more than the bounds, and everyone gets one in the end', async () => {
    const hosts = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        hosts,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        async (takes, total, share) => {
          const slots = createSlots(total, share);
          const held: { readonly host: string; readonly release: Release }[] = [];
          let served = 0;
          for (const host of takes) {
            void slots.take(host).then((release) => {
              served += 1;
              if (release !== null) held.push({ host, release });
            });
          }
          while (served < takes.length) {
            await Promise.resolve();
            expect(held.length).toBeLessThanOrEqual(total);
            for (const host of 'abc') expect(held.filter((one) => one.host === host).length).toBeLessThanOrEqual(share);
            const first = held.shift();
            first?.release();
            // A slot that is given back twice is given back once.
            first?.release();
          }
        },
      ),
      { numRuns: 200, seed: 3 },
    );
  });
});
