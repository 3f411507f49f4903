import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock, Timer } from '@sqskit/core/clock';
import { type buildConnector, Client, type Dispatcher, errors } from 'undici';

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
}

/** The part that matters of what undici asks a connector for. */
type ConnectionTarget = Pick<buildConnector.Options, 'protocol' | 'hostname' | 'port' | 'servername'>;

/** What the connections to one origin share. */
export interface OriginState {
  /** The last TLS session, which the next connection resumes: one round trip less. */
  tlsSession: Buffer | undefined;
  /** Connections that are open now. */
  connections: number;
}

// Probes keep the state of NAT gateways, which forget a connection after 350 s, alive during long polls and notice a
// peer that is gone.
const tcpKeepAliveMs = 60_000;

/**
 * One connection, for one exchange at a time; made when the first needs it. undici's `Client` speaks HTTP on it; the
 * socket is opened here, because undici's own connector keeps time by the second and cannot be told to stop.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #state: OriginState;
  readonly #client: Client;
  readonly #origin: URL;
  readonly #onClosed: () => void;
  #connecting: Socket | undefined;
  /** Open, and not asked for yet. */
  #ready: Socket | undefined;
  #unused: Timer | undefined;

  /** `onClosed` is called when it was open and is no longer, whoever ended it. */
  constructor(origin: URL, options: ConnectionOptions, state: OriginState, onClosed: () => void) {
    this.#options = options;
    this.#state = state;
    this.#origin = origin;
    this.#onClosed = onClosed;
    this.#client = new Client(origin, {
      pipelining: 1,
      // Our own timer ends an exchange; undici's are coarse and count the parts of an answer apart.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: options.keepAliveMs,
      keepAliveMaxTimeout: options.keepAliveMs,
      connect: (target, callback) => {
        const socket = this.#takeReady();
        if (socket === undefined) {
          this.#connect(target, callback);
        } else {
          process.nextTick(callback, null, socket); // undici counts on not being called back at once
        }
      },
    });
    this.#client.on('connect', () => {
      state.connections++;
    });
    this.#client.on('disconnect', () => {
      state.connections--;
      onClosed();
    });
  }

  dispatch(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(request, handler);
  }

  /** Makes the connection before there is an exchange for it. One that is not used in time closes. */
  async open(): Promise<void> {
    const { protocol, port } = this.#origin;
    const hostname = this.#origin.hostname.replaceAll(/[[\]]/g, ''); // an IPv6 address, as undici gives it
    const socket = await new Promise<Socket>((resolve, reject) => {
      this.#connect({ protocol, hostname, port }, (...[error, made]) =>
        made === null ? reject(error) : resolve(made),
      );
    });
    this.#ready = socket.unref(); // as undici has idle ones
    this.#state.connections++;
    this.#unused = this.#options.clock.setTimer(() => socket.destroy(), this.#options.keepAliveMs);
    socket.once('close', () => {
      if (this.#ready === socket) {
        this.#takeReady();
        this.#onClosed();
      }
    });
    // It is read, so that its end is seen. A server that speaks first is none to talk to.
    socket.once('data', closeEarly);
  }

  /** The socket that was opened ahead goes to undici, whose events count it from now on. */
  #takeReady(): Socket | undefined {
    const socket = this.#ready;
    if (socket !== undefined) {
      this.#ready = undefined;
      this.#unused?.cancel();
      this.#state.connections--;
      socket.off('data', closeEarly).ref();
    }
    return socket;
  }

  /** Ends it at once, open or being made. An exchange on it is told by undici. */
  destroy(): void {
    this.#connecting?.destroy();
    this.#ready?.destroy();
    this.#client.destroy().catch(() => undefined);
  }

  #connect(target: ConnectionTarget, callback: buildConnector.Callback): void {
    const { clock, connectTimeoutMs } = this.#options;
    const socket = this.#open(target);
    this.#connecting = socket;
    socket.setNoDelay(true).setKeepAlive(true, tcpKeepAliveMs);
    const end = (...result: Parameters<buildConnector.Callback>): void => {
      if (this.#connecting === socket) {
        this.#connecting = undefined;
        timer.cancel();
        callback(...result);
      }
    };
    const timer = clock.setTimer(() => {
      end(new errors.ConnectTimeoutError(`no connection within ${connectTimeoutMs} ms`), null);
      socket.destroy();
    }, connectTimeoutMs);
    socket.once(target.protocol === 'https:' ? 'secureConnect' : 'connect', () => end(null, socket));
    socket.on('error', (error) => {
      if (this.#connecting === socket) {
        this.#state.tlsSession = undefined; // it may be why
        end(error, null);
      }
    });
    socket.once('close', () => end(new errors.SocketError('closed before it was connected'), null));
  }

  #open({ protocol, hostname, port, servername }: ConnectionTarget): Socket {
    const isTls = protocol === 'https:';
    const target = {
      host: hostname,
      port: port === '' ? (isTls ? 443 : 80) : Number(port),
      autoSelectFamily: true,
      // Node gives an address 250 ms before it turns to the host's next one, which is less than a handshake with a far
      // region may take (nodejs/node#54359). Half of the time leaves as much for a second address.
      autoSelectFamilyAttemptTimeout: Math.max(10, Math.ceil(this.#options.connectTimeoutMs / 2)),
    };
    if (!isTls) {
      return connectTcp(target);
    }
    const { tlsSession } = this.#state;
    const socket = connectTls({
      ...target,
      servername: servername || (isIP(hostname) === 0 ? hostname : ''),
      ALPNProtocols: ['http/1.1'],
      ...(tlsSession !== undefined && { session: tlsSession }),
    });
    socket.on('session', (session) => {
      this.#state.tlsSession = session;
    });
    return socket;
  }
}

function closeEarly(this: Socket): void {
  this.destroy();
}
