import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

/** A server that listens on the loopback interface alone. */
export interface LoopbackServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  /** Ends every connection, whatever goes on there, and stops listening; once more does nothing. */
  close(): Promise<void>;
}

/** Resolves when `server` listens; rejects where it cannot. Port 0 is any free one. */
export async function listenOnLoopback(server: Server, port: number): Promise<LoopbackServer> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: boundPort } = server.address() as AddressInfo; // never a pipe: it listens on a port
  const close = async (): Promise<void> => {
    if (server.listening) {
      const closed = promisify(server.close.bind(server))();
      server.closeAllConnections();
      await closed;
    }
  };
  return { endpoint: `http://127.0.0.1:${boundPort}`, close, [Symbol.asyncDispose]: close };
}
