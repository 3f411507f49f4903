import { compressed, packed } from '@sqskit/compression';
import { type Envelope, plain, type Sealed } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import type { Random } from '@sqskit/core/retry';
import type { Seal } from './history.ts';
import type { Scenario } from './scenario.ts';

/** What the scenario asks for. Its clock stands still while something is sealed, so that everything is sealed at once. */
export function createEnvelope(
  { envelope, maxItems, targetBytes, transport }: Scenario,
  clock: Clock,
): Envelope {
  switch (envelope) {
    case 'plain':
      return plain();
    case 'compressed':
      return compressed({ thresholdBytes: 100, transport, clock });
    case 'packed':
      return packed({ thresholdBytes: 100, transport, maxItems, targetBytes, clock });
  }
}

/** Notes what is sealed and what is discarded. */
export function watchedEnvelope(inner: Envelope, seals: Seal[]): Envelope {
  const watch = (sealed: Sealed): Sealed => {
    const seal: Seal = { sealed, discards: 0 };
    seals.push(seal);
    return {
      ...sealed,
      async discard() {
        seal.discards++;
      },
    };
  };
  return {
    maxItems: inner.maxItems,
    get fillBytes() {
      return inner.fillBytes;
    },
    seal(items, maxBytes) {
      const sealed = inner.seal(items, maxBytes);
      return 'then' in sealed ? sealed.then(watch) : watch(sealed);
    },
    open: (payload) => inner.open(payload),
  };
}

/** Takes up to `maxMs` of virtual time for some seals, none for others. */
export function slowEnvelope(inner: Envelope, clock: Clock, random: Random, maxMs: number): Envelope {
  return {
    maxItems: inner.maxItems,
    get fillBytes() {
      return inner.fillBytes;
    },
    seal(items, maxBytes) {
      if (random() < 0.3) {
        return inner.seal(items, maxBytes);
      }
      const taken = [...items] as const;
      return new Promise<Sealed>((resolve, reject) => {
        clock.setTimer(() => {
          try {
            resolve(inner.seal([items[0], ...taken.slice(1)], maxBytes));
          } catch (error) {
            reject(error);
          }
        }, random() * maxMs);
      });
    },
    open: (payload) => inner.open(payload),
  };
}
