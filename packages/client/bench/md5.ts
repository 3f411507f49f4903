// What the MD5 of the bodies of a batch of ten costs: one after the other by node:crypto, and side by side.
import { hash } from 'node:crypto';
import { md5OfAll } from '../src/md5.ts';
import { cpuMicros, jsonBodies } from './cpu-micros.ts';

const times = 20_000;

let digests = 0;
for (const size of [200, 1_024, 16_384]) {
  const bodies = jsonBodies(size);
  const count = Math.ceil((times * 200) / size);
  const inTurn = cpuMicros(count, () => {
    digests += bodies.map((body) => hash('md5', body)).length;
  });
  const sideBySide = cpuMicros(count, () => {
    digests += md5OfAll(bodies).length;
  });
  console.log(
    `MD5 of ten bodies of ${size} bytes: in turn ${inTurn.toFixed(2)} µs, side by side ${sideBySide.toFixed(2)} µs`,
  );
}
console.log(`${digests} digests in all`);
