/** What is stored of a step's attempts: the last ones, each with why it has failed, in short. */
import { type FailureCause, tidyText } from "../../domain/Failure.ts"
import type { StoredAttempt, StoredAttempts } from "../../store/Conclusion.ts"

/** How many attempts can be read. */
const attemptsKept = 100

export const withAttempt = (attempts: StoredAttempts, last: StoredAttempt): StoredAttempts => ({
  ...attempts,
  last: [...attempts.last.filter(({ number }) => number < last.number), last].slice(-attemptsKept)
})

/** Short enough for a hundred of them. */
export const brief = ({ kind, message, path }: FailureCause): NonNullable<StoredAttempt["failure"]> => ({
  kind,
  path: tidyText(path, 500),
  message: tidyText(message, 500)
})
