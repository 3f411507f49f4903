import { adaptiveConcurrency } from '../src/index.ts';
import { describeQueueContract } from './fauxqs-contract.ts';
import { leanCarrier } from './lean-set-up.ts';
import { credentials } from './sdk.ts';

describeQueueContract('createLeanQueue', (endpoint) => leanCarrier({ endpoint, credentials }));

const layer = adaptiveConcurrency();

describeQueueContract('a queue with adaptiveConcurrency', (endpoint) => {
  const carrier = leanCarrier({ endpoint, credentials });
  return { ...carrier, queue: (url) => layer(carrier.queue(url)) };
});
