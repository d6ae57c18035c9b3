/**
 * What has failed, of exits as workflows store them, in words: an error's tag and message, and nothing else of it. Its fields may be secret, which only the schema knows that they
 * are stored by.
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

const wordsOf = (error: unknown): string => {
  if (isText(error)) return error
  const { _tag, message } = isObject(error) ? error : {}
  const words = [_tag, message].filter(isText)
  return words.length === 0 ? "an error" : words.join(": ")
}

/** The first reason of an exit's cause, as JSON; of what was cut off since it is long it says no more than that. */
export const exitText = (reason: string): string => {
  const value = parsed(reason)
  if (!isObject(value)) return "an error that is too long to be shown"
  switch (value["_tag"]) {
    case "Fail":
      return wordsOf(value["error"])
    case "Die":
      return wordsOf(value["defect"])
    default:
      return "interrupted"
  }
}
