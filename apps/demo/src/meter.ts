import diagnostics from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { sqsLimits } from '@sqskit/core';

/** What has gone over the network since the meter was made. */
export interface Reading {
  /** API calls by SQS operation: every attempt counts, retries and failures included. */
  readonly callsByOperation: Readonly<Record<string, number>>;
  readonly calls: number;
  readonly failedCalls: number;
  /** Each 64 KiB of a call's messages is billed as a request, and a call without messages as one. */
  readonly billedRequests: number;
  /** HTTP bytes written to and read from sockets: bodies, headers and request lines, not TLS or TCP. */
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** Counts a client's calls and the process's bytes: the same way whatever the client and its connections are made of. */
export interface Meter {
  /** The same client, every call counted. */
  watch<C extends object>(client: C): C;
  read(): Reading;
  /** Stops listening to the process's sockets. */
  close(): void;
}

export function createMeter(): Meter {
  const sockets = watchSockets();
  const callsByOperation: Record<string, number> = {};
  let calls = 0;
  let failedCalls = 0;
  let billedRequests = 0;

  const count = (command: unknown, result: unknown): void => {
    const attempts = attemptsOf(result);
    const operation = operationOf(command);
    const input = at(command, 'input');
    callsByOperation[operation] = (callsByOperation[operation] ?? 0) + attempts;
    calls += attempts;
    billedRequests += billedUnits(messageBytes(input) + messageBytes(result));
    billedRequests += (attempts - 1) * billedUnits(messageBytes(input));
  };
  const counted = (send: (...args: unknown[]) => unknown) => {
    return async (command: unknown, ...rest: unknown[]): Promise<unknown> => {
      try {
        const output = await send(command, ...rest);
        count(command, output);
        failedCalls += attemptsOf(output) - 1;
        return output;
      } catch (error) {
        count(command, error);
        failedCalls += attemptsOf(error);
        throw error;
      }
    };
  };

  return {
    watch: (client) =>
      new Proxy(client, {
        get(target, key) {
          const member: unknown = Reflect.get(target, key);
          return key === 'send' && typeof member === 'function' ? counted(member.bind(target)) : member;
        },
      }),
    read: () => ({
      callsByOperation: { ...callsByOperation },
      calls,
      failedCalls,
      billedRequests,
      ...sockets.read(),
    }),
    close: () => sockets.close(),
  };
}

/** What happened between two readings. */
export function between(before: Reading, after: Reading): Reading {
  const operations = Object.entries(after.callsByOperation)
    .map(([name, count]) => [name, count - (before.callsByOperation[name] ?? 0)] as const)
    .filter(([, count]) => count > 0);
  return {
    callsByOperation: Object.fromEntries(operations),
    calls: after.calls - before.calls,
    failedCalls: after.failedCalls - before.failedCalls,
    billedRequests: after.billedRequests - before.billedRequests,
    bytesUp: after.bytesUp - before.bytesUp,
    bytesDown: after.bytesDown - before.bytesDown,
  };
}

/** Source: https://aws.amazon.com/sqs/pricing/ ("Every 64 KB chunk of a payload is billed as 1 request"). */
export function billedUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / sqsLimits.billedUnitBytes));
}

/** Bytes of the messages in a command's input or output, as SQS counts them; this program sends no attributes. */
export function messageBytes(fields: unknown): number {
  const list = at(fields, 'Entries') ?? at(fields, 'Messages');
  if (Array.isArray(list)) {
    return list.reduce<number>((sum, message) => sum + messageBytes(message), 0);
  }
  const body = at(fields, 'MessageBody') ?? at(fields, 'Body');
  return typeof body === 'string' ? Buffer.byteLength(body) : 0;
}

/** The SDK says how many attempts a call took, in its output as in its errors. */
function attemptsOf(result: unknown): number {
  const attempts = at(at(result, '$metadata'), 'attempts');
  return typeof attempts === 'number' ? attempts : 1;
}

/** `SendMessage` of a `SendMessageCommand`. */
function operationOf(command: unknown): string {
  const name = at(at(command, 'constructor'), 'name');
  return typeof name === 'string' ? name.replace(/Command$/, '') : 'unknown';
}

/** Adds up what all of this process's HTTP sockets have carried, those of node:http and of undici alike. */
function watchSockets(): { read(): Pick<Reading, 'bytesUp' | 'bytesDown'>; close(): void } {
  const sockets = new Set<Socket>();
  const note = (socket: unknown): void => {
    if (socket instanceof Socket) {
      sockets.add(socket);
    }
  };
  const onResponse = (event: unknown): void => note(at(at(event, 'request'), 'socket'));
  const onConnected = (event: unknown): void => note(at(event, 'socket'));
  diagnostics.subscribe('http.client.response.finish', onResponse);
  diagnostics.subscribe('undici:client:connected', onConnected);
  return {
    read() {
      let bytesUp = 0;
      let bytesDown = 0;
      for (const socket of sockets) {
        bytesUp += socket.bytesWritten;
        bytesDown += socket.bytesRead;
      }
      return { bytesUp, bytesDown };
    },
    close() {
      diagnostics.unsubscribe('http.client.response.finish', onResponse);
      diagnostics.unsubscribe('undici:client:connected', onConnected);
    },
  };
}

function at(value: unknown, key: string): unknown {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
    ? Reflect.get(value, key)
    : undefined;
}
