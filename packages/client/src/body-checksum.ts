import { getFips, hash } from 'node:crypto';

export type BodyCheck = (body: string, md5: string | undefined) => boolean;

/** Tells whether a body is the one that SQS took the MD5 of. Where FIPS rules MD5 out, every body is taken for that. */
export function createBodyCheck(): BodyCheck {
  // Asked once: it costs half of what the MD5 of a short body does.
  return getFips() === 1 ? () => true : (body, md5) => hash('md5', body) === md5;
}
