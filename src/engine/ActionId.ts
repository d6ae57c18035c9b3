/** Ids of actions, made before any row is there. */
import { randomUUID } from "node:crypto"

/** Makes an action's id: a UUIDv7, so that a handle exists before any row does. Its time is user time: what is old is found by it. */
export type NewActionId = (now: number) => string

/** Those of one engine ascend (RFC 9562, method 1: the twelve bits after the time count within a millisecond). */
export const make = (): NewActionId => {
  // invariant: what was given last is not later than these two say
  let lastMillis = -1
  let counter = 0

  return (now) => {
    if (now > lastMillis) {
      lastMillis = now
      counter = 0
    } else if (++counter > 0xfff) {
      lastMillis++
      counter = 0
    }
    const time = Math.max(0, lastMillis).toString(16).padStart(12, "0")
    // its randomness comes out of a pool: a tenth of what fetching sixteen bytes takes
    const random = randomUUID().slice(18)
    return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}${random}`
  }
}
