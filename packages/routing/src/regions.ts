import type { Jurisdiction, Partition, Region, RegionCountry, RegionId } from './region.ts';

type Row = Omit<Region, 'id'>;

// Ids, names and partitions: the AWS SDK's partition list, against which test/regions.test.ts compares them.
// Countries: https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
// Coordinates: of the city in the name, or else of the one in the comment.
const table: Readonly<Record<RegionId, Row>> = {
  'af-south-1': commercial('Africa (Cape Town)', 'ZA', -33.92, 18.42),
  'ap-east-1': commercial('Asia Pacific (Hong Kong)', 'HK', 22.32, 114.17),
  'ap-east-2': commercial('Asia Pacific (Taipei)', 'TW', 25.03, 121.57),
  'ap-northeast-1': commercial('Asia Pacific (Tokyo)', 'JP', 35.68, 139.69),
  'ap-northeast-2': commercial('Asia Pacific (Seoul)', 'KR', 37.57, 126.98),
  'ap-northeast-3': commercial('Asia Pacific (Osaka)', 'JP', 34.69, 135.5),
  'ap-south-1': commercial('Asia Pacific (Mumbai)', 'IN', 19.08, 72.88),
  'ap-south-2': commercial('Asia Pacific (Hyderabad)', 'IN', 17.39, 78.49),
  'ap-southeast-1': commercial('Asia Pacific (Singapore)', 'SG', 1.35, 103.82),
  'ap-southeast-2': commercial('Asia Pacific (Sydney)', 'AU', -33.87, 151.21),
  'ap-southeast-3': commercial('Asia Pacific (Jakarta)', 'ID', -6.21, 106.85),
  'ap-southeast-4': commercial('Asia Pacific (Melbourne)', 'AU', -37.81, 144.96),
  'ap-southeast-5': commercial('Asia Pacific (Malaysia)', 'MY', 3.14, 101.69), // Kuala Lumpur
  'ap-southeast-6': commercial('Asia Pacific (New Zealand)', 'NZ', -36.85, 174.76), // Auckland
  'ap-southeast-7': commercial('Asia Pacific (Thailand)', 'TH', 13.76, 100.5), // Bangkok
  'ca-central-1': commercial('Canada (Central)', 'CA', 45.5, -73.57), // Montreal
  'ca-west-1': commercial('Canada West (Calgary)', 'CA', 51.05, -114.07),
  'cn-north-1': region('aws-cn', 'China (Beijing)', 'CN', 39.9, 116.41),
  'cn-northwest-1': region('aws-cn', 'China (Ningxia)', 'CN', 37.51, 105.19), // Zhongwei
  'eu-central-1': commercial('Europe (Frankfurt)', 'DE', 50.11, 8.68),
  'eu-central-2': commercial('Europe (Zurich)', 'CH', 47.38, 8.54),
  'eu-isoe-west-1': undisclosed('aws-iso-e', 'EU ISOE West'),
  'eu-north-1': commercial('Europe (Stockholm)', 'SE', 59.33, 18.07),
  'eu-south-1': commercial('Europe (Milan)', 'IT', 45.46, 9.19),
  'eu-south-2': commercial('Europe (Spain)', 'ES', 41.65, -0.89), // Zaragoza
  'eu-west-1': commercial('Europe (Ireland)', 'IE', 53.35, -6.26), // Dublin
  'eu-west-2': commercial('Europe (London)', 'GB', 51.51, -0.13),
  'eu-west-3': commercial('Europe (Paris)', 'FR', 48.86, 2.35),
  'eusc-de-east-1': region('aws-eusc', 'AWS European Sovereign Cloud (Germany)', 'DE', 52.4, 13.06), // Brandenburg: Potsdam
  'il-central-1': commercial('Israel (Tel Aviv)', 'IL', 32.09, 34.78),
  'me-central-1': commercial('Middle East (UAE)', 'AE', 25.2, 55.27), // Dubai
  'me-south-1': commercial('Middle East (Bahrain)', 'BH', 26.23, 50.59), // Manama
  'me-west-1': commercial('Middle East (Saudi Arabia)', 'SA', 24.71, 46.68), // city not known to us: Riyadh
  'mx-central-1': commercial('Mexico (Central)', 'MX', 20.59, -100.39), // Querétaro
  'sa-east-1': commercial('South America (Sao Paulo)', 'BR', -23.55, -46.63),
  'sa-west-1': commercial('South America (Chile)', 'CL', -33.45, -70.67), // Santiago
  'us-east-1': commercial('US East (N. Virginia)', 'US', 39.04, -77.49), // Ashburn
  'us-east-2': commercial('US East (Ohio)', 'US', 39.96, -83), // Columbus
  'us-gov-east-1': region('aws-us-gov', 'AWS GovCloud (US-East)', 'US', 39.96, -83), // Ohio: Columbus
  'us-gov-west-1': region('aws-us-gov', 'AWS GovCloud (US-West)', 'US', 45.84, -119.7), // Oregon: Boardman
  'us-iso-east-1': undisclosed('aws-iso', 'US ISO East'),
  'us-iso-west-1': undisclosed('aws-iso', 'US ISO WEST'),
  'us-isob-east-1': undisclosed('aws-iso-b', 'US ISOB East (Ohio)'),
  'us-isob-west-1': undisclosed('aws-iso-b', 'US ISOB West'),
  'us-isof-east-1': undisclosed('aws-iso-f', 'US ISOF EAST'),
  'us-isof-south-1': undisclosed('aws-iso-f', 'US ISOF SOUTH'),
  'us-west-1': commercial('US West (N. California)', 'US', 37.35, -121.95), // Santa Clara
  'us-west-2': commercial('US West (Oregon)', 'US', 45.84, -119.7), // Boardman
};

const byId: ReadonlyMap<string, Region> = new Map(
  // Object.entries forgets the type of the keys; the table's own type has checked them.
  Object.entries(table).map(([id, row]) => [id, { id: id as RegionId, ...row }]),
);

/** Every AWS region, in the order of their ids. */
export const regions: readonly Region[] = [...byId.values()];

/** The region with this id, if there is one. */
export function findRegion(id: string): Region | undefined {
  return byId.get(id);
}

function commercial(name: string, country: RegionCountry, latitude: number, longitude: number): Row {
  return region('aws', name, country, latitude, longitude);
}

function region(
  partition: Partition,
  name: string,
  country: RegionCountry,
  latitude: number,
  longitude: number,
): Row {
  return { name, partition, country, jurisdictions: lawOf(country), coordinates: { latitude, longitude } };
}

/** AWS does not say where these are. Without a place they are never nearest, and only their id allows them. */
function undisclosed(partition: Partition, name: string): Row {
  return { name, partition, country: undefined, jurisdictions: [], coordinates: undefined };
}

/**
 * Of the countries above: members of the EU are in the EEA too; the United Kingdom and Switzerland are in neither.
 * Norway, Iceland and Liechtenstein, which are in the EEA alone, have no region.
 *
 * Source: https://european-union.europa.eu/principles-countries-history/eu-countries_en
 */
function lawOf(country: RegionCountry): readonly Jurisdiction[] {
  switch (country) {
    case 'DE':
    case 'ES':
    case 'FR':
    case 'IE':
    case 'IT':
    case 'SE':
      return [country, 'EU', 'EEA'];
    case 'GB':
      return ['UK'];
    default:
      return [country];
  }
}
