// SQS repeats a receipt handle that it refuses. Whoever has it can delete the message, and errors end up in logs.
const quotes: readonly (readonly [RegExp, string])[] = [
  [/\bValue .* for parameter ReceiptHandle\b/gs, 'Value [receipt handle] for parameter ReceiptHandle'],
  [/\breceipt handle (["']).*\1/gis, 'receipt handle [receipt handle]'],
];

/** What SQS said, without the receipt handles in it. */
export function withoutReceiptHandles(message: string | undefined): string | undefined {
  return quotes.reduce((text, [quote, masked]) => text?.replace(quote, masked), message);
}
