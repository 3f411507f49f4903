import {
  attributesBytes,
  type Content,
  contentBytes,
  type MessageAttribute,
  type MessageAttributes,
  type OutgoingMessage,
  QueueError,
  type Sealed,
  sqsLimits,
} from '@sqskit/core';
import { show } from '@sqskit/core/options';
import { bytesIfPlainlyLegal, findForbidden, legalTextExpected } from './legal-text.ts';

// Letters, digits and punctuation of ASCII. (API_SendMessage, MessageGroupId and MessageDeduplicationId)
const idForm = /^[!-~]+$/;
const idExpected = `1 to ${sqsLimits.maxGroupIdLength} ASCII letters, digits and punctuation marks`;

// (sqs-message-metadata, "Message attribute components")
const nameForm = /^(?!\.)(?!.*\.\.)(?!(?:aws|amazon)\.)[\w.-]+(?<!\.)$/i;
const nameExpected = `1 to ${sqsLimits.maxAttributeNameLength} letters, digits, '_', '-' and '.', no '.' at an end or next to another, and not beginning with 'AWS.' or 'Amazon.'`;
const typeForm = /^(?:String|Number|Binary)(?:\.[\w.-]+)?$/;
const typeExpected = `'String', 'Number' or 'Binary', and perhaps a '.' and a label, ${sqsLimits.maxAttributeNameLength} characters at most`;
const numberForm = /^[+-]?(?<whole>\d*)\.?(?<fraction>\d*)(?:e[+-]?\d+)?$/i;
const numberExpected = 'a number of up to 38 digits, 0 or from 1e-128 to 1e126 either side of it';

/** Throws `message-invalid` for what can be told before the body is encoded. */
export function checkMessage(message: OutgoingMessage<unknown>, fifo: boolean): void {
  if (typeof message !== 'object' || message === null) {
    throw invalid('message', show(message), 'an object with a `body`');
  }
  const { id, attributes, groupId, deduplicationId, delayMs, traceHeader } = message;
  if (id !== undefined && (typeof id !== 'string' || id === '')) {
    throw invalid('id', show(id), 'a text of one character or more');
  }
  if (attributes !== undefined) {
    checkAttributes(attributes);
  }
  if (groupId !== undefined) {
    checkId('groupId', groupId);
  } else if (fifo) {
    throw invalid('groupId', 'undefined', 'a message group: the queue is FIFO');
  }
  if (deduplicationId !== undefined) {
    if (!fifo) {
      throw invalid('deduplicationId', show(deduplicationId), 'undefined: the queue is not FIFO');
    }
    checkId('deduplicationId', deduplicationId);
  }
  if (delayMs !== undefined) {
    checkDelay(delayMs, fifo);
  }
  if (traceHeader !== undefined && (typeof traceHeader !== 'string' || traceHeader === '')) {
    throw invalid('traceHeader', show(traceHeader), 'a text of one character or more');
  }
}

/** Throws `message-invalid` unless `id` may stand as a message group id or deduplication id. */
export function checkId(field: string, id: string): void {
  if (typeof id !== 'string' || id.length > sqsLimits.maxGroupIdLength || !idForm.test(id)) {
    throw invalid(field, show(id), idExpected);
  }
}

/**
 * Throws `message-invalid` for a content that might be refused, depending on what it is packed with: whether a message can
 * be sent must not depend on its company. Returns its bytes.
 */
export function checkContent(content: Content): number {
  return typeof content === 'string' ? checkText(content) : content.byteLength;
}

/**
 * Throws `message-invalid` for a body or attributes that SQS would refuse. Returns the bytes of the payload, which to check
 * it tells at once.
 */
export function checkSealed(
  { payload: { body, attributes }, bytes }: Pick<Sealed, 'payload' | 'bytes'>,
  given: MessageAttributes | undefined,
): number {
  const bodyBytes = body.startsWith(frame) ? undefined : checkText(body);
  if (attributes !== undefined && attributes !== given) {
    checkAttributes(attributes); // the envelope added to what was checked before
  }
  return bytes ?? (bodyBytes ?? contentBytes(body)) + attributesBytes(attributes);
}

// What begins so is base64, as no text does. (docs/wire-format.md)
const frame = '~1';

/** Returns its bytes. */
function checkText(text: string): number {
  if (text === '') {
    throw invalid('body', 'an empty text', 'a text of one character or more');
  }
  const bytes = bytesIfPlainlyLegal(text);
  if (bytes !== undefined) {
    return bytes;
  }
  const forbidden = findForbidden(text);
  if (forbidden !== undefined) {
    throw invalid('body', forbidden, legalTextExpected);
  }
  return contentBytes(text);
}

function invalid(field: string, received: string, expected: string): QueueError<'message-invalid'> {
  const message = `expected \`${field}\` to be ${expected}; received ${received}`;
  return new QueueError('message-invalid', message, { field, received, expected });
}

function checkAttributes(attributes: MessageAttributes): void {
  if (typeof attributes !== 'object' || attributes === null) {
    throw invalid('attributes', show(attributes), 'an object');
  }
  const named = Object.entries(attributes);
  if (named.length > sqsLimits.maxAttributes) {
    throw invalid(
      'attributes',
      `${named.length} attributes`,
      `at most ${sqsLimits.maxAttributes} attributes`,
    );
  }
  for (const [name, attribute] of named) {
    checkAttribute(name, attribute);
  }
}

function checkAttribute(name: string, attribute: MessageAttribute): void {
  const field = `attributes[${show(name)}]`;
  if (name.length > sqsLimits.maxAttributeNameLength || !nameForm.test(name)) {
    throw invalid(`the name of ${field}`, show(name), nameExpected);
  }
  if (typeof attribute !== 'object' || attribute === null) {
    throw invalid(field, show(attribute), 'an object with `type` and `value`');
  }
  const { type, value } = attribute;
  if (typeof type !== 'string' || type.length > sqsLimits.maxAttributeNameLength || !typeForm.test(type)) {
    throw invalid(`${field}.type`, show(type), typeExpected);
  }
  if (type.startsWith('Binary')) {
    if (!ArrayBuffer.isView(value) || value.byteLength === 0) {
      throw invalid(`${field}.value`, shape(value), 'a Uint8Array of one byte or more');
    }
    return;
  }
  if (typeof value !== 'string' || value === '') {
    throw invalid(`${field}.value`, shape(value), 'a text of one character or more');
  }
  const forbidden = findForbidden(value);
  if (forbidden !== undefined) {
    throw invalid(`${field}.value`, forbidden, legalTextExpected);
  }
  if (type.startsWith('Number') && !isNumber(value)) {
    throw invalid(`${field}.value`, `a text of ${value.length} characters`, numberExpected);
  }
}

function isNumber(text: string): boolean {
  const groups = numberForm.exec(text)?.groups;
  const digits = `${groups?.['whole'] ?? ''}${groups?.['fraction'] ?? ''}`;
  if (digits === '' || digits.replace(/^0+|0+$/g, '').length > 38) {
    return false;
  }
  const size = Math.abs(Number(text));
  return size === 0 ? /^0+$/.test(digits) : size >= 1e-128 && size <= 1e126;
}

/** What kind of value it is; the value itself may be a user's data. */
function shape(value: unknown): string {
  return value === ''
    ? 'an empty text'
    : ArrayBuffer.isView(value)
      ? `a binary value of ${value.byteLength} bytes`
      : `a ${typeof value}`;
}

function checkDelay(delayMs: number, fifo: boolean): void {
  if (fifo) {
    throw invalid('delayMs', show(delayMs), 'undefined: a FIFO queue has one delay for all its messages');
  }
  if (!(typeof delayMs === 'number' && delayMs >= 0 && delayMs <= sqsLimits.maxDelayMs)) {
    throw invalid('delayMs', show(delayMs), `a number from 0 to ${sqsLimits.maxDelayMs}`);
  }
}
