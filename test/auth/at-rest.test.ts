/** What lies on the disk opens nothing: no password, token or client secret in any form, in any file but the key ring. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { secretsOf } from '../../providers/redact.ts';
import { apiClient } from '../support/api-client.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { firstSync, startNode, type NodeUnderTest } from '../support/node-under-test.ts';

const username = 'ada@example.com';
const password = 'correct-horse-battery';

let server: MountedModelServer;
let kalends: NodeUnderTest;
beforeAll(async () => {
  server = await startModelServer({ users: { [username]: password } });
  server.world.addCalendar(username, 'Work');
  kalends = await startNode();
});
afterAll(async () => {
  await kalends.stop();
  await server.stop();
});

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name));

it('holds for the store, its journal and everything beside them', async () => {
  const login = { url: server.url, username, password };
  const { profileId, token } = await kalends.connectCalDav(login);
  await firstSync(kalends.ops, profileId);
  const app = await kalends.ops<{ app_id: string; client_secret: string }>('createApp', { name: 'another' });
  const added = await kalends.ops<{ client_secret: string }>('addSecret', { app: app.app_id });
  const asked = await apiClient(kalends.url, token).ask('POST', '/v1/channels', {
    callback_url: 'https://example.com/',
  });
  expect(asked.status).toBe(200);

  const files = filesIn(kalends.dataDir).filter((file) => !file.endsWith('sealing-keys'));
  const bytes = files.map((file) => readFileSync(file, 'latin1')).join('\n');
  // It is the right place to look: what is no secret is there.
  for (const plain of [username, profileId, app.app_id, 'https://example.com/']) expect(bytes).toContain(plain);
  const secrets = [...secretsOf(username, password), token, app.client_secret, added.client_secret];
  for (const secret of secrets) expect(bytes.includes(secret), secret.slice(0, 4)).toBe(false);
  const hexes = secrets.map((secret) => Buffer.from(secret).toString('hex'));
  for (const hex of hexes) expect(bytes.includes(hex)).toBe(false);
});

it('leaves the key ring to its owner alone', () => {
  expect(statSync(join(kalends.dataDir, 'sealing-keys')).mode & 0o777).toBe(0o600);
});
