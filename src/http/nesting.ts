/** How deep JSON goes: what is nested far deeper than anything that means something would take down whoever reads it. */

/** Objects and arrays in each other. */
export const nestingMost = 200

const quote = "\"".charCodeAt(0)
const backslash = "\\".charCodeAt(0)
const opening = new Set(["[", "{"].map((text) => text.charCodeAt(0)))
const closing = new Set(["]", "}"].map((text) => text.charCodeAt(0)))

/** Whether a text has more in each other than may be, as JSON; what is none is told when it is read. */
export const isTooDeep = (json: string): boolean => {
  let depth = 0
  let isText = false
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (isText) {
      // what is escaped is no end
      if (code === backslash) at++
      else if (code === quote) isText = false
    } else if (code === quote) isText = true
    else if (opening.has(code)) {
      if (++depth > nestingMost) return true
    } else if (closing.has(code)) depth--
  }
  return false
}
