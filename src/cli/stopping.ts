/** Commands that go on until they are told to stop. */
import { Effect } from "effect"
import { exitCodes } from "./failures.ts"

/** By SIGTERM it ends in the ordinary course, as whoever runs it stops it that way: that is no failure. Anything else that gets one is cut off. */
export const untilTerminated = <A, E, R>(running: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    const ends = () => void (process.exitCode = exitCodes.done)
    process.once("SIGTERM", ends)
    return Effect.ensuring(running, Effect.sync(() => process.off("SIGTERM", ends)))
  })
