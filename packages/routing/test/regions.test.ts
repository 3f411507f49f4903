import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findRegion, type Jurisdiction, regions } from '../src/index.ts';

interface SdkPartition {
  readonly id: string;
  readonly regions: Readonly<Record<string, { readonly description: string }>>;
}

/** The partition list of the SDK that is installed. It is exported by no entry point, so the file is found by its path. */
async function sdkPartitions(): Promise<readonly SdkPartition[]> {
  const require = createRequire(import.meta.url);
  const fromClient = createRequire(require.resolve('@aws-sdk/client-sqs'));
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

  test('says where every region is, but for the secret partitions', () => {
    const undisclosed = regions.filter(({ country }) => country === undefined);
    const secret = regions.filter(({ partition }) => partition.startsWith('aws-iso'));
    expect(undisclosed).toEqual(secret);
    expect(
      secret.filter(({ jurisdictions, coordinates }) => jurisdictions.length > 0 || coordinates),
    ).toEqual([]);
    const disclosed = regions.filter((region) => !secret.includes(region));
    expect(disclosed.filter(({ jurisdictions }) => jurisdictions.length === 0)).toEqual([]);
    expect(disclosed.filter(({ country }) => !/^[A-Z]{2}$/.test(country ?? ''))).toEqual([]);
    expect(disclosed.filter(({ coordinates: at }) => !at || Math.abs(at.latitude) > 66)).toEqual([]);
    expect(disclosed.filter(({ coordinates: at }) => !at || Math.abs(at.longitude) > 180)).toEqual([]);
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

  test('has in the EEA what is in the EU: no other member has a region', () => {
    const isIn = (law: Jurisdiction) => regions.filter(({ jurisdictions }) => jurisdictions.includes(law));
    expect(isIn('EEA')).toEqual(isIn('EU'));
  });
});
