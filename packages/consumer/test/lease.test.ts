import { sqsLimits } from '@sqskit/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { grantableMs, isExpired, renewalDueAt, renewalRetryAt, renewLease, takeLease } from '../src/lease.ts';

const times = fc.nat({ max: 1_000_000_000 });
const timeouts = fc.integer({ min: 1_000, max: sqsLimits.maxVisibilityTimeoutMs });

test('a lease lasts for its visibility timeout and is renewed at half time', () => {
  const lease = takeLease(1_000, 30_000);
  expect(lease.expiresAt).toBe(31_000);
  expect(renewalDueAt(lease)).toBe(16_000);
  expect(isExpired(lease, 30_999)).toBe(false);
  expect(isExpired(lease, 31_000)).toBe(true);
});

test('a renewal counts from when it was asked for', () => {
  const lease = renewLease(takeLease(0, 30_000), 15_000, 30_000);
  expect(lease.expiresAt).toBe(45_000);
  expect(renewalDueAt(lease)).toBe(30_000);
});

test('renewing at the due time always prolongs the lease, and never beyond 12 hours from the receive', () => {
  fc.assert(
    fc.property(times, timeouts, fc.nat({ max: 5_000 }), (receivedAt, timeoutMs, lateMs) => {
      let lease = takeLease(receivedAt, timeoutMs);
      for (let renewals = 0; renewals < 50; renewals++) {
        const dueAt = renewalDueAt(lease);
        if (dueAt === Number.POSITIVE_INFINITY) {
          return;
        }
        expect(dueAt).toBeLessThan(lease.expiresAt);
        const now = Math.min(dueAt + lateMs, lease.expiresAt - 1);
        const grantedMs = grantableMs(lease, now, timeoutMs);
        const next = renewLease(lease, now, grantedMs);
        // SQS rounds up to seconds, and that too stays within the cap.
        const onTheWireMs = Math.ceil(grantedMs / 1_000) * 1_000;
        expect(now + onTheWireMs - receivedAt).toBeLessThanOrEqual(sqsLimits.maxVisibilityTimeoutMs);
        expect(next.expiresAt).toBeGreaterThan(lease.expiresAt);
        lease = next;
      }
    }),
  );
});

test('a lease that has reached 12 hours is renewed no more', () => {
  const lease = takeLease(0, sqsLimits.maxVisibilityTimeoutMs);
  expect(renewalDueAt(lease)).toBe(Number.POSITIVE_INFINITY);
  expect(grantableMs(lease, sqsLimits.maxVisibilityTimeoutMs, 1_000)).toBe(0);
});

test('a renewal that was refused is tried again several times before the lease ends', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_000, max: 43_000_000 }), (timeoutMs) => {
      const lease = takeLease(0, timeoutMs);
      let now = renewalDueAt(lease);
      let tries = 0;
      while (!isExpired(lease, now)) {
        tries++;
        now = renewalRetryAt(lease, now);
      }
      expect(tries).toBeGreaterThanOrEqual(4);
      expect(tries).toBeLessThan(100);
    }),
  );
});
