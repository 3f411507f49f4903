export { compressed } from './compressed.ts';
export type { CompressionOptions } from './compression-options.ts';
export { guideEnvelope } from './guide-envelope.ts';
export { createMessageCompressor, type MessageCompressor } from './message-compressor.ts';
// What does the work.
export { fflateGzip } from './fflate-gzip.ts';
export type { GzipEngine, GzipLevel } from './gzip-engine.ts';
export { nodeGzip } from './node-gzip.ts';
