import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test, vi } from 'vitest';
import type { SendFailure } from '../src/feed.ts';
import type { OutgoingMessage } from '../src/message.ts';
import { QueueError } from '../src/queue-error.ts';
import { sendStream } from '../src/send-stream.ts';
import { createStubSender } from './stub-sender.ts';

type Message = OutgoingMessage<string>;

/** Lets every promise that can go on do so. Not time: no timer is involved. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const refused = new QueueError('access-denied', 'not allowed', {
  operation: 'SendMessageBatch',
  awsCode: 'AccessDenied',
  httpStatus: 403,
  requestId: undefined,
});

function* messages(...bodies: readonly string[]): Generator<Message> {
  for (const body of bodies) {
    yield { body };
  }
}

const outcomeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'done',
    (reason: unknown) => reason,
  );

describe('a stream that sends', () => {
  test('takes what a pipeline writes, and is done when all of it is settled', async () => {
    const sender = createStubSender(10);
    const sending = pipeline(
      Readable.from(messages('a', 'b', 'c')),
      Writable.fromWeb(sendStream(sender), { objectMode: true }),
    );
    const finished = vi.fn<() => void>();
    void sending.then(finished);
    await vi.waitUntil(() => sender.calls.length === 3);
    sender.calls[0]?.accept();
    sender.calls[2]?.accept();
    await turn();
    expect(finished).not.toHaveBeenCalled();
    sender.calls[1]?.accept();
    await sending;
    expect(sender.calls.map(({ body }) => body)).toEqual(['a', 'b', 'c']);
  });

  test('takes no more than the sender has room for', async () => {
    const sender = createStubSender(2);
    const writer = sendStream(sender).getWriter();
    const written = ['a', 'b', 'c'].map((body) => writer.write({ body }));
    await turn();
    expect(sender.calls.map(({ body }) => body)).toEqual(['a', 'b']);
    expect(writer.desiredSize).toBeLessThanOrEqual(0);
    sender.calls[0]?.accept();
    await Promise.all(written);
    sender.calls[1]?.accept();
    sender.calls[2]?.accept();
    await writer.close();
    expect(sender.mostBuffered).toBe(2);
  });

  test('gives each failure to onFailure, and goes on', async () => {
    const sender = createStubSender(10);
    const failures: SendFailure<string>[] = [];
    const stream = sendStream(sender, { onFailure: (failure) => failures.push(failure) });
    const sending = ReadableStream.from(messages('a', 'b')).pipeTo(stream);
    await vi.waitUntil(() => sender.calls.length === 2);
    sender.calls[0]?.reject(refused);
    sender.calls[1]?.accept();
    await sending;
    expect(failures).toEqual([{ index: 0, message: { body: 'a' }, error: refused }]);
  });

  test('otherwise errors with the first failure, once what is under way has settled', async () => {
    const sender = createStubSender(10);
    const writer = sendStream(sender).getWriter();
    const closed = outcomeOf(writer.closed);
    await Promise.all(['a', 'b'].map((body) => writer.write({ body })));
    sender.calls[0]?.reject(refused);
    await turn();
    const late = outcomeOf(writer.write({ body: 'c' }));
    const settled = vi.fn<() => void>();
    void late.then(settled);
    await turn();
    expect(settled).not.toHaveBeenCalled();
    sender.calls[1]?.reject(new QueueError('closed', 'closed', { what: 'sender' }));
    expect(await late).toBe(refused);
    expect(await closed).toBe(refused);
    expect(sender.calls.length).toBe(2);
  });

  test('a failure after the last write fails the close', async () => {
    const sender = createStubSender(10);
    const sending = outcomeOf(ReadableStream.from(messages('a')).pipeTo(sendStream(sender)));
    await vi.waitUntil(() => sender.calls.length === 1);
    await turn();
    sender.calls[0]?.reject(refused);
    expect(await sending).toBe(refused);
  });

  test('a failure while a write waits for room ends that write', async () => {
    const sender = createStubSender(1);
    const writer = sendStream(sender).getWriter();
    const closed = outcomeOf(writer.closed);
    await writer.write({ body: 'a' });
    const waiting = outcomeOf(writer.write({ body: 'b' }));
    await turn();
    sender.calls[0]?.reject(refused);
    expect(await waiting).toBe(refused);
    expect(await closed).toBe(refused);
    expect(sender.calls.length).toBe(1);
  });

  test('an aborted source takes no more, and leaves what was given to settle', async () => {
    const sender = createStubSender(10);
    const cause = new Error('the file ended early');
    const source = (function* (): Generator<Message> {
      yield* messages('a');
      throw cause;
    })();
    const sending = outcomeOf(ReadableStream.from(source).pipeTo(sendStream(sender)));
    await vi.waitUntil(() => sender.calls.length === 1);
    sender.calls[0]?.accept();
    expect(await sending).toBe(cause);
  });

  test('the signal ends it with `aborted`, before the start too', async () => {
    const stop = new AbortController();
    const sender = createStubSender(10);
    const writer = sendStream(sender, { signal: stop.signal }).getWriter();
    const closed = outcomeOf(writer.closed);
    await writer.write({ body: 'a' });
    stop.abort(new Error('enough'));
    expect(await closed).toMatchObject({ code: 'aborted', cause: { message: 'enough' } });
    const late = sendStream(sender, { signal: stop.signal }).getWriter();
    const lateClosed = outcomeOf(late.closed);
    expect(await outcomeOf(late.write({ body: 'b' }))).toMatchObject({ code: 'aborted' });
    expect(await lateClosed).toMatchObject({ code: 'aborted' });
    expect(sender.calls.length).toBe(1);
  });

  test('tells its progress, and what a callback throws ends it', async () => {
    const sender = createStubSender(10);
    const progress: object[] = [];
    const bug = new Error('a bug in the callback');
    const onProgress = (at: { readonly sent: number }): void => {
      progress.push(at);
      if (at.sent === 2) {
        throw bug;
      }
    };
    const writer = sendStream(sender, { onProgress }).getWriter();
    const closed = outcomeOf(writer.closed);
    await Promise.all(['a', 'b'].map((body) => writer.write({ body })));
    sender.calls[0]?.accept();
    sender.calls[1]?.accept();
    expect(await closed).toBe(bug);
    expect(progress).toEqual([
      { sent: 1, failed: 0 },
      { sent: 2, failed: 0 },
    ]);
  });
});
