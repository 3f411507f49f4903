export { compressed } from './compressed.ts';
export { type PackExplanation, packed } from './packed.ts';
export type { CommonOptions, BlockOptions, CompressionOptions, GuideOptions } from './compression-options.ts';
export type { PackingOptions } from './packing-options.ts';
export type { ExplainingEnvelope, Explanation } from './explain.ts';
export type { ShrinkReason } from './shrinker.ts';
// What both ends share beforehand.
export { createDictionary, type Dictionary } from './dictionary.ts';
export { dictionaryFromSamples, type DictionaryFromSamplesOptions } from './dictionary-from-samples.ts';
// The guide's form.
export { guideEnvelope } from './guide-envelope.ts';
export { createMessageCompressor, type MessageCompressor } from './message-compressor.ts';
// What does the work.
export type { Algorithm, Compressor, DecompressOptions, Engine, Level } from './engine.ts';
export { fflateEngine } from './fflate-engine.ts';
export { nodeEngine } from './node-engine.ts';
