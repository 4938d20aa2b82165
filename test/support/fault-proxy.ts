/** A TCP proxy in front of any server that does to connections what networks do; switchable while it runs. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export type Direction = 'to_server' | 'to_client';

/** What happens to bytes and connections; `direction` absent: both. It holds for open connections too. */
export type ProxyFault =
  | { readonly kind: 'none' }
  /** Each chunk is held back this long. */
  | { readonly kind: 'delay'; readonly ms: number; readonly direction?: Direction }
  /** After this many bytes of a connection, counted from now, it ends: politely or by a reset. */
  | { readonly kind: 'cut'; readonly afterBytes: number; readonly direction: Direction; readonly reset?: boolean }
  /** Connections are accepted and everything is swallowed; the server hears nothing. */
  | { readonly kind: 'black_hole' }
  /** The server hears the client and does its work; nothing comes back and the connection stays. */
  | { readonly kind: 'half_open' }
  | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number; readonly direction?: Direction }
  /** Nobody listens. */
  | { readonly kind: 'refuse' }
  /** Connections are accepted and reset at once. */
  | { readonly kind: 'reset' };

export interface ProxyCounts {
  /** Accepted, whatever became of them. */
  connections: number;
  bytesToServer: number;
  bytesToClient: number;
  cut: number;
  reset: number;
  /** Bytes that a black hole or a half-open connection kept. */
  swallowed: number;
}

export interface FaultProxy {
  /** `http://127.0.0.1:PORT/`; for other protocols take `port`. */
  readonly url: string;
  readonly port: number;
  readonly counts: Readonly<ProxyCounts>;
  readonly fault: ProxyFault;
  /** From now on. Resolves once new connections meet it. */
  set(fault: ProxyFault): Promise<void>;
  /** Ends all open connections by a reset, as a router that forgets its table. */
  dropConnections(): void;
  stop(): Promise<void>;
}

/** Starts one in front of a URL's host and port, or of a bare `{ host, port }`. */
export async function startFaultProxy(
  target: string | { readonly host: string; readonly port: number },
): Promise<FaultProxy> {
  const proxy = new ForwardingProxy(typeof target === 'string' ? addressOf(target) : target);
  await proxy.listen();
  return proxy;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

function addressOf(url: string): Address {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) };
}

/** One direction of one connection. */
interface Stream {
  readonly from: Socket;
  readonly to: Socket;
  readonly direction: Direction;
  /** Bytes since the fault of `version` was set. */
  passed: number;
  version: number;
}

class ForwardingProxy implements FaultProxy {
  port = 0;
  readonly counts: ProxyCounts = {
    connections: 0,
    bytesToServer: 0,
    bytesToClient: 0,
    cut: 0,
    reset: 0,
    swallowed: 0,
  };
  fault: ProxyFault = { kind: 'none' };
  readonly #target: Address;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #version = 0;

  constructor(target: Address) {
    this.#target = target;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  async set(fault: ProxyFault): Promise<void> {
    this.fault = fault;
    this.#version += 1;
    if (fault.kind === 'refuse') await this.#closeListener();
    else if (this.#server === null) await this.listen();
    if (fault.kind === 'reset') this.dropConnections();
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.dropConnections();
    await this.#closeListener();
  }

  async listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async #closeListener(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = once(server, 'close');
    server.close();
    // Open connections would keep a listener from closing; a refusing host has none.
    this.dropConnections();
    await closed;
  }

  #accept(client: Socket): void {
    this.counts.connections += 1;
    this.#keep(client);
    if (this.fault.kind === 'reset') {
      this.counts.reset += 1;
      client.resetAndDestroy();
      return;
    }
    const server = connect({ ...this.#target, allowHalfOpen: true });
    this.#keep(server);
    void this.#pump({ from: client, to: server, direction: 'to_server', passed: 0, version: this.#version });
    void this.#pump({ from: server, to: client, direction: 'to_client', passed: 0, version: this.#version });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  /** Carries one direction until an end; chunks keep their order, a slow reader slows the writer. */
  async #pump(stream: Stream): Promise<void> {
    const { from, to } = stream;
    try {
      for await (const chunk of from) {
        if (!(await this.#pass(stream, chunk as Buffer))) return;
      }
      // What a black hole swallowed must not be followed by an end that the other side can see.
      if (this.fault.kind !== 'black_hole' && this.fault.kind !== 'half_open') to.end();
    } catch {
      to.destroy();
    }
  }

  /** False once the connection is over. */
  async #pass(stream: Stream, chunk: Buffer): Promise<boolean> {
    if (stream.version !== this.#version) Object.assign(stream, { version: this.#version, passed: 0 });
    const { fault } = this;
    const concerned = !('direction' in fault) || fault.direction === undefined || fault.direction === stream.direction;
    if (!concerned) return this.#write(stream, chunk);
    switch (fault.kind) {
      case 'delay':
        await sleep(fault.ms);
        return this.#write(stream, chunk);
      case 'bandwidth':
        return this.#trickle(stream, chunk, fault.bytesPerSecond);
      case 'cut':
        return this.#cut(stream, chunk, fault);
      case 'half_open':
        if (stream.direction === 'to_server') return this.#write(stream, chunk);
        this.counts.swallowed += chunk.byteLength;
        return true;
      case 'black_hole':
        this.counts.swallowed += chunk.byteLength;
        return true;
      case 'none':
      case 'refuse':
      case 'reset':
        return this.#write(stream, chunk);
      default:
        throw new Error(`unknown fault ${JSON.stringify(fault satisfies never)}`);
    }
  }

  async #write(stream: Stream, chunk: Buffer): Promise<boolean> {
    stream.passed += chunk.byteLength;
    if (stream.direction === 'to_server') this.counts.bytesToServer += chunk.byteLength;
    else this.counts.bytesToClient += chunk.byteLength;
    if (stream.to.destroyed) return false;
    if (!stream.to.write(chunk)) await Promise.race([once(stream.to, 'drain'), once(stream.to, 'close')]);
    return true;
  }

  async #trickle(stream: Stream, chunk: Buffer, bytesPerSecond: number): Promise<boolean> {
    const step = Math.max(1, Math.ceil(bytesPerSecond / 20));
    for (let from = 0; from < chunk.byteLength; from += step) {
      if (!(await this.#write(stream, chunk.subarray(from, from + step)))) return false;
      await sleep(50);
    }
    return true;
  }

  async #cut(stream: Stream, chunk: Buffer, fault: ProxyFault & { kind: 'cut' }): Promise<boolean> {
    const left = fault.afterBytes - stream.passed;
    if (chunk.byteLength < left) return this.#write(stream, chunk);
    if (left > 0) await this.#write(stream, chunk.subarray(0, left));
    this.counts.cut += 1;
    // The receiver gets what was let through, then an end; the sender is reset.
    if (fault.reset === true) stream.to.resetAndDestroy();
    else stream.to.destroySoon();
    stream.from.resetAndDestroy();
    return false;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref());
}
