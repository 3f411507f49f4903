// What it takes to see that a body of 1 KiB is legal, beside a search by a regular expression:
//
//     node packages/batching/bench/legal-text.ts
import { findForbidden } from '../src/legal-text.ts';

const event = { id: 'e0000000001', kind: 'order', note: 'all is well '.repeat(80) };
const texts = Array.from({ length: 64 }, (_, index) => JSON.stringify({ ...event, index }));
const forbiddenUnit = /[^\t\n\r -\uFFFD]/;

const ways: Readonly<Record<string, (text: string) => boolean>> = {
  'by four bytes': (text) => findForbidden(text) === undefined,
  'by a regular expression': (text) => !forbiddenUnit.test(text) && text.isWellFormed(),
};
const calls = 20_000;
for (const [name, isLegal] of Object.entries(ways)) {
  const rounds = Array.from({ length: 15 }, () => {
    const startedAt = performance.now();
    let legal = 0;
    for (let call = 0; call < calls; call++) {
      legal += isLegal(texts[call % texts.length] ?? '') ? 1 : 0;
    }
    return (legal * (performance.now() - startedAt) * 1_000_000) / calls ** 2;
  });
  console.log(
    `${name.padEnd(25)} ${Math.min(...rounds)
      .toFixed(0)
      .padStart(5)} ns a text`,
  );
}
