import type { SqsClientConfig } from './sqs-client.ts';

interface HandlerWithConfigs {
  httpHandlerConfigs(): unknown;
}

/**
 * How many calls a client's handler carries at a time: `maxConnections` of `pooledHandler`, `maxSockets` of the SDK's own
 * handler once it has made its agents. `undefined` where it does not say.
 */
export function maxConnectionsOf({ requestHandler }: SqsClientConfig): number | undefined {
  if (!tellsConfigs(requestHandler)) {
    return undefined;
  }
  const configs = requestHandler.httpHandlerConfigs();
  return numberAt(configs, 'maxConnections') ?? numberAt(fieldOf(configs, 'httpsAgent'), 'maxSockets');
}

function tellsConfigs(handler: unknown): handler is HandlerWithConfigs {
  return typeof fieldOf(handler, 'httpHandlerConfigs') === 'function';
}

function numberAt(holder: unknown, name: string): number | undefined {
  const value = fieldOf(holder, name);
  return typeof value === 'number' && value >= 1 && Number.isFinite(value) ? value : undefined;
}

function fieldOf(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined;
}
