import { compressed } from '@sqskit/compression';
import { type Content, payloadBytes, plain, type Sealed } from '@sqskit/core';
import { createRandom } from '@sqskit/testing';
import type { Case, Scenario } from './scenario.ts';
import { startMeasuring } from './sending.ts';

const contentBytes = 256 * 1_024;

/** Random bytes, or base64 of such, which looks like text and is only a quarter too long. */
function noise(as: 'bytes' | 'base64'): Content {
  const random = createRandom(256);
  const bytes = Uint8Array.from({ length: contentBytes }, () => random() * 256);
  return as === 'bytes' ? bytes : Buffer.from(bytes).toString('base64').slice(0, contentBytes);
}

function noiseCase(name: string, as: 'bytes' | 'base64'): Case {
  return {
    name,
    how: '',
    async measure({ messages, warmUp }) {
      const item = { id: 'bench', content: noise(as), attempt: 0 };
      const envelope = compressed();
      const seal = (): Sealed | Promise<Sealed> => envelope.seal([item], Number.POSITIVE_INFINITY);
      for (let sealed = 0; sealed < warmUp; sealed++) {
        await seal();
      }
      const stop = startMeasuring();
      for (let sealed = 0; sealed < messages; sealed++) {
        await seal();
      }
      const { cpuMicros } = stop();
      const added =
        payloadBytes((await seal()).payload) -
        payloadBytes((await plain().seal([item], Number.POSITIVE_INFINITY)).payload);
      return { cpuMs: cpuMicros / messages / 1_000, added };
    },
  };
}

export const incompressible: Scenario = {
  name: 'incompressible',
  title: 'What cannot be compressed',
  about:
    'Contents of 256 KiB that no compressor makes much smaller, through `compressed()` and not sent: what it costs to find that out, and to make the message all the same. Added is to what the plain envelope makes of it, in bytes.',
  latencyMs: 0,
  full: { rounds: 3, messages: 500, warmUp: 100 },
  quick: { rounds: 2, messages: 200, warmUp: 50 },
  columns: [
    { figure: 'cpuMs', title: 'CPU ms/message', digits: 3 },
    { figure: 'added', title: 'bytes added', digits: 0 },
  ],
  cases: [noiseCase('random bytes', 'bytes'), noiseCase('base64 of random bytes', 'base64')],
};
