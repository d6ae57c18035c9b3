/** Whatever a method takes of a database it takes over HTTP, too, or says that it does not: nothing that is given is left out in silence. */
import { assert, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Schema } from "effect"
import { verbsOfOne } from "../../src/http/Api.ts"
import { type OneVerb, verbTable } from "../../src/verbs/table.ts"
import { embedded } from "../harness/databases.ts"
import { verbInputs } from "../http/fixtures/inputs.ts"
import { methodsOf, recording, shown } from "./fixtures/recording.ts"
import { Gates, walks, withoutOptions } from "./fixtures/remoteOptions.ts"

const layer = Layer.provideMerge(Gates.layer, embedded.layer())
const queued = Effect.flatMap(Gates.client, (client) => client(1).with({ delay: "1 day" }).lookLater())

it.effect("21.6: each option of each method reaches the engine, or is refused by its name", () =>
  Effect.gen(function*() {
    const { id } = yield* queued
    const { calls, remote } = yield* recording
    const all = walks(remote, id)
    assert.deepStrictEqual(
      [...new Set([...all.map(({ of }) => of), ...withoutOptions])].sort(),
      [...methodsOf(remote)].sort(),
      "a method that is asked for over HTTP is not walked here, or no more one"
    )
    for (const { ask, beside, of, options } of all) {
      for (const [name, option] of Object.entries(options)) {
        if ("because" in option) continue
        calls.length = 0
        const exit = yield* Effect.exit(ask({ ...beside, [name]: option.given } as never))
        const said = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "done"
        const seen = option.seen ?? `"${name}":${shown(option.given)}`
        const [, refused] = /^refused: (.*)/.exec(seen) ?? []
        const what = `${name} of ${of}: ${said}`
        if (refused === undefined) assert.include(calls.join("\n"), seen, what)
        else {
          assert.include(said, refused, what)
          assert.deepStrictEqual(calls, [], what)
        }
      }
    }
  }).pipe(Effect.scoped, Effect.provide(layer)))

/** A value for each field that stands nowhere else, and how it is seen. */
const fields: Readonly<Record<string, readonly [given: unknown, ...seen: ReadonlyArray<string>]>> = {
  id: ["0199c2f0-0000-7000-8000-000000000007"],
  actorType: ["Type7"],
  actorId: ["Id7"],
  // the attempt that is meant
  step: ["lift", "\"index\":4141"],
  result: [{ r: 7 }],
  upwards: [true, "\"upwards\":true"],
  from: ["0199c2f0-0000-7000-8000-000000000008"],
  to: [new Date("2031-05-07T00:00:00.000Z")],
  dryRun: [true, "planDeletion", "\"dryRun\":true"],
  limit: [77, "\"limit\":77"],
  before: [new Date("2025-05-07T00:00:00.000Z")],
  priority: [77],
  at: [new Date("2031-05-07T00:00:00.000Z")],
  target: [{ queue: "queue 7" }],
  worker: ["worker 7"],
  key: ["key 7"],
  name: ["name-7"],
  checksumKey: ["key 7"],
  below: ["key 7"],
  compensate: [false, "\"compensate\":false"]
}

it.effect("21.6: each field of each verb reaches the engine", () =>
  Effect.gen(function*() {
    const { ask, calls } = yield* recording
    for (const verb of verbsOfOne) {
      for (const [field, schema] of Object.entries(verbTable[verb].fields as Schema.Struct.Fields)) {
        assert.isDefined(fields[field], `${field} of ${verb} has no entry`)
        const [usual, ...words] = fields[field]!
        // `from` is a place, the name of a step, and a time
        const isTaken = Schema.is(schema as Schema.Schema<unknown>)(usual)
        const given = isTaken ? usual : new Date("2025-05-06T00:00:00.000Z")
        const seen = isTaken && words.length > 0 ? words : [shown(given)]
        calls.length = 0
        const input = { ...decoded(verb), [field]: given }
        yield* Effect.exit(ask(verb, input as never, { by: "ada", reason: "a test" }))
        assert.isTrue(
          seen.some((one) => calls.some((call) => call.includes(one))),
          `${field} of ${verb}: ${calls.join("\n")}`
        )
      }
    }
  }).pipe(Effect.scoped, Effect.provide(layer)))

/** What a verb takes beside the field: the same as over HTTP, with times that are times. */
const decoded = (verb: OneVerb): object =>
  Object.fromEntries(
    Object.entries(verbInputs[verb] ?? { id: "0199c2f0-0000-7000-8000-000000000000" }).map(([field, value]) => [
      field,
      typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? new Date(value) : value
    ])
  )
