/** The file of sealing keys: made with the first store, and never replaced where it is lost. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { unusableFile } from '../../domain/unusable-file.ts';
import { fromSqlite } from '../../store/engines/sqlite-errors.ts';
import { newNode, startNode } from '../support/node-under-test.ts';
import { scratch } from '../support/scratch.ts';

const folder = scratch();

it('lost beside a store with secrets it is an error that says what to do, and no new one is made', async () => {
  const dataDir = folder('data');
  const first = await startNode({ dataDir });
  await first.ops('createApp', { name: 'tests' });
  await first.stop();
  const file = join(dataDir, 'sealing-keys');
  rmSync(file);
  const again = newNode(dataDir);
  await expect(again.start()).rejects.toMatchObject({
    code: 'configuration_invalid',
    message: `${file} is missing, and the store holds secrets that its keys sealed`,
    next: expect.stringMatching(/backup.*KALENDS_KEYS/),
  });
  await again.stop();
  expect(existsSync(file)).toBe(false);
});

it('is made for a store that has no secrets yet', async () => {
  const dataDir = folder('data');
  await (await startNode({ dataDir })).stop();
  rmSync(join(dataDir, 'sealing-keys'));
  await (await startNode({ dataDir })).stop();
  expect(existsSync(join(dataDir, 'sealing-keys'))).toBe(true);
});

it('that cannot be read is told in words', () => {
  const dataDir = folder('data');
  mkdirSync(join(dataDir, 'sealing-keys'), { recursive: true });
  expect(() => newNode(dataDir)).toThrow(expect.objectContaining({ code: 'configuration_invalid' }));
});

it('what this user may not do is told with who may, for every file of the data directory', () => {
  const refused = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', syscall: 'open' });
  for (const error of [unusableFile('data/sealing-keys', 'read', refused), fromSqlite(refused, 'data/x.sqlite')]) {
    expect(error).toMatchObject({
      code: 'configuration_invalid',
      next: expect.stringContaining('as the user who runs'),
    });
    expect(error.message).toContain('this user may not (EACCES)');
  }
});
