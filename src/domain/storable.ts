/** What Postgres can store as a text, and in JSON. */

// NUL and lone surrogates are escaped by JSON.stringify; an escape behind an odd number of backslashes is text, not an escape.
const suspicious = /\\u(0000|d[89a-f])/i
const plain = /^[ !#-[\]-~]*$/
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/i

/** Whether a text is what JSON has as it is, of one byte a character: nothing is to be looked for in it. */
export const isPlain = (text: string): boolean => plain.test(text)

/** Whether Postgres can store the JSON text as jsonb. */
export const isStorable = (text: string): boolean => !suspicious.test(text) || !unstorable.test(text)
