/**
 * Layers that are given as they are, or called with settings.
 */
import type * as Layer from "effect/Layer"

/** A layer that is a function, too: as it is it has no settings, and each call makes a layer of its own. */
export const callableLayer = <Options, ROut, E, RIn>(
  make: (options?: Options) => Layer.Layer<ROut, E, RIn>
): Layer.Layer<ROut, E, RIn> & ((options?: Options) => Layer.Layer<ROut, E, RIn>) => {
  const plain = make()
  const callable = (options?: Options) => make(options)
  // layers are objects with a prototype of their own, which this function takes on
  return Object.assign(Object.setPrototypeOf(callable, Object.getPrototypeOf(plain)), plain)
}
