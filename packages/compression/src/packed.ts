import { assertFits, attributesBytes, type Item, type Payload, QueueError, type Sealed } from '@sqskit/core';
import { resolveOptions } from '@sqskit/core/options';
import { blockBody, blockInAttribute, carriedBytes } from './body.ts';
import type { UnsetBlock } from './compression-options.ts';
import { type ExplainingEnvelope, type Explanation, explainShrunk } from './explain.ts';
import { createOpener } from './opener.ts';
import { createPackFill } from './pack-fill.ts';
import { createPackWriter, maxPackHeaderBytes, type PackWriter, type WrittenPack } from './pack-writer.ts';
import { type PackingOptions, packingRules } from './packing-options.ts';
import { settingsOf } from './settings.ts';
import { createShrinker, isTried } from './shrinker.ts';
import { whenReady } from './when-ready.ts';

const maxIdleWriters = 4;

/** What becomes of one message that is sent alone, and how many like it fill a pack. */
export interface PackExplanation extends Explanation {
  /** About how many messages of this size one SQS message takes, by how well earlier packs compressed. */
  readonly itemsPerPack: number;
}

/**
 * An envelope that packs many messages into one SQS message and compresses them together: far better than each alone,
 * and one billed request for hundreds. Consumers must be given it, or `compressed()`, before producers are.
 *
 * A message that comes alone is sealed as `compressed()` would. Reads what `compressed()` reads. Throws `option-invalid`.
 */
export function packed(options?: PackingOptions): ExplainingEnvelope<PackExplanation> {
  const owner = 'packed';
  const resolved = resolveOptions<PackingOptions, UnsetBlock>(owner, packingRules, options);
  const { targetBytes, maxItems, algorithm } = resolved;
  const settings = settingsOf(owner, resolved, algorithm);
  const { codec, engine, maxOutputBytes, recorder, transport, dictionary, levelOf, hasZstd } = settings;
  const shrink = createShrinker(settings, algorithm);
  // What the header adds is nearly always far below what this leaves.
  const fill = createPackFill(maxOutputBytes / 2);
  const ratio = recorder.histogram('CompressionRatio', 'None');
  const packSize = recorder.histogram('MessagesPerPack', 'Count');
  const chosen = algorithm === 'auto' ? (hasZstd ? 'zstd' : 'deflate') : algorithm;
  const level = levelOf(chosen);
  /** Those that no seal is at work with, and a few at most: each keeps a buffer of about a megabyte. */
  const writers: PackWriter[] = [];

  /** The size to which packs are filled: of the last that was sealed, or to begin with the target. */
  let limitBytes = targetBytes;

  function sealAlone(item: Item, maxBytes: number): Sealed | Promise<Sealed> {
    const hasMore = item.attempt !== 0 || item.traceHeader !== undefined;
    return (hasMore ? sealPackOfOne(item, maxBytes) : undefined) ?? sealContent(item, maxBytes);
  }

  function sealContent(item: Item, maxBytes: number): Sealed | Promise<Sealed> {
    return whenReady(
      shrink(item.content, item.attributes, codec),
      ({ payload, reason, plainBytes, sentBytes }) => {
        if (isTried(reason)) {
          ratio.record(plainBytes / sentBytes);
        }
        return { payload, taken: 1, bytes: assertFits(payload, maxBytes, sentBytes) };
      },
    );
  }

  /** With what only a pack can carry; `undefined` where no reader would expand it, and the content counts for more. */
  function sealPackOfOne(item: Item, maxBytes: number): Sealed | Promise<Sealed> | undefined {
    const writer = createPackWriter();
    if (writer.gather([item], 1, maxOutputBytes) === 0) {
      throw new QueueError(
        'message-invalid',
        'the body has half a surrogate pair, which UTF-8 has no form for',
        {
          field: 'body',
          received: 'a lone surrogate',
          expected: 'well-formed text',
        },
      );
    }
    const pack = writer.pack(1);
    if (readableShare(pack) < 1) {
      return undefined;
    }
    return whenReady(encoded(pack), (block) => {
      const payload = payloadOf(block);
      return { payload, taken: 1, bytes: assertFits(payload, maxBytes) };
    });
  }

  /** As many of the first `count` as come out within the limit; `undefined` where not even two do. */
  function sealUpTo(
    writer: PackWriter,
    count: number,
    limit: number,
  ): Sealed | undefined | Promise<Sealed | undefined> {
    const fewer = (share: number): ReturnType<typeof sealUpTo> => {
      const next = Math.min(count - 1, Math.floor(count * share * 0.98));
      return next < 2 ? undefined : sealUpTo(writer, next, limit);
    };
    const pack = writer.pack(count);
    const share = readableShare(pack);
    if (share < 1) {
      return fewer(share); // long ids or attributes
    }
    return whenReady(encoded(pack), (block) => {
      const sealedBytes = carriedBytes(block.length, transport);
      const rawBytes = writer.rawBytes(count);
      fill.learn(rawBytes, sealedBytes, limit);
      if (sealedBytes <= limit) {
        ratio.record(rawBytes / sealedBytes);
        packSize.record(count);
        return { payload: payloadOf(block), taken: count, bytes: sealedBytes };
      }
      return fewer(limit / sealedBytes);
    });
  }

  /** How much of a pack a reader would take: below 1 it is too large for it. */
  function readableShare({ bytes, headerBytes }: WrittenPack): number {
    return Math.min(maxOutputBytes / bytes.length, maxPackHeaderBytes / headerBytes);
  }

  function encoded({ bytes, isText }: WrittenPack): Uint8Array | Promise<Uint8Array> {
    return whenReady(
      codec.encode(bytes, { algorithm: chosen, level, dictionary, isText }),
      ({ block }) => block,
    );
  }

  function payloadOf(block: Uint8Array): Payload {
    return transport === 'attribute'
      ? blockInAttribute('p', block, undefined)
      : { body: blockBody('p', block) };
  }

  return {
    maxItems,
    get fillBytes() {
      return fill.bytesFor(limitBytes);
    },
    seal(items, maxBytes) {
      const [first] = items;
      if (items.length === 1) {
        return sealAlone(first, maxBytes);
      }
      const limit = Math.min(targetBytes, maxBytes);
      limitBytes = limit;
      const writer = writers.pop() ?? createPackWriter();
      const count = writer.gather(items, maxItems, fill.bytesFor(limit));
      return whenReady(count < 2 ? undefined : sealUpTo(writer, count, limit), (sealed) => {
        if (writers.length < maxIdleWriters) {
          writers.push(writer);
        }
        return sealed ?? sealAlone(first, maxBytes);
      });
    },
    open: createOpener(codec, engine, maxOutputBytes),
    explain(content, attributes) {
      const explanation = explainShrunk(shrink, settings, content, attributes);
      const bytes = explanation.contentBytes + attributesBytes(attributes) + 1;
      const itemsPerPack = Math.min(maxItems, Math.max(1, Math.floor(fill.bytesFor(limitBytes) / bytes)));
      return { ...explanation, itemsPerPack };
    },
  };
}
