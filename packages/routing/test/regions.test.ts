import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findRegion, regions } from '../src/index.ts';

interface SdkPartition {
  readonly id: string;
  readonly regions: Readonly<Record<string, { readonly description: string }>>;
}

/** The partition list of the SDK that is installed. It is exported by no entry point, so the file is found by its path. */
async function sdkPartitions(): Promise<readonly SdkPartition[]> {
  const fromHere = createRequire(import.meta.url);
  const fromClient = createRequire(fromHere.resolve('@aws-sdk/client-sqs'));
  const core = dirname(fromClient.resolve('@aws-sdk/core/package.json'));
  const file = join(core, 'dist-es/submodules/client/util-endpoints/lib/aws/partitions.js');
  const module: { readonly partitionsInfo: { readonly partitions: readonly SdkPartition[] } } = await import(
    pathToFileURL(file).href
  );
  return module.partitionsInfo.partitions;
}

describe('the region table', () => {
  test('has the regions of the SDK, with their partitions and names, and no others', async () => {
    const partitions = await sdkPartitions();
    const expected = partitions.flatMap(({ id: partition, regions: sdkRegions }) =>
      Object.entries(sdkRegions)
        .filter(([id]) => !id.endsWith('-global'))
        .map(([id, { description: name }]) => ({ id, partition, name })),
    );
    const actual = regions.map(({ id, partition, name }) => ({ id, partition, name }));
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
    expect(expected.length).toBeGreaterThan(40);
    expect(actual.toSorted(byId)).toEqual(expected.toSorted(byId));
  });

  test('is in the order of the ids', () => {
    const ids = regions.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted());
  });

  test('is found by id', () => {
    expect(findRegion('ca-central-1')).toMatchObject({ country: 'CA', coordinates: { latitude: 45.5 } });
    expect(findRegion('atlantis-1')).toBeUndefined();
    expect(findRegion('toString')).toBeUndefined();
  });

  test('says where every region outside the secret partitions is, and nothing of those', () => {
    for (const { id, partition, country, jurisdictions, coordinates } of regions) {
      if (partition.startsWith('aws-iso')) {
        expect({ id, country, jurisdictions, coordinates }).toEqual({
          id,
          country: undefined,
          jurisdictions: [],
          coordinates: undefined,
        });
      } else {
        expect(country, id).toMatch(/^[A-Z]{2}$/);
        expect(jurisdictions, id).not.toHaveLength(0);
        expect(Math.abs(coordinates?.latitude ?? 90), id).toBeLessThan(66);
        expect(Math.abs(coordinates?.longitude ?? 181), id).toBeLessThanOrEqual(180);
      }
    }
  });

  test('has in the EU what is in the EU', () => {
    const inEu = regions.filter(({ jurisdictions }) => jurisdictions.includes('EU')).map(({ id }) => id);
    expect(inEu).toEqual([
      'eu-central-1',
      'eu-north-1',
      'eu-south-1',
      'eu-south-2',
      'eu-west-1',
      'eu-west-3',
      'eusc-de-east-1',
    ]);
    expect(findRegion('eu-west-2')?.jurisdictions).toEqual(['UK']);
    expect(findRegion('eu-central-2')?.jurisdictions).toEqual(['CH']);
  });

  test('has every member of the EU in the EEA', () => {
    for (const { jurisdictions, id } of regions) {
      expect(jurisdictions.includes('EEA'), id).toBe(jurisdictions.includes('EU'));
    }
  });
});
