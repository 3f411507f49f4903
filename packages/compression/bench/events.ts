import { createRandom } from '@sqskit/testing';

/** What most queues carry: an order with its lines, a reading of a device, a line of a log. */
export type EventKind = 'order' | 'telemetry' | 'log';

export const eventKinds: readonly EventKind[] = ['order', 'telemetry', 'log'];

/**
 * Events as JSON, each of about `bytes` bytes: made up from a seed, alike in shape and vocabulary, and different in all
 * that differs in life: UUIDs, ids, times, amounts, measurements, which no compressor can guess.
 */
export function createEvents(kind: EventKind, count: number, seed: number, bytes = 300): string[] {
  const draw = createDraw(createRandom(seed));
  return Array.from({ length: count }, () => JSON.stringify(makers[kind](draw, bytes)));
}

interface Draw {
  /** A whole number from 0 to below `end`. */
  readonly below: (end: number) => number;
  readonly of: (words: readonly string[]) => string;
  /** From `from` to `to`, with so many decimals. */
  readonly decimal: (from: number, to: number, decimals: number) => number;
  readonly hex: (digits: number) => string;
  readonly uuid: () => string;
  readonly time: () => string;
}

function createDraw(random: () => number): Draw {
  const below = (end: number): number => Math.floor(random() * end);
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => below(16).toString(16)).join('');
  return {
    below,
    of: (words) => words[below(words.length)] ?? '',
    decimal: (from, to, decimals) => Number((from + random() * (to - from)).toFixed(decimals)),
    hex,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[below(4)] ?? '8'}${hex(3)}-${hex(12)}`,
    time: () => new Date(1_772_000_000_000 + below(30 * 86_400_000)).toISOString(),
  };
}

/** A list as long as brings the JSON of `event` to about `bytes`. */
function filled<T>(event: object, bytes: number, make: () => T): T[] {
  const list: T[] = [];
  for (let length = JSON.stringify(event).length; ; ) {
    const next = make();
    length += JSON.stringify(next).length + 1;
    if (list.length > 0 && length > bytes + 20) {
      return list;
    }
    list.push(next);
  }
}

const cities = (
  'Berlin Hamburg München Wien Graz Zürich Paris Lyon Nantes Madrid Sevilla Lisboa Porto Roma Milano Torino London ' +
  'Leeds Dublin Cork Oslo Bergen Malmö Aarhus Helsinki Tallinn Warszawa Kraków Praha Brno Budapest Athens'
).split(' ');
const products = (
  'oak-table desk-lamp wool-rug tea-pot garden-chair bookshelf cotton-sheet wall-clock coffee-mill rain-jacket ' +
  'hiking-boots bike-light sleeping-bag water-bottle frying-pan chef-knife linen-towel picture-frame candle-holder ' +
  'door-mat toolbox paint-brush work-gloves head-torch'
).split(' ');

const makers: Readonly<Record<EventKind, (draw: Draw, bytes: number) => object>> = {
  order(draw, bytes) {
    const event = {
      type: draw.of(['order.placed', 'order.paid', 'order.shipped', 'order.cancelled']),
      id: draw.uuid(),
      orderId: `ord_${draw.hex(12)}`,
      customerId: 100_000 + draw.below(900_000),
      at: draw.time(),
      currency: draw.of(['EUR', 'EUR', 'EUR', 'GBP', 'SEK', 'CHF']),
      total: draw.decimal(5, 900, 2),
      shipTo: { city: draw.of(cities), country: draw.of(['DE', 'AT', 'CH', 'FR', 'ES', 'IT', 'GB', 'SE']) },
    };
    const line = (): object => ({
      sku: `${draw.of(products)}-${1_000 + draw.below(9_000)}`,
      quantity: 1 + draw.below(4),
      price: draw.decimal(3, 300, 2),
    });
    return { ...event, lines: filled(event, bytes - 11, line) };
  },
  telemetry(draw, bytes) {
    const event = {
      deviceId: `dev-${draw.hex(8)}`,
      site: draw.of(['plant-north', 'plant-south', 'warehouse-3', 'warehouse-7', 'yard']),
      firmware: `2.${draw.below(6)}.${draw.below(20)}`,
      at: 1_772_000_000_000 + draw.below(2_592_000_000),
      sequence: draw.below(1_000_000),
      battery: draw.decimal(2.9, 4.2, 2),
      rssi: -40 - draw.below(60),
      location: { lat: draw.decimal(47, 55, 5), lon: draw.decimal(6, 15, 5) },
    };
    const reading = (): object => ({
      sensor: draw.of(['temperature', 'humidity', 'pressure', 'vibration', 'current', 'voltage']),
      value: draw.decimal(0, 120, 3),
      status: draw.of(['ok', 'ok', 'ok', 'ok', 'degraded', 'fault']),
    });
    return { ...event, readings: filled(event, bytes - 14, reading) };
  },
  log(draw, bytes) {
    const path = draw.of(['orders', 'customers', 'payments', 'invoices', 'shipments', 'carts', 'sessions']);
    const took = draw.decimal(0.5, 900, 1);
    const event = {
      timestamp: draw.time(),
      level: draw.of(['info', 'info', 'info', 'warn', 'error', 'debug']),
      service: draw.of(['checkout', 'billing', 'catalog', 'shipping', 'identity', 'gateway']),
      host: `ip-10-${draw.below(4)}-${draw.below(256)}-${draw.below(256)}`,
      traceId: draw.hex(32),
      spanId: draw.hex(16),
      message: draw.of([
        `GET /v1/${path}/${draw.below(1_000_000)} answered 200 in ${took} ms`,
        `POST /v1/${path} answered 201 in ${took} ms`,
        `PUT /v1/${path}/${draw.below(1_000_000)} answered 409: version conflict`,
        `retrying ${path} after ${took} ms: connection reset by peer`,
        `cache miss for ${path}:${draw.below(1_000_000)}, loaded in ${took} ms`,
        `user ${draw.below(100_000)} is not allowed to read ${path}`,
        `slow query on ${path}: ${took} ms, ${draw.below(5_000)} rows`,
      ]),
    };
    const tag = (): string =>
      draw.of([
        `user:${draw.below(100_000)}`,
        `region:eu-${draw.of(['west', 'central', 'north'])}-1`,
        `pod:${draw.hex(5)}`,
      ]);
    return { ...event, tags: filled(event, bytes - 10, tag) };
  },
};
