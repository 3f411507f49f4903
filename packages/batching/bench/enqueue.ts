// What the producer itself costs a message, with a queue that accepts everything at once:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/batching bench
import { type Envelope, json, type Queue, type SendOutcome, text } from '@sqskit/core';
import { createProducer, type ProducerOptions } from '../src/index.ts';

const count = 300_000;
const rounds = 5;

function nullQueue(): Queue {
  const sent: SendOutcome = { ok: true, messageId: 'm' };
  const unused = (): never => {
    throw new Error('not part of this bench');
  };
  return {
    url: 'https://sqs.eu-west-1.amazonaws.com/123456789012/null',
    sendBatch: (entries) => Promise.resolve(entries.map(() => sent)),
    receive: unused,
    deleteBatch: unused,
    changeVisibilityBatch: unused,
    describe: unused,
    depth: unused,
  };
}

/** Packs 560 events of 712 bytes, as zstd does, without the work. */
const trivial: Envelope = {
  maxItems: 10_000,
  fillBytes: 400_000,
  seal: (items) => ({ payload: { body: `~1p${items[0].id}` }, taken: items.length }),
  open: () => ({ items: [] }),
};

interface Figures {
  /** CPU, in microseconds a message. */
  readonly cpuUs: number;
  /** Messages a second. */
  readonly rate: number;
}

async function trial<T>(body: T, options: ProducerOptions<T>): Promise<Figures> {
  const producer = createProducer<T>(nullQueue(), { maxMessageBytes: 1_048_576, ...options });
  const before = process.cpuUsage();
  const startedAt = performance.now();
  const failed = (error: unknown): never => {
    throw error;
  };
  for (let sent = 0; sent < count; ) {
    const receipt = producer.trySend({ body });
    if (receipt === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
    } else {
      receipt.catch(failed);
      sent++;
    }
  }
  await producer.close();
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return { cpuUs: (user + system) / count, rate: count / seconds };
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function report<T>(name: string, body: T, options: ProducerOptions<T>): Promise<void> {
  await trial(body, options); // to warm up
  const trials: Figures[] = [];
  for (let round = 0; round < rounds; round++) {
    trials.push(await trial(body, options));
  }
  const cpu = median(trials.map(({ cpuUs }) => cpuUs)).toFixed(2);
  const rate = Math.round(median(trials.map((each) => each.rate))).toLocaleString('en-US');
  console.log(`${name.padEnd(32)}${cpu.padStart(6)} µs CPU a message, ${rate.padStart(9)} messages/s`);
}

const kibibyte = { id: 'e0000000001', kind: 'order', note: 'x'.repeat(979) };
const quake = {
  type: 'Feature',
  properties: {
    mag: 1.3,
    place: '12 km NNE of Anza, CA',
    time: 1_732_000_000_000,
    updated: 1_732_000_360_000,
    tz: null,
    url: 'https://earthquake.example/earthquakes/eventpage/ci40000000',
    detail: 'https://earthquake.example/fdsnws/event/1/query?eventid=ci40000000&format=geojson',
    felt: null,
    cdi: null,
    mmi: null,
    alert: null,
    status: 'automatic',
    tsunami: 0,
    sig: 26,
    net: 'ci',
    code: '40000000',
    ids: ',ci40000000,',
    sources: ',ci,',
    types: ',nearby-cities,origin,phase-data,scitech-link,',
    nst: 41,
    dmin: 0.04,
    rms: 0.17,
    gap: 48,
    magType: 'ml',
    title: 'M 1.3 - 12 km NNE of Anza, CA',
  },
  geometry: { type: 'Point', coordinates: [-116.63, 33.65, 11.2] },
  id: 'ci40000000',
};
const ready = JSON.stringify(quake);

await report('text of 1 KiB', 'x'.repeat(1_024), { codec: text() });
await report('JSON of 1 KiB', kibibyte, { codec: json<typeof kibibyte>() });
await report(`text of ${ready.length} bytes, packed`, ready, { codec: text(), envelope: trivial });
await report(`JSON of ${ready.length} bytes, packed`, quake, {
  codec: json<typeof quake>(),
  envelope: trivial,
});
