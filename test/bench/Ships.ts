/** A parent whose children wait in a queue that nobody serves: for what becomes of them when it is cancelled. */
import { Effect, Schema } from "effect"
import { Step, Stepped } from "stepped"

export class Ship extends Stepped.Actor<Ship>()("Ship", { id: Schema.Int }) {}

export const harbour = "harbour"
export const openSea = "openSea"

const anchor = Stepped.action("anchor", { queue: harbour }).step(() => Effect.void)
/** Has as many children as it is told. */
export const armada = Stepped.action("armada", { arguments: [Schema.Int], queue: openSea })
  .step((size) => Step.on(Array.from({ length: size }, (_, i) => Ship.ref(i)), anchor))

export const Ships = Stepped.actions(Ship, [anchor, armada])
