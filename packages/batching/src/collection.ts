// V8's kExternalAllocationSoftLimit: with so much more memory outside its heap than after its last major collection it
// begins another, in the background and in small steps.
const externalLimitBytes = 64 * 1_048_576;

/**
 * Has V8 make a major collection soon. It claims addresses of as many bytes as V8 does one for, and drops them: no page of
 * them is touched, so they take no memory. It costs some microseconds, and the collection some tens of milliseconds.
 *
 * Only where there is reason to: V8 knows best when to collect what lives short or for ever. Returns the bytes of its heap
 * that are in use, 0 where they are not known, by which a caller knows when there is reason again: a collection costs as
 * much as what it finds alive. Never throws.
 */
export function askForCollection(): number {
  const bytes = externalLimitBytes + 1;
  try {
    new ArrayBuffer(bytes, { maxByteLength: bytes }); // one that can be resized is not cleared, but mapped
    return process.memoryUsage().heapUsed;
  } catch {
    return 0; // there are not even addresses, or it is no Node
  }
}
