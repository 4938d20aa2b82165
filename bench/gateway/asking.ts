/** A small HTTP client in a process of its own: keep-alive sockets, each asking again as soon as it was answered. */
import { connect, type Socket } from 'node:net';
import type { SubjectActions } from '../kit/subject.ts';

export interface Asked {
  readonly port: number;
  readonly method: 'GET' | 'POST';
  /**
   * `{time}` stands for a time before six in the morning that is another one in each request, `{window}` for the next of
   * `windows`, from the first one in each run.
   */
  readonly path: string;
  readonly windows?: readonly string[];
  readonly token: string;
  /** JSON; `{n}` stands for a number of six digits that is another one in each request. */
  readonly body?: string;
  readonly connections: number;
  readonly requests: number;
  /** Any other status is an error. */
  readonly status: number;
}

export interface Answered {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
  /** The body of the first answer. */
  readonly first: string;
}

/** Numbers go on over all runs of a process. */
let asked = 0;

function requestText({ method, path, windows = [], token, body }: Asked, index: number): string {
  asked += 1;
  const n = String(asked % 1_000_000).padStart(6, '0');
  const text = body?.replaceAll('{n}', n) ?? '';
  const head = [
    `${method} ${path.replace('{time}', timeOf(asked)).replace('{window}', windows[index] ?? '')} HTTP/1.1`,
    'Host: 127.0.0.1',
    `Authorization: Bearer ${token}`,
    ...(body === undefined
      ? []
      : ['Content-Type: application/json; charset=utf-8', `Content-Length: ${Buffer.byteLength(text)}`]),
  ];
  return `${head.join('\r\n')}\r\n\r\n${text}`;
}

function timeOf(n: number): string {
  return new Date((n % 21_600) * 1_000).toISOString().slice(11, 19);
}

async function run(wanted: Asked): Promise<Answered> {
  const latencies: number[] = [];
  let left = wanted.requests;
  let first: string | null = null;
  const sockets = await Promise.all(Array.from({ length: wanted.connections }, () => open(wanted.port)));
  const startedAt = performance.now();
  await Promise.all(
    sockets.map(async (socket) => {
      const reader = new AnswerReader(socket);
      while (left > 0) {
        left -= 1;
        const sentAt = performance.now();
        socket.write(requestText(wanted, wanted.requests - left - 1));
        const { status, body } = await reader.next();
        latencies.push(performance.now() - sentAt);
        first ??= body.toString('utf8');
        if (status !== wanted.status) throw new Error(`${wanted.path}: ${status} ${body.toString('utf8')}`);
      }
    }),
  );
  const tookMs = performance.now() - startedAt;
  for (const socket of sockets) socket.destroy();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99), perSecond: (latencies.length / tookMs) * 1_000, first: first ?? '' };
}

function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

interface WholeAnswer {
  readonly status: number;
  readonly body: Buffer;
}

const headEnd = Buffer.from('\r\n\r\n');

/** Reads answers with a Content-Length, one at a time: less work than a general client, so less of it is measured. */
class AnswerReader {
  #chunks: Buffer[] = [];
  #size = 0;
  /** Of the answer that is coming in, once its head is there. */
  #needed: number | null = null;
  #status = 0;
  #headBytes = 0;
  #settle: { readonly resolve: (answer: WholeAnswer) => void; readonly reject: (error: Error) => void } | null = null;

  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#settle?.reject(error));
    socket.on('close', () => this.#settle?.reject(new Error('the server ended the connection')));
  }

  next(): Promise<WholeAnswer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#needed === null) this.#readHead();
    if (this.#needed === null || this.#size < this.#needed) return;
    const bytes = Buffer.concat(this.#chunks, this.#size);
    const body = bytes.subarray(this.#headBytes, this.#needed);
    this.#chunks = [];
    this.#size = 0;
    this.#needed = null;
    this.#settle?.resolve({ status: this.#status, body });
  }

  #readHead(): void {
    const bytes = Buffer.concat(this.#chunks, this.#size);
    this.#chunks = [bytes];
    const end = bytes.indexOf(headEnd);
    if (end === -1) return;
    const head = bytes.toString('latin1', 0, end);
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    if (length === undefined) return this.#settle?.reject(new Error(`an answer without Content-Length:\n${head}`));
    this.#status = Number(head.slice(9, 12));
    this.#headBytes = end + headEnd.length;
    this.#needed = this.#headBytes + Number(length);
  }
}

export const subject = { run } satisfies SubjectActions;
