/**
 * What has failed, of exits as workflows store them, in words: an error's tag and message, and nothing else of it. Its fields may be secret, which only the schema knows that they
 * are stored by; and so may its message be, or one that is a text: of an error that is declared everybody is told the tag alone.
 */

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== ""

const someError = "an error"

const wordsOf = (error: unknown): string => {
  if (isText(error)) return error
  const { _tag, message } = isObject(error) ? error : {}
  const words = [_tag, message].filter(isText)
  return words.length === 0 ? someError : words.join(": ")
}

const tagOf = (error: unknown): string => {
  const { _tag } = isObject(error) ? error : {}
  return isText(_tag) ? _tag : someError
}

/** The first reason of an exit's cause, as JSON; of what was cut off since it is long it says no more than that. */
export const exitText = (reason: string): string => textOf(reason, wordsOf)

/** As everybody may be told it who looks on. */
export const openExitText = (reason: string): string => textOf(reason, tagOf)

const textOf = (reason: string, ofDeclared: (error: unknown) => string): string => {
  const value = parsed(reason)
  if (!isObject(value)) return "an error that is too long to be shown"
  switch (value["_tag"]) {
    case "Fail":
      return ofDeclared(value["error"])
    case "Die":
      return wordsOf(value["defect"])
    default:
      return "interrupted"
  }
}
