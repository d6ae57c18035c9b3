/** A test in which something was healed fails, also where nobody asks whether all is healthy, as behind a worker whose database is gone. */
import { afterEach } from "@effect/vitest"
import { Effect } from "effect"
import { takeHeals } from "./heals.ts"

afterEach(() => {
  const heals = Effect.runSync(takeHeals)
  if (heals > 0) throw new Error(`what had to be healed meanwhile, ${heals} times`)
})
