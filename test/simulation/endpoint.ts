/** The applications' end of their webhooks, with what goes wrong there. */
import { KalendsError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Http } from '../../providers/http.ts';
import type { Party } from './cast.ts';

export type WebhookTrouble = 'refused' | 'answer_lost' | 'hangs';

export interface EndpointOptions {
  readonly parties: readonly Party[];
  readonly clock: Clock;
  /** What the next notifications meet, each taken off the front. */
  readonly troubles: WebhookTrouble[];
  readonly troubled: (trouble: WebhookTrouble) => void;
  /** An application took it, whether or not its answer arrives. */
  readonly heard: (deliveryId: string) => void;
}

export function createEndpoint({ parties, clock, troubles, troubled, heard }: EndpointOptions): Http {
  return async (request) => {
    const app = parties.find((one) => one.app.callbackUrl === request.url)?.app;
    const trouble = troubles.shift();
    if (trouble !== undefined) troubled(trouble);
    if (trouble === 'refused') return { status: 500, headers: {}, text: '', tookMs: 1 };
    if (trouble !== 'hangs') {
      app?.notified(request);
      heard(request.headers?.['kalends-delivery-id'] ?? '');
    }
    if (trouble === undefined) return { status: 200, headers: {}, text: '', tookMs: 1 };
    await clock.sleep(request.timeoutMs);
    throw new KalendsError('timed_out', 'the application did not answer in time');
  };
}
