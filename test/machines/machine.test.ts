/** The frame of the machines, and the page that is generated from them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { machineOf } from '../../domain/machines/machine.ts';
import { profileMachine } from '../../domain/machines/profile.ts';
import { renderMachines, run } from '../../tools/diagrams.ts';

type Light = { readonly name: 'red' } | { readonly name: 'green' };
interface Press {
  readonly kind: 'press';
}

const lying = machineOf<Light, Press, null, never>('light', 'red', {
  red: { press: { to: { green: 'always' }, step: () => ({ state: { name: 'green' }, effects: [] }) } },
  green: { press: { to: { red: 'it says' }, step: (state) => ({ state, effects: [] }) } },
});

test('a rule that leads where its table does not say is a defect, and throws', () => {
  expect(lying.transition({ name: 'red' }, { kind: 'press' }, null).state.name).toBe('green');
  expect(() => lying.transition({ name: 'green' }, { kind: 'press' }, null)).toThrow('off its table');
});

test('a state from a later version that this one does not know throws instead of guessing', () => {
  const unknown = { name: 'amber' } as unknown as Light;
  expect(() => lying.transition(unknown, { kind: 'press' }, null)).toThrow(/press in the state amber/);
});

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function pageWith(part: string): Promise<{ readonly folder: string; readonly page: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'kalends-diagrams-'));
  folders.push(folder);
  const page = join(folder, 'page.md');
  await writeFile(page, `# Before\n\n${part}\n\nAfter\n`);
  return { folder, page };
}

test('the page in the repository is current, and shows all machines', async () => {
  expect(await run({ check: true })).toEqual({ problem: null, machines: 4 });
});

test('a stale page fails the check, which does not touch it; a run without the check mends it', async () => {
  const { page } = await pageWith(renderMachines([]));
  const before = await readFile(page, 'utf8');
  expect((await run({ check: true, page })).problem).toMatch(/out of date/);
  expect(await readFile(page, 'utf8')).toBe(before);
  expect((await run({ check: false, page })).problem).toBeNull();
  expect((await run({ check: true, page })).problem).toBeNull();
  const text = await readFile(page, 'utf8');
  expect(text.startsWith('# Before\n')).toBe(true);
  expect(text.endsWith('\nAfter\n')).toBe(true);
  for (const state of profileMachine.states) expect(text).toContain(`    ${state}\n`);
});

test('a check that saw no machine fails', async () => {
  const { folder, page } = await pageWith(renderMachines([]));
  expect(await run({ check: true, folder, page })).toEqual({
    problem: 'no state machine was found, so nothing was checked',
    machines: 0,
  });
});

test('a page without the markers is an error, not a page without diagrams', async () => {
  const { page } = await pageWith('nothing here');
  await expect(run({ check: true, page })).rejects.toThrow(/no part between/);
});
