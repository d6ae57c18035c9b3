/** Ids of actions, made before any row is there. */
import { randomUUID } from "node:crypto"
import { realClock } from "../store/RealClock.ts"

// invariant: what was given last is not later than these two say; only newActionId touches them
let lastMillis = 0
let counter = 0

/**
 * An action's id: a UUIDv7 made here, so that a handle exists before any row does. Those of one process ascend (RFC 9562, method 1: the
 * twelve bits after the time count within a millisecond).
 */
export const newActionId = (): string => {
  const millis = realClock.currentTimeMillisUnsafe()
  if (millis > lastMillis) {
    lastMillis = millis
    counter = 0
  } else if (++counter > 0xfff) {
    lastMillis++
    counter = 0
  }
  const time = lastMillis.toString(16).padStart(12, "0")
  // its randomness comes out of a pool: a tenth of what fetching sixteen bytes takes
  const random = randomUUID().slice(18)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}${random}`
}
