// Turns the GeoJSON of vega-datasets into NDJSON: one feature a line, nothing added, nothing left out. See README.md here.
import { readFileSync } from 'node:fs';

const [file] = process.argv.slice(2);
if (file === undefined) {
  throw new Error('usage: node make-earthquakes.ts package/data/earthquakes.json > earthquakes.ndjson');
}
const { features }: { readonly features: readonly unknown[] } = JSON.parse(readFileSync(file, 'utf8'));
process.stdout.write(features.map((feature) => `${JSON.stringify(feature)}\n`).join(''));
