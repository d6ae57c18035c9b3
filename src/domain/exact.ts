/** JSON whose whole numbers are not rounded: what is stored is printed with all its digits, and what is given and would be rounded is refused. */

/** `JSON` as ECMAScript 2026 has it, and Node from 21 on. */
interface SourceTextJson {
  readonly parse: (
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown
  ) => unknown
  readonly rawJSON: (source: string) => object
}

const hasSourceText = (json: object): json is SourceTextJson => "rawJSON" in json

/** How a number is written that JavaScript would round, or does not have; none of what it has as it is written. */
const roundedOf = (value: unknown, source: string | undefined): string | undefined =>
  typeof value === "number" && source !== undefined &&
    (!Number.isFinite(value) || !Number.isSafeInteger(value) && /^-?\d+$/.test(source))
    ? source
    : undefined

/** JSON as it is stored: whole numbers that JavaScript would round are printed with all their digits. */
export const exact = (text: string): unknown => {
  const json: object = JSON
  return hasSourceText(json)
    ? json.parse(text, (_, value, { source }) => {
      const rounded = roundedOf(value, source)
      return rounded === undefined ? value : json.rawJSON(rounded)
    })
    : JSON.parse(text)
}

/** The first number of a text of JSON that would be stored as another one, as it is written there. */
export const firstRounded = (text: string): string | undefined => rawIn(exact(text))

const rawIn = (value: unknown): string | undefined => {
  if (typeof value !== "object" || value === null) return undefined
  // what keeps its source has no prototype, and nothing but that
  if (Object.getPrototypeOf(value) === null && "rawJSON" in value) return String(value.rawJSON)
  for (const below of Object.values(value)) {
    const found = rawIn(below)
    if (found !== undefined) return found
  }
  return undefined
}
