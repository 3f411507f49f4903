// Apart, because of its cache.
export {
  type Claim,
  type IdempotencyErrorContext,
  type IdempotencyOptions,
  type IdempotencyStore,
  type MemoryStoreOptions,
  memoryStore,
  withIdempotency,
} from '@sqskit/consumer/idempotency';
