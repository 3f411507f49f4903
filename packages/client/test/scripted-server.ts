import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What the server does with one request, once it has read all of it. */
export type Answer =
  /** As SQS would. */
  | { readonly kind: 'sqs' }
  | { readonly kind: 'json'; readonly body: unknown; readonly status?: number }
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly type: string;
      /** The older protocol's code, which SQS sends along for clients that once spoke it. */
      readonly queryError?: string;
    }
  /** Text in place of JSON, as a proxy in between would answer. */
  | { readonly kind: 'text'; readonly status: number; readonly body: string }
  | { readonly kind: 'hang' }
  /** The connection ends with RST, without an answer. */
  | { readonly kind: 'reset' }
  /** The connection ends in the middle of a 200's body. */
  | { readonly kind: 'half' };

interface ReceivedCall {
  readonly action: string;
  readonly url: string | undefined;
  readonly input: Record<string, unknown>;
  readonly headers: IncomingMessage['headers'];
}

export interface ScriptedServer {
  readonly endpoint: string;
  readonly queueUrl: string;
  /** Every call that came in, in order. */
  readonly calls: readonly ReceivedCall[];
  readonly openSockets: number;
  /** Answers to the next calls; a call without one is answered as SQS would answer it. */
  script(...answers: readonly Answer[]): void;
  /** Forgets what is left of the script, and the calls that hang. */
  clear(): void;
  /** Answers every further call like this. */
  always(answer: Answer | undefined): void;
  /** Resolves once `count` calls in all have come in. */
  arrival(count: number): Promise<void>;
  /** Resolves once no socket is open. */
  quiet(): Promise<void>;
  /** Answers the calls that hang. */
  release(): void;
  /** Ends connections on which nothing is under way, as servers do after a while. */
  closeIdle(): void;
  /** Ends every connection. */
  dropConnections(): void;
  stop(): Promise<void>;
}

/** Speaks just enough of SQS's JSON protocol to fail on demand. Loopback only. */
export async function startScriptedServer(): Promise<ScriptedServer> {
  const script: Answer[] = [];
  let standing: Answer | undefined;
  const calls: ReceivedCall[] = [];
  const sockets = new Set<Socket>();
  const hanging: (() => void)[] = [];
  const arrivals: { readonly count: number; readonly resolve: () => void }[] = [];
  const quiets: (() => void)[] = [];

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const action = String(request.headers['x-amz-target']).replace('AmazonSQS.', '');
      const { url, headers } = request;
      const call = { action, url, input: JSON.parse(Buffer.concat(chunks).toString() || '{}'), headers };
      calls.push(call);
      const answer = script.shift() ?? standing;
      if (answer?.kind === 'hang') {
        hanging.push(() => answerLikeSqs(call, response));
      } else {
        give(answer, call, response);
      }
      for (const { count, resolve } of arrivals) {
        if (calls.length >= count) {
          resolve();
        }
      }
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) {
        for (const resolve of quiets.splice(0)) {
          resolve();
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;

  return {
    endpoint,
    queueUrl: `${endpoint}/000000000000/scripted`,
    calls,
    get openSockets() {
      return sockets.size;
    },
    script: (...answers) => {
      script.push(...answers);
    },
    clear: () => {
      script.length = 0;
      hanging.length = 0;
    },
    always: (answer) => {
      standing = answer;
    },
    arrival: (count) =>
      calls.length >= count ? Promise.resolve() : new Promise((resolve) => arrivals.push({ count, resolve })),
    quiet: () => (sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => quiets.push(resolve))),
    release: () => {
      for (const answer of hanging.splice(0)) {
        answer();
      }
    },
    closeIdle: () => server.closeIdleConnections(),
    dropConnections: () => {
      for (const socket of sockets) {
        socket.end();
      }
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function give(
  answer: Exclude<Answer, { kind: 'hang' }> | undefined,
  call: ReceivedCall,
  response: ServerResponse,
): void {
  switch (answer?.kind) {
    case undefined:
    case 'sqs':
      answerLikeSqs(call, response);
      return;
    case 'json':
      respond(response, answer.status ?? 200, JSON.stringify(answer.body));
      return;
    case 'error':
      if (answer.queryError !== undefined) {
        response.setHeader('x-amzn-query-error', answer.queryError);
      }
      respond(
        response,
        answer.status,
        JSON.stringify({ __type: answer.type, message: `told to fail with ${answer.type}` }),
      );
      return;
    case 'text':
      response.writeHead(answer.status, { 'content-type': 'text/html' });
      response.end(answer.body);
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'half':
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': 1000 });
      response.write('{"Successful":[');
      response.socket?.end();
      return;
  }
}

function respond(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': 'scripted-request',
  });
  response.end(body);
}

function answerLikeSqs({ action, input }: ReceivedCall, response: ServerResponse): void {
  respond(response, 200, JSON.stringify(sqsAnswer(action, input)));
}

interface WireEntry {
  readonly Id: string;
  readonly MessageBody?: string;
}

function sqsAnswer(action: string, input: Record<string, unknown>): unknown {
  const entries = (input['Entries'] ?? []) as readonly WireEntry[];
  switch (action) {
    case 'SendMessageBatch':
      return { Successful: entries.map(acceptedEntry), Failed: [] };
    case 'DeleteMessageBatch':
    case 'ChangeMessageVisibilityBatch':
      return { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] };
    case 'GetQueueAttributes':
      return { Attributes: { ApproximateNumberOfMessages: '3' } };
    default:
      return {};
  }
}

/** The answer's entry for one that was accepted. */
export function acceptedEntry({ Id, MessageBody = '' }: WireEntry): object {
  const MD5OfMessageBody = createHash('md5').update(MessageBody).digest('hex');
  return { Id, MessageId: `message-${Id}`, MD5OfMessageBody };
}
