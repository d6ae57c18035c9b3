/** Splits a line into words as a shell does: quotes and backslashes; nothing is expanded. */
const word = /(?:[^\s"'\\]|\\[^]|'[^']*'|"(?:[^"\\]|\\[^])*")+/g

/** What of a word is put together: a piece in single quotes, one in double quotes, a character behind a backslash, or characters as they are. */
const piece = /'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])|([^\s"'\\]+)/g

/** The words of a line; none where a quote is not closed, or a backslash has nothing behind it. */
export const wordsOf = (line: string): ReadonlyArray<string> | undefined =>
  line.replace(word, "").trim() === ""
    ? [...line.matchAll(word)].map(([text]) =>
      text.replace(
        piece,
        (_, single?: string, double?: string, escaped?: string, plain?: string) =>
          single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? plain ?? ""
      )
    )
    : undefined
