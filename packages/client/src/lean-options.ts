import { invalidOption, type OptionRules, type Resolved, resolveOptions } from '@sqskit/core/options';
import type { CredentialsProvider } from './credentials-cache.ts';
import { type PooledHandlerOptions, pooledHandlerRules } from './pool-options.ts';
import type { PooledHandler } from './pooled-handler.ts';
import type { Credentials, SqsClient } from './sqs-client.ts';

export interface LeanClientOptions extends PooledHandlerOptions {
  /** What requests are signed for. Default: that of `sdkClient`, or else the one that a queue's URL tells. */
  readonly region?: string | undefined;
  /** What requests are signed with: credentials, or a function that gives them. Default: those of `sdkClient`. */
  readonly credentials?: Credentials | CredentialsProvider | undefined;
  /** Where requests go whatever a queue's URL says: an emulator or a VPC endpoint. Default: that of `sdkClient`, or the queue's. */
  readonly endpoint?: string | undefined;
  /** Whether to use endpoints with validated cryptography. Default: as `sdkClient` does, or false. */
  readonly useFips?: boolean | undefined;
  /** Whether to use endpoints that have IPv6 addresses too. Default: as `sdkClient` does, or false. */
  readonly useDualStack?: boolean | undefined;
  /** An `SQSClient` of the AWS SDK, which says all of the above that is not given. Nothing is sent through it. Default: none. */
  readonly sdkClient?: SqsClient | undefined;
  /** A handler whose connections to share with other clients; they close with the last that shares them. Default: its own. */
  readonly handler?: PooledHandler | undefined;
}

type OwnOptions = Omit<LeanClientOptions, keyof PooledHandlerOptions>;

/** Without those of `pooledHandler`. */
export const leanClientRules: OptionRules<OwnOptions, keyof OwnOptions> = {
  region: {
    kind: 'text',
    maxLength: 64,
    doc: "What requests are signed for. Unset: that of `sdkClient`, or else the one that a queue's URL tells.",
  },
  credentials: {
    kind: 'object',
    methods: [],
    orFunction: true,
    what: 'credentials, or a function that resolves with them',
    doc: 'What requests are signed with; a function is asked again before what it gave expires. Unset: those of `sdkClient`.',
  },
  endpoint: {
    kind: 'text',
    maxLength: 2_048,
    doc: "Where requests go whatever a queue's URL says: an emulator, or a VPC endpoint. Unset: that of `sdkClient`, or the queue's host.",
  },
  useFips: {
    kind: 'boolean',
    doc: 'Whether to use endpoints with validated cryptography (FIPS 140). Unset: as `sdkClient` does, or not.',
  },
  useDualStack: {
    kind: 'boolean',
    doc: 'Whether to use endpoints that have IPv6 addresses as well. Unset: as `sdkClient` does, or not.',
  },
  sdkClient: {
    kind: 'object',
    methods: ['send'],
    what: 'an SQSClient of the AWS SDK',
    doc: 'Says all of the above that is not given. Nothing is sent through it.',
  },
  handler: {
    kind: 'object',
    methods: ['handle', 'share', 'stats'],
    what: 'a handler of `pooledHandler`',
    doc: 'A handler whose connections to share with other clients, in place of the options of `pooledHandler`. They close with the last that shares them.',
  },
};

type Unset = keyof OwnOptions | 'maxLongPolls';

/** Throws `option-invalid`. */
export function resolveLeanOptions(options: LeanClientOptions): Resolved<LeanClientOptions, Unset> {
  const owner = 'createLeanClient';
  const rules = { ...leanClientRules, ...pooledHandlerRules };
  const settings = resolveOptions<LeanClientOptions, Unset>(owner, rules, options);
  const { endpoint, useFips = false, useDualStack = false } = settings;
  if (endpoint !== undefined && !/^https?:\/\//.test(endpoint)) {
    throw invalidOption(owner, 'endpoint', endpoint, 'a URL such as https://sqs.eu-west-1.amazonaws.com');
  }
  if (endpoint !== undefined && (useFips || useDualStack)) {
    throw invalidOption(owner, useFips ? 'useFips' : 'useDualStack', true, 'false beside an `endpoint`');
  }
  return settings;
}
