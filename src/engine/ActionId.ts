/** Ids of actions, made before any row is there. */
import { randomBytes } from "node:crypto"

/** Makes an action's id: a UUIDv7, so that a handle exists before any row does. Its time is user time: what is old is found by it. */
export type NewActionId = (now: number) => string

const bytesOfAnEnd = 8
const charsOfAnEnd = 2 * bytesOfAnEnd

/** The ends of many ids, with the bits of their variant. */
const drawEnds = (): string => {
  const bytes = randomBytes(128 * bytesOfAnEnd)
  for (let at = 0; at < bytes.length; at += bytesOfAnEnd) bytes[at] = (bytes[at]! & 0x3f) | 0x80
  return bytes.toString("hex")
}

/** Those of one engine ascend (RFC 9562, method 1: the twelve bits after the time count within a millisecond). */
export const make = (): NewActionId => {
  // invariant: what was given last is not later than these two say, and begins with `time`
  let lastMillis = -1
  let counter = 0
  let time = ""
  // drawn together: to draw one alone takes as long as all else that is done for an id. What is before `used` has been given
  let ends = ""
  let used = 0

  return (now) => {
    if (now > lastMillis || ++counter > 0xfff) {
      lastMillis = Math.max(now, lastMillis + 1)
      counter = 0
      const hex = Math.max(0, lastMillis).toString(16).padStart(12, "0")
      time = `${hex.slice(0, 8)}-${hex.slice(8)}`
    }
    if (used === ends.length) {
      ends = drawEnds()
      used = 0
    }
    const at = used
    used += charsOfAnEnd
    // with the version's digit
    const count = (0x7000 | counter).toString(16)
    return `${time}-${count}-${ends.slice(at, at + 4)}-${ends.slice(at + 4, at + charsOfAnEnd)}`
  }
}
