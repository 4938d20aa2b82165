/** Tokens, authentication and the registry. */
import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { AppDoc } from '../../domain/account.ts';
import { isKalendsError } from '../../domain/errors.ts';
import { createAuthenticator, rememberedMs, type Authenticator } from '../../services/auth/authenticate.ts';
import {
  addClientSecret,
  createAccount,
  createApp,
  createGrant,
  findOrCreateApp,
  issueToken,
  liveGrants,
  revokeGrant,
  secretContext,
  type RegistryContext,
} from '../../services/auth/registry.ts';
import { bearerOf, hashToken, newToken, sameHash } from '../../services/auth/tokens.ts';
import { createSealing } from '../../services/sealing.ts';
import type { Documents } from '../../store/documents.ts';
import { openSqlite } from '../../store/engines/sqlite.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';

let documents: Documents;
let clock: FakeClock;
let registry: RegistryContext;
let authenticator: Authenticator;

beforeEach(async () => {
  documents = openSqlite({ path: ':memory:' });
  await documents.open();
  clock = createFakeClock(1_795_000_000_000);
  const sealing = createSealing([{ id: 'k1', key: randomBytes(32) }], randomBytes);
  registry = { documents, clock, random: () => Math.random(), randomBytes, sealing };
  authenticator = createAuthenticator({ documents, clock });
});
afterEach(() => documents.close());

async function newGrant() {
  const { app } = await createApp(registry, `app ${randomBytes(4).toString('hex')}`);
  const account = await createAccount(registry, { appId: app._id, email: null, name: null, timeZone: 'Etc/UTC' });
  return createGrant(registry, account);
}

const codeOf = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'fine',
    (error: unknown) => (isKalendsError(error) ? error.code : String(error)),
  );

describe('tokens', () => {
  it('have 32 characters that need no escaping, and do not repeat', () => {
    const tokens = Array.from({ length: 100 }, () => newToken(randomBytes));
    expect(new Set(tokens).size).toBe(100);
    for (const token of tokens) expect(token).toMatch(/^[\w-]{32}$/);
  });

  it('are hashed with SHA-256', () => {
    expect(hashToken('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sameHash('ab', 'ab')).toBe(true);
    expect(sameHash('ab', 'ac')).toBe(false);
    expect(sameHash('ab', 'abc')).toBe(false);
  });

  it.each([
    ['Bearer abc', 'abc'],
    ['bearer  abc ', 'abc'],
    [undefined, null],
    ['', null],
    ['Bearer', null],
    ['Bearer ', null],
    ['Bearer None', null],
    ['Basic abc', null],
    ['Bearer a b', null],
    ['Bearer a\u00e9', null],
    [`Bearer ${'x'.repeat(5_000)}`, null],
  ])('are read from %j as %j', (header, token) => {
    expect(bearerOf(header)).toBe(token);
  });
});

describe('authentication', () => {
  it('names the caller, and the store holds nothing that opens', async () => {
    const grant = await newGrant();
    const token = await issueToken(registry, grant);
    expect(await authenticator.authenticate(`Bearer ${token}`)).toEqual({
      appId: grant.appId,
      accountId: grant.accountId,
      grantId: grant._id,
      scopes: grant.scopes,
    });
    const stored = await documents.get('tokens', createHash('sha256').update(token).digest('hex'));
    expect(stored?.grantId).toBe(grant._id);
    expect(JSON.stringify(stored)).not.toContain(token);
  });

  it('does not say what is wrong with a token, but says when there is none', async () => {
    const grant = await newGrant();
    const expired = await issueToken(registry, grant, 1_000);
    await clock.advance(1_000);
    const refused = ['Bearer nobody', `Bearer ${expired}`, undefined, 'Bearer None', expired].map((header) =>
      authenticator.authenticate(header).then(String, String),
    );
    const [unknown, late, ...none] = await Promise.all(refused);
    expect(late).toBe(unknown);
    expect(new Set(none).size).toBe(1);
    expect(none[0]).toContain('Authorization: Bearer');
    expect(await codeOf(authenticator.authenticate(`Bearer ${expired}`))).toBe('unknown_token');
  });

  it('believes a token no longer than it lives, although it is remembered', async () => {
    const token = await issueToken(registry, await newGrant(), 2_000);
    expect(await codeOf(authenticator.authenticate(`Bearer ${token}`))).toBe('fine');
    await clock.advance(1_999);
    expect(await codeOf(authenticator.authenticate(`Bearer ${token}`))).toBe('fine');
    await clock.advance(1);
    expect(await codeOf(authenticator.authenticate(`Bearer ${token}`))).toBe('unknown_token');
  });

  it('asks the store once in a while, and never for longer than it may remember', async () => {
    const grant = await newGrant();
    const header = `Bearer ${await issueToken(registry, grant)}`;
    const get = vi.spyOn(documents, 'get');
    await authenticator.authenticate(header);
    const asked = get.mock.calls.length;
    await authenticator.authenticate(header);
    expect(get.mock.calls.length).toBe(asked);
    // Revoked on another node: this one hears of it when it asks again.
    await revokeGrant(registry, grant._id);
    await clock.advance(rememberedMs);
    expect(await codeOf(authenticator.authenticate(header))).toBe('unknown_token');
  });

  it('forgets a grant at once where it is told to', async () => {
    const [grant, other] = [await newGrant(), await newGrant()];
    const [header, kept] = [
      `Bearer ${await issueToken(registry, grant)}`,
      `Bearer ${await issueToken(registry, other)}`,
    ];
    await authenticator.authenticate(header);
    await authenticator.authenticate(kept);
    await revokeGrant(registry, grant._id);
    authenticator.forget(grant._id);
    expect(await codeOf(authenticator.authenticate(header))).toBe('unknown_token');
    expect(await codeOf(authenticator.authenticate(kept))).toBe('fine');
  });

  it('does not remember a grant that it was told to forget while it was asking for it', async () => {
    const grant = await newGrant();
    const header = `Bearer ${await issueToken(registry, grant)}`;
    const get = documents.get.bind(documents);
    const spy = vi.spyOn(documents, 'get').mockImplementation(async (...asked: Parameters<typeof get>) => {
      const found = await get(...asked);
      if (asked[0] !== 'grants') return found;
      spy.mockRestore();
      await revokeGrant(registry, grant._id);
      authenticator.forget(grant._id);
      return found;
    });
    await authenticator.authenticate(header).catch(() => undefined);
    expect(await codeOf(authenticator.authenticate(header))).toBe('unknown_token');
  });

  it('gives no scope that the grant no longer has', async () => {
    const grant = await newGrant();
    const token = await issueToken(registry, grant);
    await documents.replace('grants', { ...grant, rev: 2, scopes: ['read_events'] }, 1);
    expect((await authenticator.authenticate(`Bearer ${token}`)).scopes).toEqual(['read_events']);
  });
});

describe('the registry', () => {
  /** As whoever signs a callback opens them. */
  const secretsOf = ({ _id, secrets }: AppDoc): string[] =>
    secrets.map(({ sealed }) => registry.sealing.open(sealed, secretContext(_id)));

  it('shows a client secret once and keeps it sealed for its application', async () => {
    const { app, clientSecret } = await createApp(registry, 'one');
    expect(clientSecret).toMatch(/^KLN_[\w-]{43}$/);
    expect(JSON.stringify(await documents.get('apps', app._id))).not.toContain(clientSecret);
    expect(secretsOf(app)).toEqual([clientSecret]);
    const { app: other } = await createApp(registry, 'two');
    expect(() => secretsOf({ ...other, secrets: app.secrets })).toThrow();
  });

  it('has the newest secret first while the older one still signs', async () => {
    const { app, clientSecret } = await createApp(registry, 'one');
    const second = await addClientSecret(registry, app._id);
    const stored = await documents.get('apps', app._id);
    expect(stored === null ? [] : secretsOf(stored)).toEqual([second, clientSecret]);
  });

  it('makes one application of a name, also in a race', async () => {
    const apps = await Promise.all(Array.from({ length: 8 }, () => findOrCreateApp(registry, 'raced')));
    expect(new Set(apps.map((one) => one._id)).size).toBe(1);
    expect(await codeOf(createApp(registry, 'raced'))).toBe('duplicate_key');
  });

  it('revokes a grant with all its tokens, as often as it is asked to', async () => {
    const grant = await newGrant();
    await issueToken(registry, grant);
    await issueToken(registry, grant);
    expect((await liveGrants(documents, grant.accountId)).map((one) => one._id)).toEqual([grant._id]);
    await revokeGrant(registry, grant._id);
    await revokeGrant(registry, grant._id);
    expect(await liveGrants(documents, grant.accountId)).toEqual([]);
    expect(await documents.count('tokensOfGrant', { grantId: grant._id })).toBe(0);
  });
});
