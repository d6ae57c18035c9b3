/** Two versions of a definition side by side, in processes of their own: actions cross between them and find their place by the names of steps. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Redacted } from "effect"
import { ActionRepo } from "stepped"
import { healthy } from "../harness/databases.ts"
import { type Program, startProgram } from "../harness/Program.ts"
import { database, startEngine } from "./starting.ts"
import { trains, type Version, versions } from "./Trains.ts"

const program = new URL("./worker.ts", import.meta.url).pathname
const startVersion = (url: Redacted.Redacted, version: Version) =>
  Effect.tap(
    startProgram(program, { url, env: { VERSION: version, CONCURRENCY: "4", LEASE_MS: "600000" } }),
    (started) => started.says("ready")
  )

/** The steps of each ride that a process has begun, in the order in which it has. */
const begunBy = ({ said }: Program) => {
  const rides = new Map<number, Array<string>>()
  for (const { event, what } of said) {
    if (event !== "started") continue
    const [ride, step] = (what as string).split(" ") as [string, string]
    rides.set(Number(ride), [...rides.get(Number(ride)) ?? [], step])
  }
  return rides
}

/** What is wrong with a ride whose steps these processes have begun. */
const mistakes = (
  stored: ReadonlyArray<string>,
  ours: { readonly version: Version; readonly begun: ReadonlyArray<string> },
  theirs: { readonly version: Version; readonly begun: ReadonlyArray<string> }
): ReadonlyArray<string> => {
  const steps = (version: Version): ReadonlyArray<string> => versions[version]
  const common = steps(ours.version).filter((step) => steps(theirs.version).includes(step))
  const inOrder = (part: ReadonlyArray<string>, whole: ReadonlyArray<string>) =>
    part.every((step, i) => i === 0 || whole.indexOf(step) > whole.indexOf(part[i - 1]!))
  return [
    ...(stored.join() === stored.filter((step, i) => stored.indexOf(step) === i).join() ? [] : ["a step ran twice"]),
    ...([...ours.begun, ...theirs.begun].sort().join() === [...stored].sort().join()
      ? []
      : ["other bodies than steps"]),
    ...(stored.filter((step) => common.includes(step)).join() === common.join() ? [] : ["a step of both was left out"]),
    ...[ours, theirs].flatMap(({ begun, version }) => [
      ...(begun.every((step) => steps(version).includes(step)) ? [] : [`${version} ran another's step`]),
      ...(inOrder(stored.filter((step) => steps(version).includes(step)), steps(version)) ? [] : ["out of order"])
    ])
  ]
}

describe("two versions side by side", () => {
  for (const version of Object.keys(versions).slice(1) as ReadonlyArray<Exclude<Version, "first">>) {
    it.live(
      `a step ${version}: every action ends, with each step that both have once and in order`,
      () =>
        Effect.gen(function*() {
          const url = yield* database
          yield* Effect.gen(function*() {
            const old = yield* startVersion(url, "first")
            const next = yield* startVersion(url, version)
            const train = yield* trains("first").client
            const crossed = () => [...begunBy(old).keys()].filter((ride) => begunBy(next).has(ride)).length
            let rides = 0
            const send = (count: number) =>
              // two on each train: the one that waits for its lane is promoted by whichever process ends the other
              Effect.forEach(Array.from({ length: count }, () => rides++), (n) => train(n >> 1).rideLater(n))
            while (crossed() < 5) {
              yield* Effect.forEach(yield* send(10), (handle) => handle.await, { concurrency: "unbounded" })
            }

            // and the old one is stopped under load: the new one takes over what it has begun
            const before = rides
            const handles = yield* send(10)
            yield* old.signal("SIGTERM")
            yield* Effect.forEach(handles, (handle) => handle.await, { concurrency: "unbounded" })
            yield* old.ended

            const repo = yield* ActionRepo
            const actions = yield* repo.list({ name: "ride", limit: 10_000 })
            assert.strictEqual(actions.length, rides)
            const [ours, theirs] = [begunBy(old), begunBy(next)]
            for (
              const { arguments: [n], attempts, id, status } of actions as ReadonlyArray<
                typeof actions[number] & { readonly arguments: [number] }
              >
            ) {
              assert.deepStrictEqual({ status, attempts }, { status: "succeeded", attempts: 1 })
              const stored = (yield* repo.steps(id)).map(({ name }) => name)
              const found = mistakes(
                stored,
                { version: "first", begun: ours.get(n) ?? [] },
                { version, begun: theirs.get(n) ?? [] }
              )
              assert.deepStrictEqual(found, [], `ride ${n}: ${stored.join()}`)
              // what the old one was just beginning when it stopped goes on at that very step
              if (n < before && theirs.get(n)?.length === stored.length) {
                assert.deepStrictEqual(stored, [...versions[version]])
              }
            }
            yield* healthy
          }).pipe(Effect.provide(yield* startEngine(url)))
        })
    )
  }
})
