// A server that answers SQS's calls at once, over HTTP and HTTPS; a process of its own, so that its work is not counted.
import { hash, randomUUID } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { localhostCertificate } from '../test/localhost-certificate.ts';

interface Input {
  readonly Entries?: readonly { readonly Id: string; readonly MessageBody?: string }[];
}

const Body = JSON.stringify({ text: 'x'.repeat(1_000) }).slice(0, 1_000);
const Messages = Array.from({ length: 10 }, () => ({
  MessageId: randomUUID(),
  ReceiptHandle: 'AQEB'.repeat(90),
  Body,
  MD5OfBody: hash('md5', Body),
  Attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1700000000000' },
}));

function answer(action: string, { Entries = [] }: Input): unknown {
  switch (action) {
    case 'AmazonSQS.ReceiveMessage':
      return { Messages };
    case 'AmazonSQS.SendMessageBatch':
      return {
        Successful: Entries.map(({ Id, MessageBody = '' }) => ({
          Id,
          MessageId: randomUUID(),
          MD5OfMessageBody: hash('md5', MessageBody),
        })),
        Failed: [],
      };
    default:
      return { Successful: Entries.map(({ Id }) => ({ Id })), Failed: [] };
  }
}

// The same calls come again and again: their answers are made once.
const answers = new Map<string, Buffer>();

const listener: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const action = String(request.headers['x-amz-target']);
    const body = Buffer.concat(chunks).toString();
    let bytes = answers.get(action + body);
    if (bytes === undefined) {
      bytes = Buffer.from(JSON.stringify(answer(action, JSON.parse(body))));
      answers.set(action + body, bytes);
    }
    response.writeHead(200, {
      'content-type': 'application/x-amz-json-1.0',
      'content-length': bytes.byteLength,
      'x-amzn-requestid': '00000000-0000-0000-0000-000000000000',
    });
    response.end(bytes);
  });
};

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return (server.address() as AddressInfo).port;
}

process.send?.({
  http: `http://localhost:${await listen(createServer(listener))}`,
  https: `https://localhost:${await listen(createTlsServer(localhostCertificate, listener))}`,
});
process.on('disconnect', () => process.exit());
