import { readFileSync } from 'node:fs';
import * as batching from '@sqskit/batching';
import * as client from '@sqskit/client';
import * as clientLean from '@sqskit/client/lean';
import * as compression from '@sqskit/compression';
import * as consumer from '@sqskit/consumer';
import * as consumerIdempotency from '@sqskit/consumer/idempotency';
import * as consumerWorkers from '@sqskit/consumer/workers';
import * as core from '@sqskit/core';
import * as metrics from '@sqskit/metrics';
import * as routing from '@sqskit/routing';
import { expect, test } from 'vitest';
import * as cloudwatch from '../src/cloudwatch.ts';
import * as idempotency from '../src/idempotency.ts';
import * as umbrella from '../src/index.ts';
import * as lean from '../src/lean.ts';
import * as workers from '../src/workers.ts';

const packages = { core, client, batching, consumer, compression, routing, metrics };

test('has every value of every package, and no other', () => {
  const all = Object.assign({}, ...Object.values(packages));
  expect({ ...umbrella }).toEqual(all);
});

/** The names in the export lists of a module, types included. */
function exportedNames(file: string): Set<string> {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8');
  const lists = [...source.matchAll(/export (?:type )?\{([^}]*)\}/g)];
  const names = lists.flatMap(([, list = '']) =>
    list.split(',').map((name) => name.replace(/^\s*type /, '').trim()),
  );
  return new Set(names.filter((name) => name !== ''));
}

test('has every type of every package', () => {
  const ours = exportedNames('../src/index.ts');
  const theirs = Object.keys(packages).flatMap((name) => [...exportedNames(`../../${name}/src/index.ts`)]);
  expect(theirs.filter((name) => !ours.has(name))).toEqual([]);
  expect([...ours].filter((name) => !theirs.includes(name))).toEqual([]);
});

test('has the CloudWatch sink apart', () => {
  expect(Object.keys(cloudwatch)).toEqual(['createCloudWatchSink']);
});

test('has the transport that needs no SDK apart', () => {
  expect({ ...lean }).toEqual({ ...clientLean });
  const names = exportedNames('../../client/src/lean.ts');
  expect(exportedNames('../src/lean.ts')).toEqual(names);
});

test('has what the consumer has beside its root apart', () => {
  expect({ ...idempotency, ...workers }).toEqual({ ...consumerIdempotency, ...consumerWorkers });
  for (const [ours, theirs] of [
    ['idempotency', 'idempotency/index'],
    ['workers', 'workers/index'],
  ]) {
    const names = exportedNames(`../../consumer/src/${theirs}.ts`);
    expect(exportedNames(`../src/${ours}.ts`)).toEqual(names);
  }
});
