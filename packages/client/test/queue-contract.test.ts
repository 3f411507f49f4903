import { createPooledClient } from '../src/index.ts';
import { describeQueueContract } from './fauxqs-contract.ts';
import { credentials, region, sdkCarrier } from './sdk.ts';

describeQueueContract('createSqsQueue', (endpoint) => {
  const client = createPooledClient({ region, endpoint, credentials });
  return sdkCarrier(Object.assign(client, { destroy: () => void client.close() }));
});
