/** Whole numbers that a browser would round, in what is typed: they would be stored as others. */

const texts = /"(?:[^"\\]|\\.)*"/g
const whole = /(?<![\w.+-])-?\d{16,}(?![\w.])/g

/** What is said of the first one in a JSON text; nothing where there is none. */
export const roundedText = (json: string): string => {
  const number = json.replace(texts, "\"\"").match(whole)?.find((text) => !Number.isSafeInteger(Number(text)))
  return number === undefined
    ? ""
    : `${number} is beyond 2^53 and would be rounded: where a text is taken, give that`
}
