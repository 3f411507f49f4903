import { setImmediate as turn } from 'node:timers/promises';
import { createProducer, type Producer } from '@sqskit/batching';
import { createPooledClient, createSqsQueue } from '@sqskit/client';
import { isQueueError, type OutgoingMessage, sendAll, text } from '@sqskit/core';
import { clientSettings } from '../contenders/contender.ts';
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

/** Watches memory: at every turn of the event loop's timers, and whenever it is asked to look. */
class Watch {
  readonly #producer: Producer<string>;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #startBytes: number;
  #mostBytes: number;
  #mostBuffered = 0;

  constructor(producer: Producer<string>) {
    this.#producer = producer;
    globalThis.gc?.();
    this.#startBytes = process.memoryUsage.rss();
    this.#mostBytes = this.#startBytes;
    this.#timer = setInterval(() => this.look(), 20);
  }

  look(): void {
    this.#mostBytes = Math.max(this.#mostBytes, process.memoryUsage.rss());
    this.#mostBuffered = Math.max(this.#mostBuffered, this.#producer.stats().bufferedBytes);
  }

  end(): Figures {
    this.look();
    clearInterval(this.#timer);
    return {
      rssGrowthMb: (this.#mostBytes - this.#startBytes) / 1e6,
      mostBufferedMib: this.#mostBuffered / mebibyte,
    };
  }
}

type Count = (error: unknown) => void;

function memoryCase(
  name: string,
  how: string,
  send: (producer: Producer<string>, count: number, look: () => void, failed: Count) => Promise<void>,
): Case {
  return {
    name,
    how,
    async measure({ messages, warmUp }: Load, { endpoint, queueUrl }: Target) {
      await using client = createPooledClient({ ...clientSettings, endpoint });
      await using producer = createProducer<string>(createSqsQueue(client, queueUrl), {
        codec: text(),
        maxBufferedBytes: bufferBytes,
        maxBufferedMessages: Number.POSITIVE_INFINITY,
      });
      await sendAll(producer, messagesOf(warmUp));
      let full = 0;
      let otherwise = 0;
      const watch = new Watch(producer);
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

const turnLength = 1_000;

export const memory: Scenario = {
  name: 'memory',
  title: 'Memory under pressure',
  about:
    'A million messages of 1 KiB, each a text of its own, through a buffer of 32 MiB to a server that answers after 10 ms. Growth is the most resident memory seen less what there was before the first message, after a garbage collection; it is looked at every 20 ms and after every thousand sends.',
  latencyMs: 10,
  full: { rounds: 1, messages: 1_000_000, warmUp: 200 },
  quick: { rounds: 1, messages: 100_000, warmUp: 200 },
  columns: [
    { figure: 'rssGrowthMb', title: 'resident growth, MB', digits: 0 },
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
  ],
};
