/** Something wrapped round an implementation of `S` that is an `S` itself. */
export type Layer<S> = (inner: S) => S;

/**
 * Wraps `inner` in layers. The first layer is the outermost: `compose(queue, a, b)` is `a(b(queue))`, so a call passes
 * through the layers in the order in which they are written.
 */
export function compose<S>(inner: S, ...layers: readonly Layer<S>[]): S {
  return layers.reduceRight((wrapped, layer) => layer(wrapped), inner);
}
