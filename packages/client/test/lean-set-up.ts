import { createLeanClient, createLeanQueue, type LeanClientOptions } from '../src/lean.ts';
import { type Carrier, region } from './sdk.ts';

/** Queues over a lean client. */
export function leanCarrier(options: LeanClientOptions): Carrier {
  const client = createLeanClient({ region, ...options });
  return { queue: (url) => createLeanQueue(client, url), destroy: () => void client.close() };
}
