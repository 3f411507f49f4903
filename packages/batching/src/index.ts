export { createProducer, type Producer, type ProducerStats } from './producer.ts';
export { type Deduplication, type ProducerOptions, producerOptionRules } from './producer-options.ts';
