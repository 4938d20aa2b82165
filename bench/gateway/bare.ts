/** The floor of the gateway: the same bytes from memory, by moleculer-web as it comes, and by node:http alone. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import moleculer from 'moleculer';
import type { Context, Service } from 'moleculer';
import ApiGateway from 'moleculer-web';
import type { SubjectActions } from '../kit/subject.ts';

interface Meta {
  $statusCode?: number;
  $responseType?: string;
}

const jsonType = 'application/json; charset=utf-8';

/** One route for reads, one for writes whose JSON body is parsed and forgotten. */
async function startGateway(answer: Buffer): Promise<number> {
  const broker = new moleculer.ServiceBroker({ logger: false, metrics: false, tracing: false, validator: false });
  const service = broker.createService({
    name: 'bare',
    mixins: [ApiGateway],
    settings: {
      port: 0,
      ip: '127.0.0.1',
      logRequest: null,
      logRequestParams: null,
      logResponse: null,
      routes: [
        {
          path: '/',
          mappingPolicy: 'restrict',
          bodyParsers: { json: true },
          logging: false,
          aliases: { 'GET /v1/events': 'bare.read', 'POST /v1/calendars/:calendar/events': 'bare.write' },
        },
      ],
    },
    actions: {
      read: (ctx: Context<object, Meta>) => {
        ctx.meta.$responseType = jsonType;
        return answer;
      },
      write: (ctx: Context<object, Meta>) => {
        ctx.meta.$statusCode = 202;
        return null;
      },
    },
  });
  await broker.start();
  const { server } = service as Service & { readonly server: Server };
  return (server.address() as AddressInfo).port;
}

function startNode(answer: Buffer): Promise<number> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': jsonType, 'content-length': answer.length });
    response.end(answer);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

export const subject = {
  start: async ({ answer }: { readonly answer: string }) => {
    const bytes = Buffer.from(answer, 'utf8');
    return { gateway: await startGateway(bytes), node: await startNode(bytes) };
  },
} satisfies SubjectActions;
