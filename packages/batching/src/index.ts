export type { ProducerStats } from './books.ts';
export { createProducer, type Producer } from './producer.ts';
export { type Deduplication, type ProducerOptions, producerOptionRules } from './producer-options.ts';
