/** What the demo tells its reader: enough of each answer, in short lines, and no step that verified nothing. */
import { expect, it } from 'vitest';
import { createNarrator } from '../../tools/demo/narrator.ts';

function paper() {
  const written: string[] = [];
  return {
    narrator: createNarrator({ write: (text) => void written.push(text), terminal: false }),
    lines: () => written.join('').split('\n'),
  };
}

it('shows a request before its answer, with the time it took', async () => {
  const { narrator, lines } = paper();
  await narrator.exchange(
    'GET /v1/account',
    () => {
      expect(lines()).toContain('   → GET /v1/account');
      return Promise.resolve(200);
    },
    String,
  );
  expect(lines().at(-2)).toMatch(/^ {3}← 200 \(\d+ ms\)$/);
});

it('shows three lines of a long answer and says that there is more', async () => {
  const { narrator, lines } = paper();
  const answer = JSON.stringify(Array.from({ length: 100 }, (_, k) => ({ number: k })));
  await narrator.exchange('GET /', () => Promise.resolve(answer), String);
  const shown = lines().slice(1, -1);
  expect(shown).toHaveLength(3);
  expect(shown.at(-1)).toMatch(/… \(\d+ ms\)$/);
  for (const line of shown.slice(0, -1)) expect(line).toMatch(/^ {3}[← ] {1}.{60,100},$/);
});

it('keeps the lines of what a command laid out for people', async () => {
  const { narrator, lines } = paper();
  await narrator.exchange('kalends ops explain', () => Promise.resolve('history:\n  1:\n    what: added\n'), String);
  expect(lines().slice(1, 4).join('\n')).toMatch(/^ {3}← history:\n {7}1:\n {9}what: added \(\d+ ms\)$/);
});

it('stops at what is not so, and names what was seen', () => {
  const { narrator } = paper();
  narrator.step('one');
  expect(() => narrator.verify('it is so', false, { seen: 1 })).toThrow('not so: it is so; seen: {"seen":1}');
});

it('stops after a step that verified nothing, the last one too', () => {
  const { narrator } = paper();
  narrator.step('one');
  narrator.verify('it is so', true);
  narrator.step('two');
  expect(() => narrator.step('three')).toThrow('nothing was verified in step 2');
  expect(() => narrator.end()).toThrow('nothing was verified in step 2');
  narrator.verify('it is so', true);
  expect(narrator.end()).toBe(2);
});
