import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const read = (file: string): string => readFileSync(join(import.meta.dirname, '..', file), 'utf8');

test('the README has every sub-path that the package exports, and no other', () => {
  const { exports } = JSON.parse(read('package.json'));
  const exported = Object.keys(exports)
    .filter((path) => path !== '.' && path !== './package.json')
    .map((path) => path.slice(1));
  const rows = read('README.md').matchAll(/^\| (`\/.*?`) \|/gm);
  const listed = [...rows].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]),
  );
  expect(listed).toHaveLength(exported.length);
  expect(new Set(listed)).toEqual(new Set(exported));
});
