import {
  type Content,
  type Envelope,
  type Item,
  type MessageAttribute,
  type MessageAttributes,
  type Payload,
  sqsLimits,
} from '@sqskit/core';
import type { Random } from '@sqskit/core/retry';
import { noise, noiseBytes } from '../noise.ts';
import { createRandom } from '../random.ts';

const foreignBodies: readonly string[] = [
  '',
  ' ',
  'null',
  '{}',
  '[]',
  '{"compressed":true}',
  '{"compressed":true,"data":"!!!","original_size":3,"compressed_size":3}',
  '{"compressed":true,"data":"H4sIAAAAAAAAAw==","original_size":1e12,"compressed_size":10}',
  '{"compressed":"yes","data":7,"original_size":-1,"compressed_size":null}',
  '['.repeat(10_000),
  '\ud800 a lone surrogate',
  '\u0000\u0001',
  '~',
  '~~',
  '~1',
  '~1b',
  '~1b not base64!',
  '~1z',
  `~1z${Buffer.from(noiseBytes(300, 4)).toString('base64')}`,
  '~2b',
  noise(3_000, 5),
  Buffer.from(noiseBytes(3_000, 6)).toString('base64'),
];

/** What a pack has to say of each. */
const variedItems: readonly Item[] = [
  { id: 'sealed-7', content: '', attempt: 0, traceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793' },
  { id: 'another', content: 'two\nlines', attributes: { n: { type: 'Number', value: '1' } }, attempt: 2 },
  { id: 'sealed-8', content: noiseBytes(50, 9), attempt: 0 },
];

const sealedContents: readonly Content[] = [
  'short',
  JSON.stringify({ id: 1, text: 'the same again '.repeat(200) }),
  noise(2_000, 7),
  noiseBytes(2_000, 8),
];

const attributes: MessageAttributes = {
  text: { type: 'String', value: 'note' },
  bytes: { type: 'Binary', value: Uint8Array.of(1, 2, 3) },
};

const mutationsPerContent = 60;

/** Payloads that no envelope wrote: foreign ones, and those of `envelope` itself damaged in many ways. Always the same. */
export async function garbage(envelope: Envelope): Promise<readonly Payload[]> {
  const random = createRandom(99);
  const payloads: Payload[] = foreignBodies.map((body) => ({ body }));
  for (const content of sealedContents) {
    const item: Item = { id: 'sealed-1', content, attributes, attempt: 0 };
    const more = envelope.maxItems > 1 ? variedItems : [];
    const { payload } = await envelope.seal([item, item, item, ...more], sqsLimits.maxMessageBytes);
    for (const body of foreignBodies) {
      payloads.push({ ...payload, body });
    }
    for (let count = 0; count < mutationsPerContent; count++) {
      payloads.push(damaged(payload, random));
    }
  }
  return payloads;
}

function damaged({ body, attributes: own }: Payload, random: Random): Payload {
  const position = Math.floor(random() * body.length);
  const bodies = [
    body,
    body.slice(0, position),
    body.slice(position),
    body.slice(0, position) + flipped(body.charCodeAt(position)) + body.slice(position + 1),
    body.slice(0, position) + noise(4, position) + body.slice(position),
    body + body,
  ];
  return {
    body: bodies[Math.floor(random() * bodies.length)] ?? body,
    attributes: own === undefined ? undefined : damagedAttributes(own, random),
  };
}

function flipped(code: number): string {
  return String.fromCharCode(code ^ 1);
}

/** One bit turned, or the end cut off. */
function damagedValue(value: Content, random: Random): Content {
  const position = Math.floor(random() * value.length);
  if (typeof value === 'string' || random() < 0.3) {
    return value.slice(0, position);
  }
  return value.map((byte, index) => (index === position ? byte ^ (1 << Math.floor(random() * 8)) : byte));
}

function damagedAttributes(given: MessageAttributes, random: Random): MessageAttributes {
  const damagedOne = (name: string, attribute: MessageAttribute): MessageAttribute | undefined => {
    const damages: readonly (MessageAttribute | undefined)[] = [
      undefined,
      { ...attribute, value: damagedValue(attribute.value, random) },
      { ...attribute, value: damagedValue(attribute.value, random) },
      { type: 'String', value: noise(6, name.length) },
      { type: 'Number', value: '-1e99' },
      { type: 'Binary', value: noiseBytes(6, name.length) },
    ];
    // Half of them stay as they are, so that damage to the others is met too.
    return random() < 0.5 ? attribute : damages[Math.floor(random() * damages.length)];
  };
  const damagedSome: Record<string, MessageAttribute> = {};
  for (const [name, attribute] of Object.entries(given)) {
    const left = damagedOne(name, attribute);
    if (left !== undefined) {
      damagedSome[name] = left;
    }
  }
  return damagedSome;
}
