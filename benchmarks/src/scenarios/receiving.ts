import { setTimeout as delay } from 'node:timers/promises';
import {
  fourLoops,
  sqsConsumer,
  sqsConsumerOfBatches,
  sqskitConsumer,
  sqskitLeanConsumer,
  squissConsumer,
} from '../contenders/consumers.ts';
import type { ConsumingContender, Handle } from '../contenders/consuming.ts';
import { startFullQueue } from '../server/start-full-queue.ts';
import type { Case, Figures, Load, Scenario } from './scenario.ts';
import { cpuColumn, rateColumn, serverCpuColumn, startMeasuring } from './sending.ts';

const latencyMs = 10;
const slots = 100;
const handlerMs = 20;
/** Enough for every poller and every connection to be at work. */
const leadIn = 300;
/** More than any contender has in hand, or goes on to receive until it is stopped: the queue is never empty. */
const spare = 2_000;

const waiting: Handle = () => delay(handlerMs);

/** A case that receives as fast as the contender can, from a server that always has more. */
function receivingCase(
  { name, how, open }: ConsumingContender,
  limits: Pick<Case, 'maxRounds' | 'isSlow'> = {},
): Case {
  return {
    name,
    how,
    ...limits,
    async measure(load) {
      await warmUpCode(open, load);
      return await measureReceiving(open, load);
    },
  };
}

/** From a server that answers at once and with a handler that does not wait, so that the slow too run compiled code. */
async function warmUpCode(open: ConsumingContender['open'], { warmUp }: Load): Promise<void> {
  await using queue = await startFullQueue({ latencyMs: 0, messages: warmUp + spare });
  await using _consuming = await open({ target: queue.target, handle: async () => undefined, slots });
  await queue.countsWhenAsked(warmUp);
}

/** From one message's delete to another's, as the server counts them, while it goes on before and after. */
async function measureReceiving(open: ConsumingContender['open'], { messages }: Load): Promise<Figures> {
  await using queue = await startFullQueue({ latencyMs, messages: leadIn + messages + spare });
  await using _consuming = await open({ target: queue.target, handle: waiting, slots });
  const before = await queue.countsWhenAsked(Math.min(leadIn, messages));
  const stop = startMeasuring();
  const after = await queue.countsWhenAsked(before.deletes + messages);
  const { seconds, cpuMicros } = stop();
  const deleted = after.deletes - before.deletes;
  return {
    messagesPerSecond: deleted / seconds,
    cpuMicros: cpuMicros / deleted,
    calls: (after.calls - before.calls) / deleted,
    serverCpuMicros: (after.cpuMicros - before.cpuMicros) / deleted,
  };
}

export const receiving: Scenario = {
  name: 'receiving',
  title: 'Receiving 1 KB messages',
  about: `Messages of 1,024 bytes of JSON, which the contender or its handler parses, from a queue of the tests' fake SQS that always has more, ${latencyMs} ms a call; a handler that waits ${handlerMs} ms, and at most ${slots} of them at a time where that can be said. Counted is what it has been asked to delete; a contender's calls are receives and deletes.`,
  latencyMs,
  full: { rounds: 3, messages: 4_000, warmUp: 12_000 },
  quick: { rounds: 1, messages: 500, warmUp: 2_000 },
  columns: [rateColumn, { figure: 'calls', title: 'calls/message', digits: 3 }, cpuColumn, serverCpuColumn],
  cases: [
    receivingCase(sqskitConsumer),
    receivingCase(sqskitLeanConsumer),
    receivingCase(squissConsumer),
    receivingCase(fourLoops),
    receivingCase(sqsConsumer, { maxRounds: 1, isSlow: true }),
    receivingCase(sqsConsumerOfBatches, { maxRounds: 1 }),
  ],
};
