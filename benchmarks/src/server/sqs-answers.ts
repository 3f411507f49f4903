import { sqsLimits } from '@sqskit/core';
import { attributeBytes, md5OfAttributes, md5OfBody, type WireAttributes } from './message-md5.ts';

/** What the server has been sent since it started. */
export interface ServerCounts {
  /** Calls that send: `SendMessage` and `SendMessageBatch`. */
  readonly requests: number;
  /** 64 KiB units of their payloads, as SQS bills them: one for each begun, at least one a call. */
  readonly billedUnits: number;
  /** SQS messages. */
  readonly messages: number;
  /** Bytes of their bodies and attributes, as SQS counts them. */
  readonly bytes: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface AnswerOptions {
  /** Whether bodies are kept; otherwise messages are counted and forgotten. */
  readonly keep: boolean;
  /** Whether what SQS would refuse is refused: too many or too large entries, ids that are not distinct, characters. */
  readonly check: boolean;
  /** The queue that is throttled, and how many calls a second it takes. */
  readonly throttled?: { readonly queueName: string; readonly callsPerSecond: number } | undefined;
}

interface Entry {
  readonly Id: string;
  readonly MessageBody: string;
  readonly MessageAttributes?: WireAttributes;
}

interface Request {
  readonly QueueUrl?: string;
  readonly QueueName?: string;
  readonly Entries?: readonly Entry[];
  readonly MessageBody?: string;
  readonly MessageAttributes?: WireAttributes;
}

const ok = 200;
const badRequest = 400;
// What XML does not allow. (API_SendMessage, `MessageBody`)
const forbidden = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** Answers SQS's JSON protocol, as far as producers go. Any queue exists. */
export class SqsAnswers {
  readonly #options: AnswerOptions;
  readonly #bodies: string[] = [];
  #requests = 0;
  #billedUnits = 0;
  #messages = 0;
  #bytes = 0;
  /** Calls to the throttled queue in this second. */
  #callsInSecond = 0;
  #second = 0;

  constructor(options: AnswerOptions) {
    this.#options = options;
  }

  /** Of every message that was sent, where they are kept. */
  get bodies(): readonly string[] {
    return this.#bodies;
  }

  get counts(): ServerCounts {
    return {
      requests: this.#requests,
      billedUnits: this.#billedUnits,
      messages: this.#messages,
      bytes: this.#bytes,
    };
  }

  /** `action` is the part after `AmazonSQS.` of the `X-Amz-Target` header; `origin` is what queue URLs begin with. */
  answer(action: string, body: string, origin: string): Answer {
    const request: Request = JSON.parse(body);
    if (this.#isThrottled(request)) {
      return error('ThrottlingException', 'Rate exceeded');
    }
    switch (action) {
      case 'SendMessageBatch':
        return this.#sendBatch(request.Entries ?? []);
      case 'SendMessage':
        return this.#send(request);
      case 'CreateQueue':
      case 'GetQueueUrl':
        return json({ QueueUrl: `${origin}/000000000000/${request.QueueName ?? ''}` });
      case 'GetQueueAttributes':
        return json({
          Attributes: {
            MaximumMessageSize: String(sqsLimits.maxMessageBytes),
            VisibilityTimeout: '30',
          },
        });
      default:
        return error('UnsupportedOperation', `the load server has no ${action}`);
    }
  }

  /** As where a bucket is filled once a second. */
  #isThrottled({ QueueUrl = '' }: Request): boolean {
    const { throttled } = this.#options;
    if (throttled === undefined || !QueueUrl.endsWith(`/${throttled.queueName}`)) {
      return false;
    }
    const second = Math.floor(performance.now() / 1_000);
    this.#callsInSecond = second === this.#second ? this.#callsInSecond + 1 : 1;
    this.#second = second;
    return this.#callsInSecond > throttled.callsPerSecond;
  }

  #sendBatch(entries: readonly Entry[]): Answer {
    const complaint = this.#options.check ? complaintAbout(entries) : undefined;
    if (complaint !== undefined) {
      return complaint;
    }
    let bytes = 0;
    let results = '';
    for (const entry of entries) {
      bytes += bytesOf(entry);
      const { Id } = entry;
      results += `${results === '' ? '' : ','}{"Id":${JSON.stringify(Id)},${this.#accept(entry)}}`;
    }
    this.#bill(bytes);
    return { status: ok, body: `{"Successful":[${results}],"Failed":[]}` };
  }

  #send({ MessageBody = '', MessageAttributes }: Request): Answer {
    const entry: Entry = { Id: '', MessageBody, ...(MessageAttributes && { MessageAttributes }) };
    const complaint = this.#options.check ? complaintAbout([entry]) : undefined;
    if (complaint !== undefined) {
      return complaint;
    }
    this.#bill(bytesOf(entry));
    return { status: ok, body: `{${this.#accept(entry)}}` };
  }

  /** Its part of the answer, written by hand: this is the one part that is done for every message. */
  #accept(entry: Entry): string {
    this.#messages++;
    const messageId = `00000000-0000-4000-8000-${String(this.#messages).padStart(12, '0')}`;
    if (this.#options.keep) {
      this.#bodies.push(entry.MessageBody);
    }
    const { MessageBody, MessageAttributes } = entry;
    const digest =
      MessageAttributes === undefined
        ? ''
        : `,"MD5OfMessageAttributes":"${md5OfAttributes(MessageAttributes)}"`;
    return `"MessageId":"${messageId}","MD5OfMessageBody":"${md5OfBody(MessageBody)}"${digest}`;
  }

  #bill(bytes: number): void {
    this.#requests++;
    this.#bytes += bytes;
    this.#billedUnits += Math.max(1, Math.ceil(bytes / sqsLimits.billedUnitBytes));
  }
}

function bytesOf({ MessageBody, MessageAttributes }: Entry): number {
  const bytes = Buffer.byteLength(MessageBody);
  return MessageAttributes === undefined ? bytes : bytes + attributeBytes(MessageAttributes);
}

function complaintAbout(entries: readonly Entry[]): Answer | undefined {
  if (entries.length === 0) {
    return error('EmptyBatchRequest', 'no entries');
  }
  if (entries.length > sqsLimits.maxBatchEntries) {
    return error('TooManyEntriesInBatchRequest', `${entries.length} entries`);
  }
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    return error('BatchEntryIdsNotDistinct', 'an id is repeated');
  }
  if (entries.reduce((bytes, entry) => bytes + bytesOf(entry), 0) > sqsLimits.maxMessageBytes) {
    return error('BatchRequestTooLong', `more than ${sqsLimits.maxMessageBytes} bytes`);
  }
  return entries.some(({ MessageBody }) => MessageBody === '' || forbidden.test(MessageBody))
    ? error('InvalidMessageContents', 'an empty body, or a character that XML does not allow')
    : undefined;
}

function json(value: unknown): Answer {
  return { status: ok, body: JSON.stringify(value) };
}

function error(code: string, message: string): Answer {
  return { status: badRequest, body: JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message }) };
}
