import { describeQueueContract } from './fauxqs-contract.ts';
import { leanCarrier } from './lean-set-up.ts';
import { credentials } from './sdk.ts';

describeQueueContract('createLeanQueue', (endpoint) => leanCarrier({ endpoint, credentials }));
