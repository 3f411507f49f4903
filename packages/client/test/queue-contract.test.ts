import { createPooledClient } from '../src/index.ts';
import { fakeSqs, fauxqs } from './emulator.ts';
import { describeQueueContract } from './queue-contract-suite.ts';
import { type Carrier, credentials, region, sdkCarrier } from './sdk.ts';

function carrierFrom(endpoint: string): Carrier {
  const client = createPooledClient({ region, endpoint, credentials });
  return sdkCarrier(Object.assign(client, { destroy: () => void client.close() }));
}

describeQueueContract('createSqsQueue', fakeSqs, carrierFrom);
describeQueueContract('createSqsQueue', fauxqs, carrierFrom);
