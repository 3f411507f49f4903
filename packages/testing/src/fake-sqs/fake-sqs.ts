import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { FakeQueue } from '../fake-queue/fake-queue.ts';
import type { FakeQueueOptions } from '../fake-queue/fake-queue-options.ts';
import { type LoopbackServer, listenOnLoopback } from '../loopback-server.ts';
import { carryOut } from './actions.ts';
import { type FakeSqsOptions, resolveFakeSqs } from './fake-sqs-options.ts';
import { QueueDirectory } from './queue-directory.ts';
import { errorAnswer, refusal, type WireAnswer } from './wire-error.ts';
import { WireInput } from './wire-input.ts';

/** Fake queues behind HTTP: where the `endpoint` of an SQS client may lead, with any credentials and for any region. */
export interface FakeSqs extends LoopbackServer {
  /** Requests received so far, those that were refused or lost included. */
  readonly requests: number;
  /** Of these the ones for an action, such as `ReceiveMessage`. */
  requestsOf(action: string): number;
  /**
   * Makes a queue, in place of one of its name: `.fifo` at the end makes it a FIFO queue. Options are those of
   * `createFakeQueue`; what they do not say is as the server's own say. Throws `option-invalid` and `queue-url-invalid`.
   */
  createQueue(name: string, options?: HostedQueueOptions): FakeQueue;
  /** The queue of this name, with its books; `undefined` where there is none. */
  queue(name: string): FakeQueue | undefined;
}

export type HostedQueueOptions = Omit<FakeQueueOptions, 'clock' | 'url' | 'fifo'>;

/**
 * An SQS endpoint on loopback with fake queues behind it: SQS's JSON protocol as SDKs of today speak it, long polls,
 * digests, error codes, latency and faults.
 *
 * Sources: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html and
 * https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html.
 */
export async function startFakeSqs(options: FakeSqsOptions = {}): Promise<FakeSqs> {
  const { port, ...shared } = resolveFakeSqs(options);
  const counts = new Map<string, number>();
  let requests = 0;

  // Idle connections stay open: a client that takes one up again must not race with its end.
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    const action = actionOf(request);
    const number = ++requests;
    counts.set(action, (counts.get(action) ?? 0) + 1);
    readBody(request, (body) => {
      void answer(action, body, queues, () => untilClosed(request, response)).then((wire) => {
        if (wire === undefined) {
          response.destroy();
        } else {
          respond(response, wire, number);
        }
      });
    });
  });
  const loopback = await listenOnLoopback(server, port);
  const queues = new QueueDirectory(loopback.endpoint, shared);

  return {
    ...loopback,
    get requests() {
      return requests;
    },
    requestsOf: (action) => counts.get(action) ?? 0,
    createQueue: (name, given = {}) => queues.make(name, given),
    queue: (name) => queues.find(name)?.queue,
  };
}

const targetPrefix = 'AmazonSQS.';

function actionOf({ headers }: IncomingMessage): string {
  const target = headers['x-amz-target'];
  return typeof target === 'string' && target.startsWith(targetPrefix)
    ? target.slice(targetPrefix.length)
    : '';
}

function readBody(request: IncomingMessage, done: (body: string) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  // In the same turn of the event loop there may be the end of a connection that was closed before this request was sent:
  // its long poll must not get what this request brings.
  request.on('end', () => setImmediate(() => done(Buffer.concat(chunks).toString())));
}

/** Aborts when the connection is closed before the answer has left. */
function untilClosed({ socket }: IncomingMessage, response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  socket.once('end', abort).once('close', abort);
  response.once('finish', () => socket.off('end', abort).off('close', abort));
  return controller.signal;
}

/** `undefined` where the caller is to get no answer at all. */
async function answer(
  action: string,
  body: string,
  queues: QueueDirectory,
  signal: () => AbortSignal,
): Promise<WireAnswer | undefined> {
  try {
    const output = await carryOut(new WireInput(action, parsed(action, body)), queues, signal);
    return { status: 200, body: JSON.stringify(output) };
  } catch (reason) {
    return errorAnswer(reason);
  }
}

function parsed(action: string, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw refusal(action, 'SerializationException', 'The request is not JSON.');
  }
}

function respond(response: ServerResponse, { status, body, queryError }: WireAnswer, id: number): void {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
    ...(queryError !== undefined && { 'x-amzn-query-error': queryError }),
  });
  response.end(body);
}
