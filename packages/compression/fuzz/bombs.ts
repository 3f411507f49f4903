import { brotliCompressSync, crc32, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Payload } from '@sqskit/core';
import { encodeBase64, framedBody } from '@sqskit/core/wire';
import { blockOf, payloadOf } from './block.ts';
import type { Draw } from './draw.ts';

/** Far more than any reader here allows, from little. */
const bombBytes = 33_554_432;
const zeros = new Uint8Array(bombBytes);
const bombs = {
  deflate: deflateRawSync(zeros),
  zstd: zstdCompressSync(zeros),
  gzip: gzipSync(zeros),
  brotli: brotliCompressSync(zeros, { params: { 1: 5 } }), // BROTLI_PARAM_QUALITY
};
const zerosCrc = crc32(zeros);

/** A small message that expands to 32 MiB, whatever it says about that. */
export function bombOf(draw: Draw): Payload {
  switch (draw.below(4)) {
    case 0:
      return { body: framedBody(draw.of(['g', 'h']), bombs.gzip) };
    case 1: {
      const data = encodeBase64(lying(draw, bombs.gzip));
      const sizes = `"original_size":${draw.below(100)},"compressed_size":${bombs.gzip.length}`;
      return { body: `{"compressed":true,"data":"${data}",${sizes}}` };
    }
    case 2:
      return draw.below(2) === 0
        ? { body: `{"__mqtCodec":"zstd","__mqtData":"${encodeBase64(bombs.zstd)}"}` }
        : { body: encodeBase64(bombs.brotli), attributes: { __SQS_GZIP__: { type: 'Number', value: '1' } } };
    default: {
      const algorithm = draw.of(['deflate', 'zstd']);
      const block = blockOf({
        algorithm,
        isText: draw.below(2) === 0,
        length: draw.of([bombBytes, 1_000, 65_536, 65_537, 0, 4_294_967_295]),
        crc: zerosCrc,
        dictionaryId: undefined,
        data: bombs[algorithm],
      });
      return payloadOf(draw.of(['c', 'p']), block, draw.of(['body', 'attribute']));
    }
  }
}

/** The gzip with another length at its end: what fflate's `gunzipSync` would allocate. */
function lying(draw: Draw, gzip: Uint8Array): Uint8Array {
  const lie = Uint8Array.from(gzip);
  new DataView(lie.buffer).setUint32(lie.length - 4, draw.of([bombBytes, 100, 0xffff_fff0]), true);
  return lie;
}
