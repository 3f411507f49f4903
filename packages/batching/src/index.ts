export type { ProducerStats } from './books.ts';
export { createProducer, type Producer } from './producer.ts';
export type { AfterGroupFailure, Deduplication, GroupOrder, ProducerOptions } from './producer-options.ts';
