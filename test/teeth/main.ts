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
import { type Runner, runner, type Tests, typesAreRight } from "./Tests.ts"

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

/** Where bugs are planted, and the tests run that are to catch them. */
interface Place {
  readonly ground: Ground
  readonly runner: Runner
}

const place = Effect.flatMap(ground, (at) => Effect.map(runner(at.folder), (runner): Place => ({ ground: at, runner })))

/** Does something in one of the places that are free. */
const inPlace = <A>(free: Queue.Queue<Place>, use: (at: Place) => Effect.Effect<A>): Effect.Effect<A> =>
  Effect.acquireUseRelease(Queue.take(free), use, (at) => Queue.offer(free, at))

/** As many as can be planted at once, and those whose text another one has changed. */
const side = (at: Ground, planted: ReadonlyArray<Bug>) =>
  Effect.gen(function*() {
    const later: Array<Bug> = []
    const now: Array<Bug> = []
    for (const bug of planted) {
      const isPlanted = yield* at.plant(bug).pipe(Effect.as(true), Effect.catchDefect(() => Effect.succeed(false)))
      ;(isPlanted ? now : later).push(bug)
    }
    return { now, later }
  })

/** Bugs that are none, because the program does not compile with them: many are planted at once, and halved until it is known which. */
const notCompiling = (at: Ground, from: ReadonlyArray<Bug>): Effect.Effect<ReadonlyMap<string, string>> =>
  Effect.gen(function*() {
    if (from.length === 0) return new Map<string, string>()
    const [wrong, { later, now }] = yield* Effect.scoped(Effect.gen(function*() {
      const both = yield* side(at, from)
      return [yield* typesAreRight(at.folder), both] as const
    }))
    if (wrong !== undefined && now.length === 1) {
      return new Map([[now[0]!.name, wrong], ...yield* notCompiling(at, later)])
    }
    const half = Math.ceil(now.length / 2)
    const halves = wrong === undefined ? [later] : [now.slice(0, half), now.slice(half), later]
    return new Map((yield* Effect.forEach(halves, (bugs) => notCompiling(at, bugs))).flatMap((found) => [...found]))
  })

const verdict = (at: Place, bug: Bug): Effect.Effect<string> =>
  Effect.scoped(Effect.gen(function*() {
    yield* at.ground.plant(bug)
    const ran = yield* at.runner.run(together([bug.tests, alive]), 240)
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
const control = (free: Queue.Queue<Place>, slots: number): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const tests = together([...chosen.map((bug) => bug.tests), alive])
    const problems = yield* Effect.forEach(Object.entries(tests), ([file, titles]) =>
      inPlace(free, ({ runner }) =>
        Effect.map(runner.run({ [file]: titles }, 1200), (all) => {
          const ran = all ?? [{ file, name: file, failure: "it does not end" }]
          return [
            ...ran.flatMap(({ failure, name }) =>
              failure === undefined ? [] : [`${name}: ${failure}`]
            ),
            ...titles.filter((title) => !ran.some(belongsTo({ [file]: [title] }))).map((title) =>
              `no ${title} in ${file}`
            )
          ]
        })), { concurrency: slots })
    for (const problem of problems.flat()) {
      console.log(`WITHOUT A BUG  ${problem}`)
    }
    return problems.flat().length === 0
  })

const seconds = (since: number): string => `${Math.round((performance.now() - since) / 1000)} s`.padStart(6)

const Main = Effect.scoped(Effect.gen(function*() {
  const slots = Number(option("slots") ?? 1)
  const free = yield* Queue.make<Place>()
  for (let n = 0; n < slots; n++) yield* Queue.offer(free, yield* place)
  const began = performance.now()
  const wrong = yield* inPlace(free, ({ ground }) =>
    Effect.gen(function*() {
      // a bug whose place has gone is known before the first test runs
      for (const bug of chosen) ground.find(bug)
      // what is in SQL alone has no types
      return yield* notCompiling(
        ground,
        chosen.filter(({ plants }) => plants.some(({ file }) => !file.endsWith(".sql")))
      )
    }))
  console.log(`${seconds(began)}  compiled with each bug`)
  if (!(yield* control(free, slots))) return false
  console.log(`${seconds(began)}  without a bug all of these tests pass`)
  const verdicts = yield* Effect.forEach(chosen, (bug) =>
    inPlace(free, (at) =>
      Effect.gen(function*() {
        const since = performance.now()
        const types = wrong.get(bug.name)
        const said = types === undefined ? yield* verdict(at, bug) : `DOES NOT COMPILE  ${types}`
        console.log(`${seconds(since)}  ${bug.name}: ${said}`)
        return isCaught(said)
      })), { concurrency: slots })
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
