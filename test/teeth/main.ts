/**
 * Shows that the suite bites: `npm run test:teeth` plants known bugs, one at a time, in a copy of the repository, and runs the tests that
 * are to catch them.
 *
 * ```text
 * --only lost-commit   bugs whose name begins with this; several names with commas
 * --slots 2            how many at a time
 * --list               what there is
 * ```
 *
 * A bug is caught by a test that fails as it says, while the types are right and a plain action still performs: a program that does not
 * load, or an engine that does nothing any more, proves nothing.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Queue } from "effect"
import type { Bug } from "./Bug.ts"
import { bugs } from "./bugs.ts"
import { type Ground, ground } from "./Ground.ts"
import { runTests, type Tests, typesAreRight } from "./Tests.ts"

const option = (name: string): string | undefined => {
  const index = process.argv.indexOf(`--${name}`)
  return index < 0 ? undefined : process.argv[index + 1] ?? ""
}
const names = option("only")?.split(",")
const chosen = bugs.filter(({ name }) => names === undefined || names.some((only) => name.startsWith(only)))

/** What a bug must leave alone. */
const alive: Tests = { "test/behaviour/Steps.test.ts": ["3.1: steps run one after another"] }

const together = (all: ReadonlyArray<Tests>): Tests => {
  const out: Record<string, ReadonlyArray<string>> = {}
  for (const tests of all) {
    for (const [file, titles] of Object.entries(tests)) out[file] = [...new Set([...out[file] ?? [], ...titles])]
  }
  return out
}

const belongsTo = (tests: Tests) => ({ file, name }: { readonly file: string; readonly name: string }): boolean =>
  tests[file]?.some((title) => name.includes(title)) === true

/** Errors of a program that is broken, which say nothing of how it behaves. */
const broken = /\b(SyntaxError|ReferenceError|syntax error at|column \S+ does not exist|relation \S+ does not exist)/
const outOfTime = /^(Error: )?(Test|Hook) timed out|TimeoutError/

const verdict = (at: Ground, bug: Bug): Effect.Effect<string> =>
  Effect.scoped(Effect.gen(function*() {
    yield* at.plant(bug)
    // what is in SQL alone has no types
    const types = bug.plants.every(({ file }) => file.endsWith(".sql")) ? undefined : yield* typesAreRight(at.folder)
    if (types !== undefined) return `DOES NOT COMPILE  ${types}`
    const ran = yield* runTests(at.folder, together([bug.tests, alive]), 240)
    if (ran === undefined) return "DID NOT END"
    const dead = ran.find((test) => belongsTo(alive)(test) && !belongsTo(bug.tests)(test) && test.failure !== undefined)
    if (dead !== undefined) return `BREAKS EVERYTHING  ${dead.name}: ${dead.failure}`
    const failures = ran.filter((test) => belongsTo(bug.tests)(test) && test.failure !== undefined)
    const found = failures.find(({ failure }) =>
      !broken.test(failure!) && (bug.hangs === true || !outOfTime.test(failure!))
    )
    if (found !== undefined) return `caught  ${found.name}\n${" ".repeat(8)}${found.failure}`
    const [other] = failures
    return other === undefined ? "SURVIVED" : `BROKEN  ${other.name}: ${other.failure}`
  }))

const isCaught = (said: string): boolean => said.startsWith("caught")

/** Without a bug the tests pass, and none of them is only a name. */
const control = (at: Ground): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const tests = together([...chosen.map((bug) => bug.tests), alive])
    const ran = (yield* runTests(at.folder, tests, 1200)) ?? []
    const problems = [
      ...ran.flatMap(({ failure, name }) => failure === undefined ? [] : [`${name}: ${failure}`]),
      ...Object.entries(tests).flatMap(([file, titles]) =>
        titles.filter((title) => !ran.some(belongsTo({ [file]: [title] }))).map((title) => `no ${title} in ${file}`)
      )
    ]
    for (const problem of problems) console.log(`WITHOUT A BUG  ${problem}`)
    return problems.length === 0
  })

const seconds = (since: number): string => `${Math.round((performance.now() - since) / 1000)} s`.padStart(6)

const Main = Effect.scoped(Effect.gen(function*() {
  const slots = Number(option("slots") ?? 1)
  const free = yield* Queue.make<Ground>()
  const at = yield* ground
  // a bug whose place has gone is known before the first test runs
  for (const bug of chosen) yield* Effect.scoped(at.plant(bug))
  const began = performance.now()
  if (!(yield* control(at))) return false
  console.log(`${seconds(began)}  without a bug all of these tests pass`)
  yield* Queue.offer(free, at)
  for (let n = 1; n < slots; n++) yield* Queue.offer(free, yield* ground)
  const verdicts = yield* Effect.forEach(chosen, (bug) =>
    Effect.gen(function*() {
      const at = yield* Queue.take(free)
      const since = performance.now()
      const said = yield* verdict(at, bug)
      console.log(`${seconds(since)}  ${bug.name}: ${said}`)
      yield* Queue.offer(free, at)
      return isCaught(said)
    }), { concurrency: slots })
  const caught = verdicts.filter((is) => is).length
  console.log(`${chosen.length} planted, ${caught} caught`)
  return chosen.length > 0 && caught === chosen.length
}))

if (process.argv.includes("--list")) {
  for (const { breaks, name } of chosen) console.log(`${name.padEnd(28)}${breaks}`)
} else {
  NodeRuntime.runMain(Effect.map(Main, (isWell) => {
    if (!isWell) process.exitCode = 1
  }))
}
