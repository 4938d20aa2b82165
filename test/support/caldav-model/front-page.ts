/** nginx: `return 301 https://new.example/;` – a site that moved and sends every path to the front page of the new one. */
import { answer } from './exchange.ts';
import type { ModelServer } from './server.ts';

/** From now on the first origin does so. The page is a collection that holds nothing. Answers how to end it. */
export function sendToFrontPage(server: ModelServer): () => void {
  const { respond } = server;
  const [first, second] = server.origins;
  const moved: ModelServer['respond'] = async (request) => {
    const url = new URL(request.url);
    if (url.origin === first) return answer(301, { location: `${second}/` });
    if (url.pathname === '/' && request.method === 'GET') return answer(404);
    return respond(request);
  };
  Object.assign(server, { respond: moved });
  return () => void Object.assign(server, { respond });
}
