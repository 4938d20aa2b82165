/** Looks under way: none at the same time for one name, none forgotten, failures repeated. */
import { describe, expect, it } from 'vitest';

import { createLooks } from '../../actors/subscriber/looks.ts';

/** A look that ends when the test says so. */
function controlled() {
  const begun: string[] = [];
  const ends: ((outcome: number | Error) => void)[] = [];
  const looks = createLooks(
    (id) =>
      new Promise((resolve, reject) => {
        begun.push(id);
        ends.push((outcome) => (typeof outcome === 'number' ? resolve(outcome) : reject(outcome)));
      }),
    () => undefined,
  );
  const end = async (outcome: number | Error): Promise<void> => {
    ends.shift()?.(outcome);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  return { looks, begun, end };
}

describe('a look', () => {
  it('that was asked for while it is under way is made once more, however often it was asked for', async () => {
    const { looks, begun, end } = controlled();
    const first = looks.request('a');
    void looks.request('a');
    const second = looks.request('a');
    expect(begun).toEqual(['a']);
    await end(1);
    expect(begun).toEqual(['a', 'a']);
    await end(2);
    expect(await first).toBe(3);
    expect(await second).toBe(3);
    expect(looks.isUnderWay('a')).toBe(false);
  });

  it('of another name goes on beside it', () => {
    const { looks, begun } = controlled();
    void looks.request('a');
    void looks.request('b');
    expect(begun).toEqual(['a', 'b']);
    expect(looks.underWay()).toBe(2);
  });

  it('that failed answers 0 and is repeated when the sweep asks, once', async () => {
    const { looks, begun, end } = controlled();
    const failing = looks.request('a');
    await end(new Error('the store is down'));
    expect(await failing).toBe(0);
    looks.repeatFailed();
    expect(begun).toEqual(['a', 'a']);
    await end(1);
    looks.repeatFailed();
    expect(begun).toEqual(['a', 'a']);
  });

  it('is waited for by idle, with those that it led to', async () => {
    const { looks, end } = controlled();
    void looks.request('a');
    let idle = false;
    const waiting = looks.idle().then(() => {
      idle = true;
    });
    void looks.request('a');
    await end(1);
    expect(idle).toBe(false);
    await end(1);
    await waiting;
    expect(looks.underWay()).toBe(0);
  });
});
