/** The way between processes: Moleculer over NATS, so that nobody waits for a NATS that is away. */
import moleculer from 'moleculer';
import { connect, Events, type NatsConnection, type Status } from 'nats';
import type { Clock } from '../domain/clock.ts';
import { natsOptions } from './nats.ts';

export interface TransporterOptions {
  readonly url: string;
  /** Names the connection in the server's lists. */
  readonly name: string;
  readonly clock: Clock;
  /** Told when NATS goes and comes. */
  readonly report: (level: 'info' | 'warn', what: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** Between attempts to reach a NATS that was never there; Moleculer's own are 5 s apart. */
const retryMs = 1_000;
/** What was published last is given this long to leave; a flush would wait for a NATS that is away. */
const flushMs = 1_000;

/**
 * Moleculer's transporter holds up the start of every service until NATS is there, and its stop until NATS is back. This
 * one starts at once: without NATS a process has only itself, its sweeps carry on, and it joins as soon as it can.
 */
export class KalendsTransporter extends moleculer.Transporters.NATS {
  readonly #options: TransporterOptions;
  readonly #stopping = new AbortController();
  #link: NatsConnection | null = null;
  #isUp = false;
  #lastReason = '';

  constructor(options: TransporterOptions) {
    super({});
    this.#options = options;
  }

  /** Resolves when this process has joined, or when NATS could not be reached at the first attempt. */
  override async connect(): Promise<void> {
    if (!(await this.#open())) void this.#keepTrying();
    await this.onConnected();
  }

  override async disconnect(): Promise<void> {
    this.#stopping.abort();
    await this.#close();
  }

  /** Before there is a connection nothing is subscribed to: joining does it then. */
  override async subscribe(command: string, nodeId?: string): Promise<void> {
    if (this.#link !== null) await super.subscribe(command, nodeId);
  }

  /** Nudges may be lost, the sweeps bound the loss; a call is refused at once instead of after its time-out. */
  override async send(
    topic: string,
    bytes: Buffer,
    meta?: { readonly packet?: { readonly type: string } },
  ): Promise<void> {
    const link = this.#link;
    if (link !== null && this.#isUp && !link.isClosed()) return link.publish(topic, bytes);
    if (meta?.packet?.type === 'REQ') throw new moleculer.Errors.MoleculerRetryableError('NATS cannot be reached', 503);
  }

  async #open(): Promise<boolean> {
    const { url, name, report } = this.#options;
    try {
      const link = await connect(natsOptions(url, name));
      this.#link = link;
      // The base class subscribes with it.
      this.client = link;
      this.#isUp = true;
      if (this.#lastReason !== '') report('info', 'NATS is reached', {});
      this.#lastReason = '';
      void this.#watch(link);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // Once for each reason: attempts go on for as long as it takes.
      if (reason !== this.#lastReason) report('warn', 'NATS cannot be reached; this process goes on alone', { reason });
      this.#lastReason = reason;
      return false;
    }
    if (this.#stopping.signal.aborted) await this.#close();
    return true;
  }

  async #keepTrying(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    do {
      await clock.sleep(retryMs, signal).catch(() => undefined);
    } while (!signal.aborted && !(await this.#open()));
    if (!signal.aborted) await this.#join(false);
  }

  /** Subscribes, unless the connection did so itself when it came back, and asks and tells who is there. */
  async #join(again: boolean): Promise<void> {
    try {
      await this.onConnected(again);
      if (!again) await this.transit.discoverer.sendLocalNodeInfo();
    } catch (error) {
      // Lost again within a moment: its return is another chance.
      this.#options.report('warn', 'joining over NATS failed', { reason: String(error) });
    }
  }

  /** Ends when the connection is closed: by us, or by a server that refuses the login that it once took. */
  async #watch(link: NatsConnection): Promise<void> {
    for await (const status of link.status()) this.#note(status);
    this.#isUp = false;
    if (this.#stopping.signal.aborted || this.#link !== link) return;
    this.#link = null;
    await this.#keepTrying();
  }

  #note({ type }: Status): void {
    const { report } = this.#options;
    if (type === Events.Disconnect) {
      this.#isUp = false;
      report('warn', 'NATS is lost; this process goes on alone until it is back', {});
    }
    if (type === Events.Reconnect) {
      this.#isUp = true;
      report('info', 'NATS is back', {});
      // The others may have taken us for gone, and some may have come meanwhile.
      void this.#join(true);
    }
  }

  async #close(): Promise<void> {
    const link = this.#link;
    this.#link = null;
    this.connected = false;
    if (link === null || link.isClosed()) return;
    const patience = new AbortController();
    const late = this.#options.clock.sleep(flushMs, patience.signal).catch(() => undefined);
    await Promise.race([link.flush().catch(() => undefined), late]);
    patience.abort();
    await link.close();
  }
}
