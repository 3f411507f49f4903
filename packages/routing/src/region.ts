/** The regions that AWS has named, in every partition. */
export type RegionId =
  | 'af-south-1'
  | 'ap-east-1'
  | 'ap-east-2'
  | 'ap-northeast-1'
  | 'ap-northeast-2'
  | 'ap-northeast-3'
  | 'ap-south-1'
  | 'ap-south-2'
  | 'ap-southeast-1'
  | 'ap-southeast-2'
  | 'ap-southeast-3'
  | 'ap-southeast-4'
  | 'ap-southeast-5'
  | 'ap-southeast-6'
  | 'ap-southeast-7'
  | 'ca-central-1'
  | 'ca-west-1'
  | 'cn-north-1'
  | 'cn-northwest-1'
  | 'eu-central-1'
  | 'eu-central-2'
  | 'eu-isoe-west-1'
  | 'eu-north-1'
  | 'eu-south-1'
  | 'eu-south-2'
  | 'eu-west-1'
  | 'eu-west-2'
  | 'eu-west-3'
  | 'eusc-de-east-1'
  | 'il-central-1'
  | 'me-central-1'
  | 'me-south-1'
  | 'me-west-1'
  | 'mx-central-1'
  | 'sa-east-1'
  | 'sa-west-1'
  | 'us-east-1'
  | 'us-east-2'
  | 'us-gov-east-1'
  | 'us-gov-west-1'
  | 'us-iso-east-1'
  | 'us-iso-west-1'
  | 'us-isob-east-1'
  | 'us-isob-west-1'
  | 'us-isof-east-1'
  | 'us-isof-south-1'
  | 'us-west-1'
  | 'us-west-2';

/** A group of regions with accounts and credentials of its own. Nothing is routed from one partition to another. */
export type Partition =
  | 'aws'
  | 'aws-cn'
  | 'aws-eusc'
  | 'aws-iso'
  | 'aws-iso-b'
  | 'aws-iso-e'
  | 'aws-iso-f'
  | 'aws-us-gov';

/** The countries that regions stand in, in ISO 3166-1 alpha-2. */
export type RegionCountry =
  | 'AE'
  | 'AU'
  | 'BH'
  | 'BR'
  | 'CA'
  | 'CH'
  | 'CL'
  | 'CN'
  | 'DE'
  | 'ES'
  | 'FR'
  | 'GB'
  | 'HK'
  | 'ID'
  | 'IE'
  | 'IL'
  | 'IN'
  | 'IT'
  | 'JP'
  | 'KR'
  | 'MX'
  | 'MY'
  | 'NZ'
  | 'SA'
  | 'SE'
  | 'SG'
  | 'TH'
  | 'TW'
  | 'US'
  | 'ZA';

/** Whose law holds in a region: that of its country (the United Kingdom's is `UK`), and that of the unions it is in. */
export type Jurisdiction = 'EU' | 'EEA' | 'UK' | Exclude<RegionCountry, 'GB'>;

/** A point on the globe, in degrees: north and east are positive. */
export interface Coordinates {
  /** -90 to 90. */
  readonly latitude: number;
  /** -180 to 180. */
  readonly longitude: number;
}

/** One AWS region. */
export interface Region {
  readonly id: RegionId;
  /** AWS's own name for it. */
  readonly name: string;
  readonly partition: Partition;
  /** `undefined` where AWS does not say where the region is (the `aws-iso` partitions). */
  readonly country: RegionCountry | undefined;
  /** Empty where the country is not known. */
  readonly jurisdictions: readonly Jurisdiction[];
  /** The city or metropolitan area it is known to be in or near; good to some tens of kilometres. */
  readonly coordinates: Coordinates | undefined;
}
