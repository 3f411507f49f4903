import { createMessageCompressor } from '@sqskit/compression';

const compressor = createMessageCompressor();
const body = compressor.compressMessage({ text: 'é🙂'.repeat(1_000) });
console.log(
  JSON.stringify({ smaller: body.length < 2_000, back: compressor.decompressMessage(body).text.length }),
);
