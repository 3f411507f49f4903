import { setImmediate as turn } from 'node:timers/promises';
import type { Producer } from '@sqskit/batching';
import { isQueueError, type OutgoingMessage, sendAll, text } from '@sqskit/core';
import { openBatches } from '../contenders/aws-sdk.ts';
import type { Body } from '../contenders/contender.ts';
import { overSdk } from '../contenders/sdk-connection.ts';
import { openProducer } from '../contenders/sqskit.ts';
import type { Target } from '../server/start-load-server.ts';
import type { Case, Figures, Load, Scenario } from './scenario.ts';
import { startMeasuring } from './sending.ts';

const kibibyte = 1_024;
const mebibyte = 1_048_576;
const bufferBytes = 32 * mebibyte;

/** Texts of 1 KiB, each made when it is asked for and in memory by itself. */
function* messagesOf(count: number): Generator<OutgoingMessage<string>> {
  const template = Buffer.alloc(kibibyte, 'sqskit ');
  for (let index = 0; index < count; index++) {
    template.write(String(index).padStart(10, '0'), 'latin1');
    yield { body: template.toString('latin1') };
  }
}

function* slicesOf(count: number, length: number): Generator<readonly OutgoingMessage<string>[]> {
  let slice: OutgoingMessage<string>[] = [];
  for (const message of messagesOf(count)) {
    slice.push(message);
    if (slice.length === length) {
      yield slice;
      slice = [];
    }
  }
  yield slice;
}

/** Watches memory: at every turn of the event loop's timers, and whenever it is asked to look. */
class Watch {
  readonly #bufferedBytes: () => number;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #startBytes: number;
  #mostBytes: number;
  #mostBuffered = 0;

  constructor(bufferedBytes: () => number) {
    this.#bufferedBytes = bufferedBytes;
    globalThis.gc?.();
    this.#startBytes = process.memoryUsage.rss();
    this.#mostBytes = this.#startBytes;
    this.#timer = setInterval(() => this.look(), 20);
  }

  look(): void {
    this.#mostBytes = Math.max(this.#mostBytes, process.memoryUsage.rss());
    this.#mostBuffered = Math.max(this.#mostBuffered, this.#bufferedBytes());
  }

  end(): Figures {
    this.look();
    clearInterval(this.#timer);
    return {
      rssGrowthMb: (this.#mostBytes - this.#startBytes) / 1e6,
      mostRssMb: this.#mostBytes / 1e6,
      mostBufferedMib: this.#mostBuffered / mebibyte,
    };
  }
}

const turnLength = 1_000;
/**
 * A hundred batches: next to nothing in the buffer, and enough for the SDK and V8 to reach the memory that they work in.
 * V8's new generation alone grows from 33 MB to some 115 by what lives through minor collections.
 */
const warmUpLength = 1_000;

type Count = (error: unknown) => void;

function memoryCase(
  name: string,
  how: string,
  send: (producer: Producer<string>, count: number, look: () => void, failed: Count) => Promise<void>,
): Case {
  return {
    name,
    how,
    async measure({ messages, warmUp }: Load, target: Target) {
      await using open = openProducer<string>(overSdk(target), {
        codec: text(),
        maxBufferedBytes: bufferBytes,
        maxBufferedMessages: Number.POSITIVE_INFINITY,
      });
      const { producer } = open;
      for (const slice of slicesOf(warmUp, warmUpLength)) {
        await Promise.all(slice.map((message) => producer.send(message)));
      }
      let full = 0;
      let otherwise = 0;
      const watch = new Watch(() => producer.stats().bufferedBytes);
      const stop = startMeasuring();
      await send(
        producer,
        messages,
        () => watch.look(),
        (error) => {
          if (isQueueError(error, 'buffer-full')) {
            full++;
          } else {
            otherwise++;
          }
        },
      );
      const { seconds } = stop();
      const figures = watch.end();
      return { ...figures, accepted: messages - full - otherwise, full, otherwise, seconds };
    },
  };
}

/** What the SDK takes by itself, with nothing buffered: hand-written batches, sixteen at a time. */
const bareCase: Case = {
  name: 'SDK, 16 batches at a time',
  isSlow: true,
  how: 'For comparison, and with at most 200,000 messages: a thousand at a time are made, sent in batches of ten and awaited, and nothing is buffered.',
  async measure(load, target) {
    const { warmUp } = load;
    const messages = Math.min(load.messages, 200_000);
    await using sending = await openBatches(target, 16);
    const send = async (count: number, length: number): Promise<void> => {
      for (const slice of slicesOf(count, length)) {
        await sending.send(slice.map(({ body }): Body => ({ body })));
      }
    };
    await send(warmUp, warmUpLength);
    const watch = new Watch(() => 0);
    const stop = startMeasuring();
    await send(messages, turnLength);
    const { seconds } = stop();
    return { ...watch.end(), accepted: messages, full: 0, otherwise: 0, seconds };
  },
};

export const memory: Scenario = {
  name: 'memory',
  title: 'Memory under pressure',
  about:
    'A million messages of 1 KiB, each a text of its own, through a buffer of 32 MiB to a server that answers after 10 ms. Growth is the most resident memory seen, every 20 ms and after every thousand sends, less what there was after a warm-up of a thousand messages at a time: the SDK and V8 take some 250 MB to work in, whatever is sent.',
  latencyMs: 10,
  full: { rounds: 1, messages: 1_000_000, warmUp: 60_000 },
  quick: { rounds: 1, messages: 30_000, warmUp: 10_000 },
  columns: [
    { figure: 'rssGrowthMb', title: 'resident growth, MB', digits: 0 },
    { figure: 'mostRssMb', title: 'most resident, MB', digits: 0 },
    { figure: 'mostBufferedMib', title: 'most buffered, MiB', digits: 2 },
    { figure: 'accepted', title: 'accepted', digits: 0 },
    { figure: 'full', title: 'refused, `buffer-full`', digits: 0 },
    { figure: 'otherwise', title: 'failed otherwise', digits: 0 },
    { figure: 'seconds', title: 'seconds', digits: 1 },
  ],
  cases: [
    memoryCase('sendAll', '`await sendAll(producer, messages)`.', async (producer, count, _look, failed) => {
      await sendAll(producer, messagesOf(count), { onFailure: ({ error }) => failed(error) });
    }),
    memoryCase(
      'thrown at send()',
      '`send()` called a thousand times a turn of the event loop, as fast as it turns, and nothing awaited until the end. Past the 10,000 messages that may wait for room, `send()` refuses.',
      async (producer, count, look, failed) => {
        let index = 0;
        for (const message of messagesOf(count)) {
          producer.send(message).catch(failed);
          index++;
          if (index % turnLength === 0) {
            look();
            await turn();
          }
        }
        await producer.flush();
        await turn(); // the last of the promises' own callbacks
      },
    ),
    bareCase,
  ],
};
