import type { OptionRules } from '@sqskit/core/options';
import { type BlockOptions, blockRules, type UnsetBlock } from './compression-options.ts';
import { maxPackItems } from './pack-writer.ts';

/** Options of `packed`. */
export interface PackingOptions extends BlockOptions {
  /** `auto` is zstd where this runtime has it, otherwise deflate; for messages that are sealed alone, as `compressed` has it. Default: `auto`. */
  readonly algorithm?: 'auto' | 'zstd' | 'deflate' | undefined;
  /**
   * The size to which packs are filled, as SQS counts it. Default: 65,536 bytes, one billed request: a larger pack costs
   * as many requests a message, and is more to lose and to wait for.
   */
  readonly targetBytes?: number | undefined;
  /** The most messages in one pack. Default: 1,000. A consumer has to hold and settle that many at once. */
  readonly maxItems?: number | undefined;
}

export const packingRules: OptionRules<PackingOptions, UnsetBlock> = {
  targetBytes: {
    kind: 'number',
    default: 65_536,
    min: 1_024,
    max: 1_048_576,
    unit: 'bytes',
    doc: 'The size to which packs are filled, as SQS counts it. The default is one billed request.',
  },
  maxItems: {
    kind: 'number',
    default: 1_000,
    min: 1,
    max: maxPackItems,
    doc: 'The most messages in one pack.',
  },
  algorithm: {
    kind: 'choice',
    default: 'auto',
    values: ['auto', 'zstd', 'deflate'],
    doc: '`auto`: zstd where the runtime has it, otherwise deflate.',
  },
  ...blockRules,
};
