export { type MemoryStoreOptions, memoryStore } from './memory-store.ts';
export type { IdempotencyErrorContext, IdempotencyOptions } from './options.ts';
export type { Claim, IdempotencyStore } from './store.ts';
export { withIdempotency } from './with-idempotency.ts';
