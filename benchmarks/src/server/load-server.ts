import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server } from 'node:net';
import { localhostCertificate } from './localhost-certificate.ts';
import { type AnswerOptions, SqsAnswers } from './sqs-answers.ts';

export interface LoadServerOptions extends AnswerOptions {
  /** How long after a request's last byte its answer leaves, whatever else goes on, in milliseconds. */
  readonly latencyMs: number;
  /** Whether it speaks HTTPS, with the certificate for `localhost`. */
  readonly tls: boolean;
}

const targetPrefix = 'AmazonSQS.';

/**
 * Answers SQS's JSON protocol to those who send. `GET /counts` tells what it has been sent, and the CPU time of its
 * process; `GET /bodies` the bodies, where they are kept.
 */
export function createLoadServer({ latencyMs, tls, ...options }: LoadServerOptions): Server {
  const answers = new SqsAnswers(options);
  const listener: RequestListener = (request, response) => {
    if (request.method === 'GET') {
      const { user, system } = process.cpuUsage();
      const told =
        request.url === '/bodies' ? answers.bodies : { ...answers.counts, cpuMicros: user + system };
      respond(response, 200, JSON.stringify(told));
      return;
    }
    read(request, (text) => {
      const target = String(request.headers['x-amz-target'] ?? '');
      const action = target.startsWith(targetPrefix) ? target.slice(targetPrefix.length) : target;
      const { status, body } = answers.answer(
        action,
        text,
        `${tls ? 'https' : 'http'}://${request.headers.host ?? ''}`,
      );
      if (latencyMs === 0) {
        respond(response, status, body);
      } else {
        setTimeout(respond, latencyMs, response, status, body);
      }
    });
  };
  // Idle connections stay open: a client that reuses one must not race with its end.
  const keepAliveTimeout = 120_000;
  return tls
    ? createTlsServer({ keepAliveTimeout, ...localhostCertificate }, listener)
    : createServer({ keepAliveTimeout }, listener);
}

function read(request: IncomingMessage, done: (text: string) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => done(Buffer.concat(chunks).toString()));
}

function respond(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
