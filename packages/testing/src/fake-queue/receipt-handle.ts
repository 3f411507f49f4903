/** Which receive of which message of which queue. */
export interface Receipt {
  readonly idPrefix: string;
  readonly message: number;
  readonly receive: number;
}

/** Makes a handle about as long as those of SQS: handles are most of what a delete sends. */
const padding = `-${'AQEB'.repeat(85)}`;
const handleForm = new RegExp(`^([0-9a-f]{8})-(\\d+)-(\\d+)${padding}$`);

export function writeHandle({ idPrefix, message, receive }: Receipt): string {
  return `${idPrefix}-${message}-${receive}${padding}`;
}

/** Reads a receipt handle of a fake queue; `undefined` for anything else. */
export function readHandle(receiptHandle: string): Receipt | undefined {
  const [, idPrefix, message, receive] = handleForm.exec(receiptHandle) ?? [];
  return idPrefix === undefined
    ? undefined
    : { idPrefix, message: Number(message), receive: Number(receive) };
}
