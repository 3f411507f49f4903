export type { ProducerStats } from './books.ts';
export { createProducer, type Producer } from './producer.ts';
export type { Deduplication, ProducerOptions } from './producer-options.ts';
