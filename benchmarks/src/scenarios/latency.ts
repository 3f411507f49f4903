import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type Body, clientSettings } from '../contenders/contender.ts';
import { overSdk } from '../contenders/sdk-connection.ts';
import { openProducer } from '../contenders/sqskit.ts';
import { kilobytes, repeated } from '../data.ts';
import { quantile } from '../statistics.ts';
import { sendPaced } from './pace.ts';
import type { Figures, Scenario } from './scenario.ts';

const perSecond = 10;

function figuresOf(ours: readonly number[], bare: readonly number[]): Figures {
  const oursP50 = quantile(ours, 0.5);
  const oursP99 = quantile(ours, 0.99);
  const bareP50 = quantile(bare, 0.5);
  const bareP99 = quantile(bare, 0.99);
  return { oursP50, oursP99, bareP50, bareP99, addedP50: oursP50 - bareP50, addedP99: oursP99 - bareP99 };
}

export const latency: Scenario = {
  name: 'latency',
  title: 'Latency when there is little to send',
  about:
    'Ten messages of 1 KB a second through a producer as it comes, and between them ten through `SendMessageCommand` on an `SQSClient` as it comes, in the same process, to a server that answers after 10 ms. Added is the one quantile less the other.',
  latencyMs: 10,
  full: { rounds: 2, messages: 200, warmUp: 100 },
  quick: { rounds: 1, messages: 30, warmUp: 20 },
  columns: [
    { figure: 'bareP50', title: 'SDK p50, ms', digits: 2 },
    { figure: 'oursP50', title: 'sqskit p50, ms', digits: 2 },
    { figure: 'addedP50', title: 'added p50, ms', digits: 2 },
    { figure: 'bareP99', title: 'SDK p99, ms', digits: 2 },
    { figure: 'oursP99', title: 'sqskit p99, ms', digits: 2 },
    { figure: 'addedP99', title: 'added p99, ms', digits: 2 },
  ],
  cases: [
    {
      name: 'sqskit beside the SDK',
      how: '`createProducer(…)` with every option at its default.',
      async measure({ messages, warmUp }, target) {
        const { endpoint, queueUrl } = target;
        await using open = openProducer<Body>(overSdk(target));
        const { producer } = open;
        const bare = new SQSClient({ ...clientSettings, endpoint });
        const bodies = repeated(kilobytes(), Math.max(messages, warmUp));
        const sendOurs = (index: number): Promise<unknown> => producer.send({ body: bodies[index] ?? {} });
        const sendBare = (index: number): Promise<unknown> =>
          bare.send(
            new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(bodies[index]) }),
          );
        for (let index = 0; index < warmUp; index++) {
          await sendOurs(index);
          await sendBare(index);
        }
        const latencies = await sendPaced(2 * messages, 2 * perSecond, (index) =>
          (index % 2 === 0 ? sendOurs : sendBare)(index >> 1),
        );
        bare.destroy();
        return figuresOf(
          latencies.filter((_, index) => index % 2 === 0),
          latencies.filter((_, index) => index % 2 === 1),
        );
      },
    },
  ],
};
