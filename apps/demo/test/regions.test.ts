import { expect, test } from 'vitest';
import { parcelBody } from '../src/parcel.ts';
import { locationOf } from '../src/regions.ts';

const located = (event: unknown) => locationOf(parcelBody('run', 0, JSON.stringify(event)));

test.each([
  ['GeoJSON', { geometry: { coordinates: [139.7, 35.7, 10] } }],
  ['latitude and longitude', { latitude: 35.7, longitude: 139.7 }],
  ['lat and lon', { lat: 35.7, lon: 139.7 }],
  ['lat and lng', { lat: 35.7, lng: 139.7 }],
])('an event says where it happened in %s', (_, event) => {
  expect(located(event)).toEqual({ latitude: 35.7, longitude: 139.7 });
});

test('an event may name its country instead', () => {
  expect(located({ country: 'JP' })).toEqual({ country: 'JP' });
});

test.each([
  ['nothing', { order: 1 }],
  ['a latitude off the globe', { latitude: 91, longitude: 0 }],
  ['texts', { latitude: '35.7', longitude: '139.7' }],
  ['no object', 42],
  ['null', null],
])('an event that says %s happened nowhere in particular', (_, event) => {
  expect(located(event)).toBeUndefined();
});

test('what is not one of our messages happened nowhere in particular', () => {
  expect(locationOf('hello')).toBeUndefined();
});
