import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { createPooledClient } from '@sqskit/client';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { between, billedUnits, createMeter, type Meter, messageBytes } from '../src/meter.ts';

const QueueUrl = 'http://localhost/000000000000/q';

/** A client that answers each call with the next of these, errors by throwing them. */
function clientAnswering(...answers: readonly object[]) {
  const rest = [...answers];
  return {
    name: 'scripted',
    send: async (_command: object): Promise<object> => {
      const answer = rest.shift() ?? {};
      if (answer instanceof Error) {
        throw answer;
      }
      return answer;
    },
  };
}

describe('the meter counts', () => {
  test('each call by its operation', async () => {
    const meter = createMeter();
    const client = meter.watch(clientAnswering());
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
    await client.send(new ReceiveMessageCommand({ QueueUrl }));
    const before = meter.read();
    await client.send(new ReceiveMessageCommand({ QueueUrl }));
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'h' }));
    meter.close();
    expect(between(before, meter.read())).toMatchObject({
      calls: 2,
      callsByOperation: { ReceiveMessage: 1, DeleteMessage: 1 },
      billedRequests: 2,
      failedCalls: 0,
    });
  });

  test('each attempt of a call, and failures, which are passed on', async () => {
    const meter = createMeter();
    const failure = Object.assign(new Error('no'), { $metadata: { attempts: 3 } });
    const client = meter.watch(clientAnswering({ $metadata: { attempts: 2 } }, failure));
    await client.send(new ReceiveMessageCommand({ QueueUrl }));
    await expect(client.send(new ReceiveMessageCommand({ QueueUrl }))).rejects.toBe(failure);
    meter.close();
    expect(meter.read()).toMatchObject({ calls: 5, failedCalls: 4, billedRequests: 5 });
  });

  test('one billed request for each 64 KiB of a call, of what it sends and of what it receives', async () => {
    const meter = createMeter();
    const body = 'x'.repeat(40_000);
    const client = meter.watch(clientAnswering({}, {}, { Messages: [{ Body: body }, { Body: body }] }));
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
    const Entries = ['a', 'b', 'c', 'd'].map((Id) => ({ Id, MessageBody: body }));
    await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    await client.send(new ReceiveMessageCommand({ QueueUrl }));
    meter.close();
    expect(meter.read()).toMatchObject({ calls: 3, billedRequests: 1 + 3 + 2 });
  });

  test('message sizes in UTF-8', () => {
    expect(messageBytes({ MessageBody: 'é' })).toBe(2);
    expect(messageBytes({ Messages: [{ Body: '€' }, {}] })).toBe(3);
    expect(messageBytes(undefined)).toBe(0);
  });

  test('at least one billed request, and one more past each 64 KiB', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_048_576 }), (bytes) => {
        const units = billedUnits(bytes);
        expect(units * 65_536).toBeGreaterThanOrEqual(bytes);
        expect((units - 1) * 65_536).toBeLessThan(bytes);
      }),
    );
    expect(billedUnits(0)).toBe(1);
  });

  test('nothing else of the client is changed', () => {
    const meter = createMeter();
    expect(meter.watch(clientAnswering()).name).toBe('scripted');
    meter.close();
  });
});

describe('the bytes on the wire are those that the other side counts', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function startServer(): Promise<{ readonly endpoint: string; readonly sockets: readonly Socket[] }> {
    const sockets: Socket[] = [];
    server = createServer((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
      });
    });
    server.on('connection', (socket) => sockets.push(socket));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    // A listening TCP server has an address with a port.
    const { port } = server.address() as AddressInfo;
    return { endpoint: `http://127.0.0.1:${port}`, sockets };
  }

  const shared = { region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'y' } };

  test.each([
    {
      name: 'the SDK with node:http',
      receive: (meter: Meter, endpoint: string) => {
        const client = meter.watch(new SQSClient({ ...shared, endpoint }));
        return () => client.send(new ReceiveMessageCommand({ QueueUrl }));
      },
    },
    {
      name: 'the pooled client',
      receive: (meter: Meter, endpoint: string) => {
        const client = meter.watch(createPooledClient({ ...shared, endpoint }));
        return () => client.send(new ReceiveMessageCommand({ QueueUrl }));
      },
    },
  ])('over $name', async ({ receive }) => {
    const { endpoint, sockets } = await startServer();
    const meter = createMeter();
    const call = receive(meter, endpoint);
    const before = meter.read();
    await Promise.all([call(), call(), call()]);
    const { bytesUp, bytesDown, calls } = between(before, meter.read());
    meter.close();
    expect(calls).toBe(3);
    expect(bytesUp).toBeGreaterThan(3 * 200);
    expect(bytesUp).toBe(sockets.reduce((sum, socket) => sum + socket.bytesRead, 0));
    expect(bytesDown).toBe(sockets.reduce((sum, socket) => sum + socket.bytesWritten, 0));
  });
});
