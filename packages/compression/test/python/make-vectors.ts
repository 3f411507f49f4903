// Makes vectors.json anew: npx -y pnpm@12.21.0 --filter @sqskit/compression vectors
import { writeFileSync } from 'node:fs';
import { createMessageCompressor, fflateEngine } from '../../src/index.ts';
import { messages } from './messages.ts';
import { runPython } from './run-python.ts';

const names = Object.keys(messages);
const values = Object.values(messages);
const ours = createMessageCompressor({ engine: fflateEngine });

const byPython = runPython('write', values);
const bodies = values.map((message) => ours.compressMessage(message));
const readByPython = runPython('read', bodies);
if (byPython === undefined || readByPython === undefined) {
  throw new Error('the vectors are made by Python 3: python3 is not on the path');
}

const vectors = names.map((name, index) => ({
  name,
  // What Python's gzip, base64 and json wrote for the message.
  byPython: byPython[index],
  // What fflate made of it here, and the JSON of what Python read out of that.
  byFflate: bodies[index],
  readByPython: JSON.stringify(readByPython[index]),
}));
writeFileSync(new URL('vectors.json', import.meta.url), `${JSON.stringify(vectors, undefined, 2)}\n`);
