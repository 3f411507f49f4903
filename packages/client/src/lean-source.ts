import { invalidOption } from '@sqskit/core/options';
import { assertCredentials, type CredentialsProvider } from './credentials-cache.ts';
import type { LeanClientOptions } from './lean-options.ts';
import type { LeanSettings } from './lean-target.ts';
import type { Credentials, SqsClient } from './sqs-client.ts';

// What an SDK client was configured with can only be asked for: each part may be a promise's work.

/** What the options say, and where they do not, the SDK's client. */
export async function settingsOf(options: LeanClientOptions): Promise<LeanSettings> {
  const { region, endpoint, useFips, useDualStack, sdkClient } = options;
  const config = sdkClient?.config;
  const settings: LeanSettings = {
    region: region ?? (await config?.region().catch(() => undefined)), // the queue's URL may tell
    endpoint: endpoint ?? (await endpointOf(config)),
    useFips: useFips ?? (await flagOf(config, 'useFipsEndpoint')),
    useDualStack: useDualStack ?? (await flagOf(config, 'useDualstackEndpoint')),
  };
  if (settings.endpoint !== undefined && (settings.useFips || settings.useDualStack)) {
    const option = settings.useFips ? 'useFips' : 'useDualStack';
    throw invalidOption('createLeanClient', option, true, 'false beside an endpoint');
  }
  return settings;
}

/** The credentials that were given, or the SDK client's own provider. Throws `option-invalid`. */
export function credentialsOf({
  credentials,
  sdkClient,
}: LeanClientOptions): Credentials | CredentialsProvider {
  const source = credentials ?? fieldOf(sdkClient?.config, 'credentials');
  if (typeof source === 'function') {
    return source as CredentialsProvider; // what it gives is checked
  }
  assertCredentials(source);
  return source;
}

type Config = SqsClient['config'] | undefined;

async function endpointOf(config: Config): Promise<string | undefined> {
  // The second is the one of AWS_ENDPOINT_URL_SQS and the shared files, which the SDK looks for at its first call.
  const given = await ask(config, 'endpoint');
  const { protocol, hostname, port, path } = (given ?? {}) as Partial<Record<string, unknown>>;
  if (typeof hostname === 'string') {
    const suffix = typeof port === 'number' ? `:${port}` : '';
    return `${String(protocol)}//${hostname}${suffix}${typeof path === 'string' ? path : ''}`;
  }
  const configured = await ask(config, 'serviceConfiguredEndpoint');
  return typeof configured === 'string' ? configured : undefined;
}

async function flagOf(config: Config, name: string): Promise<boolean> {
  return (await ask(config, name)) === true;
}

function ask(config: Config, name: string): unknown {
  const provider = fieldOf(config, name);
  return typeof provider === 'function' ? Reflect.apply(provider, config, []) : provider;
}

function fieldOf(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined;
}
