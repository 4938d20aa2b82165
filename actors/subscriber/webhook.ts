/** The webhook target: one signed POST to a channel's callback URL. */
import type { AppDoc } from '../../domain/account.ts';
import type { SubscriberDoc } from '../../domain/channel.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { Sealed } from '../../domain/profile.ts';
import { signature } from '../../domain/notification/wire.ts';
import type { Clock } from '../../domain/clock.ts';
import { retryAtMs } from '../../domain/retry-after.ts';
import { limits, retryAfter, timeouts } from '../../config/policies.ts';
import type { Http } from '../../providers/http.ts';
import type { Documents } from '../../store/documents.ts';
import type { Delivery, DeliveryAnswer, DeliveryTarget } from './target.ts';

export interface WebhookDeps {
  readonly store: Pick<Documents, 'get'>;
  readonly http: Http;
  readonly clock: Pick<Clock, 'now'>;
  /** Opens a sealed client secret of an application. */
  readonly open: (sealed: Sealed, app: AppDoc) => string;
}

export function createWebhookTarget(deps: WebhookDeps): DeliveryTarget {
  return {
    hostOf: (subscriber) => URL.parse(subscriber.callbackUrl ?? '')?.host ?? '',
    deliver: async (delivery) => {
      let status: number | null = null;
      for (const part of delivery.parts) {
        const answer = await post(deps, delivery, part.body);
        if (answer.kind === 'refused') return answer;
        status = answer.status;
      }
      return { kind: 'accepted', status };
    },
  };
}

async function post(deps: WebhookDeps, delivery: Delivery, body: string): Promise<DeliveryAnswer> {
  const { subscriber, inFlight } = delivery;
  const response = await deps.http({
    method: 'POST',
    url: subscriber.callbackUrl ?? '',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cronofy-hmac-sha256': signature(body, await secretsOf(deps, subscriber)),
      'kalends-delivery-id': inFlight.deliveryId,
      'kalends-delivery-attempt': String(inFlight.attempts),
    },
    body,
    timeoutMs: timeouts.webhookMs,
    maxBytes: limits.apiBodyBytes,
  });
  const { status, headers } = response;
  if (status >= 200 && status < 300) return { kind: 'accepted', status };
  return { kind: 'refused', status, error: why(status), retryAtMs: retryAtMs(headers, deps.clock.now(), retryAfter) };
}

/** A redirect would send a signed body to an address that nobody registered. */
function why(status: number): string {
  if (status >= 300 && status < 400) return `the endpoint answered with a redirect (${status}), which is not followed`;
  return `the endpoint answered ${status}; any status from 200 to 299 acknowledges a notification`;
}

async function secretsOf(deps: WebhookDeps, subscriber: SubscriberDoc): Promise<readonly string[]> {
  const app = await deps.store.get('apps', subscriber.appId);
  if (app === null)
    throw new KalendsError('not_known', 'the application of this channel is gone', { ids: { app: subscriber.appId } });
  return app.secrets.map(({ sealed }) => deps.open(sealed, app));
}
