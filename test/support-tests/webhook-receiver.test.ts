/** The receiver keeps exactly what it was sent, answers as told, and says what it got when it waits in vain. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

let receiver: WebhookReceiver;

beforeEach(async () => {
  receiver = await startWebhookReceiver();
});

afterEach(() => receiver.stop());

function send(body: string, path = 'hook?x=1'): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'cronofy-hmac-sha256': 'signature' };
  return fetch(receiver.url + path, { method: 'POST', body, headers, redirect: 'manual' });
}

test('keeps method, path with query, headers and the exact bytes', async () => {
  expect((await send('{"ä":  1}')).status).toBe(200);
  const request = await receiver.next();
  expect(request).toMatchObject({ method: 'POST', path: '/hook?x=1', body: '{"ä":  1}' });
  expect(request.headers['cronofy-hmac-sha256']).toBe('signature');
  expect(request.raw).toEqual(Buffer.from('{"ä":  1}'));
});

test('next waits for what is not there yet, and returns each request once, oldest match first', async () => {
  const third = receiver.next((request) => request.body === 'c');
  for (const body of ['a', 'b', 'c']) await send(body);
  expect((await third).body).toBe('c');
  expect((await receiver.next()).body).toBe('a');
  expect((await receiver.next((request) => request.body === 'b')).body).toBe('b');
  expect(receiver.requests).toHaveLength(3);
});

test('waiting in vain prints what was received', async () => {
  await send('the wrong one');
  await expect(receiver.next((request) => request.body === 'right', 20)).rejects.toThrow(
    /no matching request within 20 ms; 1 received:\nPOST \/hook\?x=1 the wrong one/,
  );
});

test('answers with a status, a redirect, or what it was told for the next ones', async () => {
  receiver.answer({ kind: 'status', status: 503, headers: { 'retry-after': '7' } });
  receiver.answerNext({ kind: 'redirect', to: 'http://10.0.0.1/' }, { kind: 'status', status: 204, delayMs: 5 });
  const redirect = await send('1');
  expect([redirect.status, redirect.headers.get('location')]).toEqual([302, 'http://10.0.0.1/']);
  expect((await send('2')).status).toBe(204);
  const refused = await send('3');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '7']);
});

test('reset ends the connection, hang keeps it without an answer; both are recorded', async () => {
  receiver.answerNext({ kind: 'reset' }, { kind: 'hang' });
  await expect(send('reset')).rejects.toThrow(TypeError);
  const given = new AbortController();
  const hanging = fetch(receiver.url, { method: 'POST', body: 'hang', signal: given.signal });
  await receiver.next((request) => request.body === 'hang');
  given.abort();
  await expect(hanging).rejects.toThrow(/abort/i);
});
