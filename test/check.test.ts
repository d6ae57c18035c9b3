/** The tools of `npm run check`, as tests: what they find counts in the closing line like everything else. */
import { describe, it } from "@effect/vitest"
import { resolve } from "node:path"
import { run } from "./run.ts"

const root = resolve(import.meta.dirname, "..")

const passes = (script: string) => run("npm", ["run", "--silent", script], { cwd: root })

describe("the sources", () => {
  it("are formatted", () => passes("format:check"))
  it("are free of lint", () => passes("lint"))
  it("are well typed", () => passes("types"), 600_000)
})
