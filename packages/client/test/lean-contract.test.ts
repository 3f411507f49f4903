import { adaptiveConcurrency } from '../src/index.ts';
import { fakeSqs, fauxqs } from './emulator.ts';
import { leanCarrier } from './lean-set-up.ts';
import { describeQueueContract } from './queue-contract-suite.ts';
import { type Carrier, credentials } from './sdk.ts';

const carrierFrom = (endpoint: string): Carrier => leanCarrier({ endpoint, credentials });

describeQueueContract('createLeanQueue', fakeSqs, carrierFrom);
describeQueueContract('createLeanQueue', fauxqs, carrierFrom);

const layer = adaptiveConcurrency();

describeQueueContract('a queue with adaptiveConcurrency', fakeSqs, (endpoint) => {
  const carrier = carrierFrom(endpoint);
  return { ...carrier, queue: (url) => layer(carrier.queue(url)) };
});
