/** Servers that give nobody an answer, one for each way in which a request can die. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { DeadEnd, DeadEnds } from '../contracts/provider-subject.ts';

interface Listener {
  readonly port: number;
  readonly received: () => string;
  readonly arrives: () => Promise<void>;
  close(): Promise<void>;
}

/** Keeps what it is sent; `then` is done to a connection on which something came. */
async function listen(then: (socket: Socket) => void): Promise<Listener> {
  const sockets = new Set<Socket>();
  let text = '';
  let arrival = Promise.withResolvers<void>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      arrival.resolve();
      then(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    received: () => text,
    arrives: () => {
      arrival = Promise.withResolvers<void>();
      return arrival.promise;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** DNS knows no name below it (RFC 6761 6.4), so that nobody has to be asked. */
export const unknownName = 'nowhere.invalid';

export async function deadEnds(): Promise<DeadEnds & { close(): Promise<void> }> {
  const [deaf, unknown, ending, resetting, chatting, silent] = await Promise.all([
    listen(() => undefined),
    listen(() => undefined),
    listen((socket) => socket.end()),
    listen((socket) => socket.resetAndDestroy()),
    listen((socket) => socket.end('220 mail.example ready\r\n')),
    listen(() => undefined),
  ]);
  await deaf.close();
  const at = (server: string, { received }: Pick<Listener, 'received'>): DeadEnd => ({
    address: server,
    root: (root) => ({ ...root, server }),
    received,
  });
  const local = ({ port }: Listener, scheme = 'http'): string => `${scheme}://127.0.0.1:${port}`;
  return {
    failing: [
      { code: 'connect_failed', ...at(local(deaf), deaf) },
      { code: 'name_not_found', ...at(`http://${unknownName}:${unknown.port}`, unknown) },
      // Where clouds hand out credentials: nobody may ever go there.
      { code: 'address_refused', ...at('http://169.254.169.254', { received: () => '' }) },
      { code: 'tls_failed', ...at(local(chatting, 'https'), chatting) },
      { code: 'cut_short', ...at(local(ending), ending) },
      { code: 'cut_short', ...at(local(resetting), resetting) },
    ],
    silent: { ...at(local(silent), silent), arrives: silent.arrives },
    close: async () =>
      void (await Promise.all([unknown, ending, resetting, chatting, silent].map((one) => one.close()))),
  };
}
