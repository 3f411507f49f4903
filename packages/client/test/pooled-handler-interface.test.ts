import { Readable } from 'node:stream';
import { QueueError } from '@sqskit/core';
import { createFakeClock } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { pooledHandler } from '../src/index.ts';
import { failure, makeHandler, request, server, serverForEachTest, text } from './handler-set-up.ts';

serverForEachTest();

describe('what the SDK expects of a handler', () => {
  test('an answer of the JSON protocol comes as bytes, any other as a stream', async () => {
    const handler = makeHandler();
    server.script({ kind: 'json', body: { a: 1 } }, { kind: 'text', status: 404, body: 'not here' });
    const { response } = await handler.handle(request());
    expect(response).toMatchObject({ statusCode: 200, reason: 'OK' });
    expect(response.headers['x-amzn-requestid']).toBe('scripted-request');
    expect(text(response.body)).toBe('{"a":1}');
    const other = (await handler.handle(request())).response;
    expect(other.statusCode).toBe(404);
    const chunks: Buffer[] = [];
    for await (const chunk of other.body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
    }
    expect(Buffer.concat(chunks).toString()).toBe('not here');
  });

  test('a large answer arrives whole', async () => {
    const body = { text: 'é'.repeat(500_000) };
    server.script({ kind: 'json', body });
    expect(JSON.parse(text((await makeHandler().handle(request())).response.body))).toEqual(body);
  });

  test('path and query go out as the signer escaped them', async () => {
    const query = { list: ['a b', "c'd"], none: null, 'sp ace': 'é' };
    await makeHandler().handle({ ...request(), path: '/a%20b', query });
    expect(server.calls[0]?.url).toBe('/a%20b?list=a%20b&list=c%27d&none&sp%20ace=%C3%A9');
  });

  test('Expect, which undici does not know, is left out; other headers go out as they are', async () => {
    const headers = { ...request().headers, Expect: '100-continue', 'x-mine': 'kept' };
    await makeHandler().handle({ ...request(), headers });
    expect(server.calls[0]?.headers).toMatchObject({ 'x-mine': 'kept', connection: 'keep-alive' });
    expect(server.calls[0]?.headers).not.toHaveProperty('expect');
  });

  test('a request without a body, and one with a stream, go out', async () => {
    const { body: _, ...bare } = request();
    await makeHandler().handle({ ...bare, body: Readable.from(['{"from":', '"a stream"}']) });
    expect(server.calls[0]?.input).toEqual({ from: 'a stream' });
    server.script({ kind: 'json', body: {} });
    expect((await makeHandler().handle({ ...bare, method: 'GET' })).response.statusCode).toBe(200);
  });

  test('it names its protocol and its options, and takes changes for the requests that follow', async () => {
    const clock = createFakeClock();
    const handler = makeHandler({ clock });
    expect(handler.metadata).toEqual({ handlerProtocol: 'http/1.1' });
    handler.updateHttpClientConfig('requestTimeoutMs', 5);
    handler.updateHttpClientConfig(Symbol.for('logger'), console); // the SDK's own hints go by symbols
    expect(handler.httpHandlerConfigs()).toMatchObject({ requestTimeoutMs: 5, maxConnections: 50 });
    server.script({ kind: 'hang' });
    const answered = failure(handler.handle(request()));
    await server.arrival(1);
    await clock.advance(5);
    expect((await answered).cause.code).toBe('timeout');
    expect(() => handler.updateHttpClientConfig('requestTimeoutMs', 0)).toThrow(QueueError);
  });
});

describe('options', () => {
  test.each([
    [{ maxConnections: 1 }, 'maxConnections'],
    [{ maxConnections: 10, maxLongPolls: 10 }, 'maxLongPolls'],
    [{ maxLongPolls: 0 }, 'maxLongPolls'],
    [{ requestTimeoutMs: 0 }, 'requestTimeoutMs'],
    [{ connectTimeoutMs: 1.5 }, 'connectTimeoutMs'],
    [{ maxSockets: 5 }, 'maxSockets'],
  ])('%o is refused, and the option named', (options: object, option) => {
    expect(() => pooledHandler(options)).toThrow(
      expect.objectContaining({ code: 'option-invalid', details: expect.objectContaining({ option }) }),
    );
  });
});
