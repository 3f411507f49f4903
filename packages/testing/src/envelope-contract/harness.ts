import type { Envelope } from '@sqskit/core';

/** How the suite reaches an implementation of `Envelope`. */
export interface EnvelopeHarness {
  createEnvelope(): Envelope;
}
