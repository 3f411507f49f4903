import { describe, expect, test } from 'vitest';
import { countryCoordinates } from '../src/countries.ts';
import { nearestRegion } from '../src/index.ts';

const letters = 'A B C D E F G H I J K L M N O P Q R S T U V W X Y Z'.split(' ');
const pairs = letters.flatMap((first) => letters.map((second) => `${first}${second}`));

// What Unicode names beside the officially assigned codes of ISO 3166-1: groups of countries, exceptional reservations,
// withdrawn codes and codes for private use.
const notIso = new Set(
  'AC AN BU CP CQ CS CT DD DG DY EA EU EZ FQ FX HV IC JT MI NH NQ NT PC PU PZ QO QU RH SU TA TP UK UN VD WK XA XB XK YD YU ZR ZZ'.split(
    ' ',
  ),
);

describe('the country table', () => {
  test('has every country of ISO 3166-1 and nothing else', () => {
    const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
    const expected = pairs.filter((code) => names.of(code) !== undefined && !notIso.has(code));
    expect(pairs.filter((code) => countryCoordinates(code) !== undefined)).toEqual(expected);
    expect(expected).toHaveLength(249);
  });

  test('has points on the globe', () => {
    const points = pairs.map(countryCoordinates).filter((point) => point !== undefined);
    expect(points.filter(({ latitude }) => !(Math.abs(latitude) <= 90))).toEqual([]);
    expect(points.filter(({ longitude }) => !(Math.abs(longitude) <= 180))).toEqual([]);
  });

  test.each([
    // The middle of the map would give other regions for most of these.
    ['US', 'us-east-2'],
    ['CA', 'ca-central-1'],
    ['BR', 'sa-east-1'],
    ['CL', 'sa-west-1'],
    ['MX', 'mx-central-1'],
    ['GB', 'eu-west-2'],
    ['IE', 'eu-west-1'],
    ['FR', 'eu-west-3'],
    ['DE', 'eu-central-1'],
    ['CH', 'eu-central-2'],
    ['IT', 'eu-south-1'],
    ['PT', 'eu-south-2'],
    ['RU', 'eu-north-1'],
    ['FI', 'eu-north-1'],
    ['ZA', 'af-south-1'],
    ['IL', 'il-central-1'],
    ['SA', 'me-west-1'],
    ['BH', 'me-south-1'],
    ['AE', 'me-central-1'],
    ['IN', 'ap-south-2'],
    ['CN', 'ap-east-1'],
    ['TW', 'ap-east-2'],
    ['KR', 'ap-northeast-2'],
    ['SG', 'ap-southeast-1'],
    ['MY', 'ap-southeast-5'],
    ['ID', 'ap-southeast-3'],
    ['TH', 'ap-southeast-7'],
    ['AU', 'ap-southeast-2'],
    ['NZ', 'ap-southeast-6'],
  ])('brings %s to %s', (country, region) => {
    expect(nearestRegion({ country })).toBe(region);
  });

  test('brings a country with regions to one of them, Japan and the United States included', () => {
    expect(nearestRegion({ country: 'JP' })).toMatch(/^ap-northeast-[13]$/);
    expect(nearestRegion({ country: 'CN' }, { partition: 'aws-cn' })).toMatch(/^cn-/);
    expect(nearestRegion({ country: 'US' }, { partition: 'aws-us-gov' })).toMatch(/^us-gov-/);
  });
});
