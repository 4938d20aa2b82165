/** How Kalends reaches NATS: addresses, login and patience, the same for calls between processes and for the stream. */
import type { ConnectionOptions } from 'nats';

/** A server that restarts is back within seconds. */
const reconnectMs = 500;
/** A host that vanished answers nothing at all. */
const connectMs = 5_000;
/** Two of them without an answer end a connection: a partition is noticed within half a minute instead of four. */
const pingMs = 10_000;

/**
 * `url`: `nats://user:password@host:port`, `nats://token@host` or `tls://…`, several separated by commas. The client
 * library reads addresses alone, so that a login in the URL would be silently left out. Reconnects for ever.
 */
export function natsOptions(url: string, name: string): ConnectionOptions {
  const urls = url.split(',').map((one) => new URL(one.trim()));
  const login = urls.find((one) => one.username !== '');
  return {
    servers: urls.map((one) => one.host),
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectMs,
    timeout: connectMs,
    pingInterval: pingMs,
    ...(login === undefined ? {} : loginOf(login)),
    // Without it a server that offers no TLS would be spoken to in the clear.
    ...(urls.some((one) => one.protocol === 'tls:') ? { tls: {} } : {}),
  };
}

function loginOf({ username, password }: URL): ConnectionOptions {
  if (password === '') return { token: decodeURIComponent(username) };
  return { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
}
