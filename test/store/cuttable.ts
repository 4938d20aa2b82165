/** A line to a server that can be cut: connections break and new ones are refused, until it is mended. */
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

export interface CuttableLine {
  /** `host:port` to use in place of the server's. */
  readonly host: string;
  cut(): Promise<void>;
  /** The connection over which something is sent next breaks before it arrives; new ones are accepted. */
  breakNext(): void;
  mend(): Promise<void>;
  end(): Promise<void>;
}

/** `target` is `host:port`. */
export async function cuttable(target: string): Promise<CuttableLine> {
  const [targetHost = '127.0.0.1', targetPort = '27017'] = target.split(':');
  const sockets = new Set<Socket>();
  let breaking = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const listen = async (port: number): Promise<Server> => {
    const server = createServer((near) => {
      const far = connect(Number(targetPort), targetHost);
      keep(near);
      keep(far);
      near.on('data', (chunk) => {
        if (breaking) near.destroy();
        else far.write(chunk);
        breaking = false;
      });
      far.pipe(near);
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return server;
  };
  let server: Server | null = await listen(0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const cut = async (): Promise<void> => {
    const closing = server;
    server = null;
    for (const socket of sockets) socket.destroy();
    if (closing !== null) await new Promise((resolve) => closing.close(resolve));
  };
  return {
    host: `127.0.0.1:${port}`,
    cut,
    breakNext: () => {
      breaking = true;
    },
    mend: async () => {
      server ??= await listen(port);
    },
    end: cut,
  };
}
