/** A night on call: what is wrong, and what the command says to that. The guide has the commands, and what they print. */
import type { Effect, Scope } from "effect"
import type { Shop } from "../fixtures/shop.ts"

/** Of whom the guide speaks, in its order. */
export type Ids = ReadonlyArray<string>

export interface Situation {
  /** How the guide marks its block: `<!-- situation: paused -->`. */
  readonly name: string
  /** Makes it so. What was given has an id in the guide: the first, the second … */
  readonly arrange: (shop: Shop) => Effect.Effect<Ids, unknown, Scope.Scope>
  /** How far the clock of whoever asks is ahead, in ms. */
  readonly ahead?: number
  /** What has come of the commands. */
  readonly then?: (shop: Shop, ids: Ids) => Effect.Effect<void, unknown, Scope.Scope>
}

/** The first one ends so. */
export const endsAs = (status: string) => (shop: Shop, [id]: Ids) => shop.comesTo(id!, status)
