import { type MessageAttribute, payloadBytes, type SendEntry, sqsLimits } from '@sqskit/core';

/** Why SQS refuses an entry: always the sender's fault. */
export interface Refusal {
  readonly awsCode: string;
  readonly message: string;
}

export interface SendRules {
  readonly fifo: boolean;
  readonly contentBasedDeduplication: boolean;
  readonly maxMessageBytes: number;
}

// Source: API_SendMessage, "A message can include only XML, JSON, and unformatted text": these Unicode characters.
const forbiddenCharacter = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;
// Source: API_SendMessage, MessageDeduplicationId and MessageGroupId.
const idForm = /^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/;
// Source: sqs-message-metadata, "Message attribute components".
const attributeNameForm = /^(?!\.)(?!.*\.\.)(?!(?:aws|amazon)\.)[\w.-]{1,256}(?<!\.)$/i;
const attributeTypeForm = /^(?:String|Number|Binary)(?:\..+)?$/;

/** The reason why SQS would refuse this entry, if there is one. Pure. */
export function refusalOf(entry: SendEntry, rules: SendRules): Refusal | undefined {
  return refusedBody(entry, rules) ?? refusedAttributes(entry) ?? refusedParameters(entry, rules);
}

function invalid(message: string): Refusal {
  return { awsCode: 'InvalidParameterValue', message };
}

function missing(parameter: string): Refusal {
  return { awsCode: 'MissingParameter', message: `The request must contain the parameter ${parameter}.` };
}

function refusedBody(entry: SendEntry, rules: SendRules): Refusal | undefined {
  if (entry.body === '') {
    return missing('MessageBody');
  }
  const bytes = payloadBytes(entry);
  if (bytes > rules.maxMessageBytes) {
    return invalid(
      `One or more parameters are invalid. Reason: Message must be shorter than ${rules.maxMessageBytes} bytes.`,
    );
  }
  if (forbiddenCharacter.test(entry.body)) {
    return {
      awsCode: 'InvalidMessageContents',
      message: 'Invalid characters were found in the message body.',
    };
  }
  return undefined;
}

function refusedAttributes({ attributes }: SendEntry): Refusal | undefined {
  if (attributes === undefined) {
    return undefined;
  }
  const named = Object.entries(attributes);
  if (named.length > sqsLimits.maxAttributes) {
    return invalid(`Number of message attributes [${named.length}] exceeds the allowed maximum [10].`);
  }
  for (const [name, attribute] of named) {
    const reason = refusedAttribute(name, attribute);
    if (reason !== undefined) {
      return invalid(reason);
    }
  }
  return undefined;
}

function refusedAttribute(name: string, { type, value }: MessageAttribute): string | undefined {
  if (!attributeNameForm.test(name)) {
    return `The message attribute name '${name}' is invalid.`;
  }
  if (!attributeTypeForm.test(type) || type.length > sqsLimits.maxAttributeNameLength) {
    return `The type of message attribute '${name}' is invalid. You must use only the types Binary, Number, and String.`;
  }
  if (value.length === 0) {
    return `The message attribute '${name}' must contain a non-empty value.`;
  }
  if (type.startsWith('Binary') !== (typeof value !== 'string')) {
    return `The message attribute '${name}' with type '${type}' must use the field of that type.`;
  }
  if (typeof value === 'string' && forbiddenCharacter.test(value)) {
    return `Invalid characters were found in the message attribute '${name}'.`;
  }
  if (type.startsWith('Number') && (value === '' || Number.isNaN(Number(value)))) {
    return `Can't cast the value of message attribute '${name}' to a number.`;
  }
  return undefined;
}

function refusedParameters(entry: SendEntry, rules: SendRules): Refusal | undefined {
  const { groupId, deduplicationId, delayMs = 0 } = entry;
  if (!(delayMs >= 0 && delayMs <= sqsLimits.maxDelayMs)) {
    return invalid(
      `Value ${delayMs} ms for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.`,
    );
  }
  if (groupId !== undefined && !idForm.test(groupId)) {
    return invalid('Value for parameter MessageGroupId is invalid.');
  }
  if (deduplicationId !== undefined && !idForm.test(deduplicationId)) {
    return invalid('Value for parameter MessageDeduplicationId is invalid.');
  }
  if (!rules.fifo) {
    return deduplicationId === undefined ? undefined : notForThisQueue('MessageDeduplicationId');
  }
  if (groupId === undefined) {
    return missing('MessageGroupId');
  }
  if (delayMs > 0) {
    return notForThisQueue('DelaySeconds');
  }
  if (deduplicationId === undefined && !rules.contentBasedDeduplication) {
    return invalid(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
  return undefined;
}

function notForThisQueue(parameter: string): Refusal {
  return invalid(
    `Value for parameter ${parameter} is invalid. Reason: The request include parameter that is not valid for this queue type.`,
  );
}
