/** A mirror: what an application knows of an account that learns from webhooks and from reads of what was modified alone. */
import { apiClient, notificationIn, type Row } from '../support/api-client.ts';
import type { WebhookReceiver } from '../support/webhook-receiver.ts';

export interface Mirror {
  /** By event_uid; deleted ones too. */
  readonly rows: ReadonlyMap<string, Row>;
  readonly notifications: number;
  /** Reads what the notifications since the last time speak of; what cannot be read now is read the next time. */
  catchUp(url: string): Promise<void>;
}

/** `path` is that of the callback URL. */
export function createMirror(receiver: WebhookReceiver, path: string, token: string, first: readonly Row[]): Mirror {
  const rows = new Map(first.map((row) => [String(row['event_uid']), row]));
  let looked = 0;
  let notifications = 0;
  let since: string | null = null;
  return {
    rows,
    get notifications() {
      return notifications;
    },
    catchUp: async (url) => {
      for (; looked < receiver.requests.length; looked += 1) {
        const request = receiver.requests[looked];
        const notification = request?.path === path ? notificationIn(request) : {};
        if (notification['type'] !== 'change') continue;
        notifications += 1;
        const from = String(notification['changes_since']);
        since = since === null || from < since ? from : since;
      }
      if (since === null) return;
      const asked = since;
      const query = `tzid=Etc/UTC&include_managed=true&include_deleted=true&last_modified=${encodeURIComponent(asked)}`;
      try {
        const found = await apiClient(url, token).rows(`/v1/events?${query}`, 'events');
        // What is provisional may never come to be: the next wish may replace it before it lands.
        for (const row of found) if (row['kalends_provisional'] !== true) rows.set(String(row['event_uid']), row);
        if (since === asked) since = null;
      } catch {
        // The process died: the next one is asked.
      }
    },
  };
}
