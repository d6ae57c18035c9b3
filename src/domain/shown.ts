/** Texts of programs and people, as a terminal is to show them. */

/** In one line, and nothing in it that moves a cursor, changes a colour, or turns the direction of what follows. */
export const shown = (text: string, mostOfText = 300): string => {
  const line = text.replace(/\s+/g, " ").trim()
  const short = line.length > mostOfText ? `${line.slice(0, mostOfText)}…` : line
  return short.replace(
    /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`
  )
}
