// Opens one body in a process of its own and prints what it cost: see memory.test.ts.
import { resourceUsage, stdin } from 'node:process';
import { json } from 'node:stream/consumers';
import { compressed, fflateEngine } from '../src/index.ts';
import { contentOrError } from './opening.ts';

const { engine, body, small } = (await json(stdin)) as Record<'engine' | 'body' | 'small', string>;
const envelope = compressed(engine === 'fflate' ? { engine: fflateEngine } : {});
contentOrError(envelope, small); // loads and compiles what it takes
const before = resourceUsage().maxRSS;
const startedAt = performance.now();
const result = contentOrError(envelope, body);
const tookMs = performance.now() - startedAt;
const grewBytes = (resourceUsage().maxRSS - before) * 1_024;
console.log(
  JSON.stringify({
    outcome: typeof result === 'object' && 'code' in result ? result.message : 'opened',
    grewBytes,
    tookMs,
  }),
);
