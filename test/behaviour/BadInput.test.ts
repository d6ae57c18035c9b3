/**
 * What callers, bodies and operators get wrong: every mistake has a typed error or a stored cause that can be read, and leaves nothing
 * half-written behind.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Schedule, Schema } from "effect"
import { ActionRepo, type Engine, type EnqueueError, InvalidOption, JobQueue, Step, Stepped } from "stepped"
import { performDue, performSteppedActions, withHandledDefects } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { layerServer } from "../harness/Server.ts"
import {
  act,
  any,
  Car,
  Cars,
  CarsLive,
  charge,
  give,
  keyed,
  lone,
  note,
  nul,
  occupied,
  parcel,
  program,
  ran,
  recordOf,
  Refused,
  storedCause,
  unstorable,
  Van,
  Vans
} from "./fixtures/badInput.ts"

suite("bad input", (engine) => {
  const layer = CarsLive.pipe(
    Layer.provideMerge(engine.layer({ payloadLimit: 2000, depthLimit: 5, childrenLimit: 3, attempts: 3 }))
  )

  const nothingWasStored = Effect.gen(function*() {
    assert.deepStrictEqual(yield* occupied, {})
    assert.strictEqual(yield* performDue, 0)
    yield* healthy
  })

  describe("arguments", () => {
    it.effect("that their schema refuses are a typed error with the path, and nothing is stored", () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)("1")
        const refusals = [
          car.noteLater(1 as never),
          car.noteNow(1 as never),
          car.note(null as never),
          (car.noteLater as () => ReturnType<typeof car.noteLater>)(),
          car.planLater({ to: "London", miles: 1.5 }),
          car.planLater({ to: "London" } as never)
        ]
        const reasons = yield* Effect.forEach(
          refusals,
          (call) =>
            Effect.map(
              Effect.flip(
                call as Effect.Effect<unknown, { readonly reason: { readonly _tag: string; readonly message: string } }>
              ),
              ({ reason }) => reason
            )
        )
        assert.deepStrictEqual(reasons.map(({ _tag }) => _tag), refusals.map(() => "InvalidArguments"))
        assert.include(reasons[4]!.message, "[\"miles\"]")
        assert.include(reasons[4]!.message, "plan")
        yield* nothingWasStored
      }).pipe(Effect.provide(layer)))

    it.effect("over the limit name the size and the limit, counted in bytes", () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)("1")
        // 994 letters of two bytes, quotes and brackets
        const { reason } = yield* Effect.flip(car.noteLater("é".repeat(999)))
        assert.deepInclude({ ...reason }, {
          _tag: "PayloadTooLarge",
          field: "arguments of note",
          size: 2002,
          limit: 2000
        })
        yield* nothingWasStored
        const fits = yield* car.noteNow("é".repeat(998))
        assert.strictEqual(yield* fits.await, "é".repeat(998))
        yield* healthy
      }).pipe(Effect.provide(layer)))

    for (const [what, text] of unstorable) {
      it.effect(`with ${what} are a typed error that names the field`, () =>
        Effect.gen(function*() {
          const car = (yield* Cars.client)("1")
          for (const call of [car.noteLater(text), car.noteNow(text), car.planLater({ to: text, miles: 1 })]) {
            const { reason } = yield* Effect.flip(
              call as typeof call & Effect.Effect<unknown, { readonly reason: { readonly _tag: string } }>
            )
            assert.strictEqual(reason._tag, "UnstorableText")
            assert.match((reason as unknown as { field: string }).field, /^arguments of (note|plan)$/)
          }
          yield* nothingWasStored
        }).pipe(Effect.provide(layer)))

      it.effect(`with ${what} refuse nobody else's call in the same moment`, () =>
        Effect.gen(function*() {
          const client = yield* Cars.client
          const calls = Array.from({ length: 20 }, (_, i) =>
            Effect.result(client(String(i)).noteLater(i % 2 === 0 ? text : "fine")))
          const results = yield* Effect.all(calls, { concurrency: "unbounded" })
          assert.deepStrictEqual(
            results.map(({ _tag }) =>
              _tag
            ),
            calls.map((_, i) => i % 2 === 0 ? "Failure" : "Success")
          )
          yield* performSteppedActions()
          assert.deepStrictEqual(yield* occupied, { ended_actions: 10 })
          yield* healthy
        }).pipe(Effect.provide(layer)))
    }

    it.effect("that look like an escaped NUL or surrogate are text like any other", () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)("1")
        for (const text of ["\\u0000", "\\\\u0000", "\\ud800", "😀", "\ue000"]) {
          assert.strictEqual(yield* (yield* car.noteNow(text)).await, text)
        }
        yield* healthy
      }).pipe(Effect.provide(layer)))

    for (const which of ["arguments", "complete"]) {
      it.effect(`that before replaces with what cannot be stored fail the action (${which})`, () =>
        Effect.gen(function*() {
          program.ran = 0
          const handle = yield* (yield* Cars.client)("1").preparedNow(which)
          const error = yield* Effect.flip(handle.await)
          assert.strictEqual(error._tag, "ActionFailed")
          assert.include(error.message, `UnstorableText: ${which === "complete" ? "result" : "arguments"} of prepared`)
          assert.strictEqual(program.ran, 0)
          // 2.6: not stored as an action, but its handle resolves
          assert.deepStrictEqual(yield* occupied, { outcomes: 1 })
          yield* healthy
        }).pipe(Effect.provide(layer)))
    }
  })

  describe("actor ids", () => {
    for (const [what, text] of unstorable) {
      it.effect(`with ${what} are refused before anything is stored`, () =>
        Effect.gen(function*() {
          const car = (yield* Cars.client)(text)
          for (const call of [car.noteLater("fine"), car.noteNow("fine"), car.note("fine")]) {
            const error = yield* Effect.flip(call as Effect.Effect<unknown, any>)
            assert.strictEqual(error._tag, "EnqueueError")
            assert.deepInclude({ ...error.reason }, { _tag: "InvalidActorId", actor: "Car" })
          }
          yield* nothingWasStored
        }).pipe(Effect.provide(layer)))

      it.effect(`of children with ${what} fail the step that enqueues them, readably`, () =>
        Effect.gen(function*() {
          program.step = Effect.as(Step.on(Car.ref(text), note, "fine"), "")
          const handle = yield* (yield* Cars.client)("1").tourNow()
          const cause = yield* storedCause(handle.id)
          assert.include(cause.message, "The id of Car holds a NUL character or a lone surrogate")
          assert.deepStrictEqual(yield* occupied, { ended_actions: 1 })
          yield* healthy
        }).pipe(Effect.provide(layer)))
    }

    it.effect("2.8: with the character U+0001 are refused: the default keys hold the id", () =>
      Effect.gen(function*() {
        const { reason } = yield* Effect.flip((yield* Cars.client)("a\u0001b").noteLater("fine"))
        assert.strictEqual(reason._tag, "InvalidActorId")
        assert.include(reason.message, "The id of Car holds the character U+0001")
        yield* nothingWasStored
        program.step = Effect.as(Step.on(Car.ref("a\u0001b"), note, "fine"), "")
        const handle = yield* (yield* Cars.client)("1").tourNow()
        assert.include((yield* storedCause(handle.id)).message, "The id of Car holds the character U+0001")
        yield* healthy
      }).pipe(Effect.provide(layer)))

    it.effect("that do not fit their schema, or are too long, are refused", () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        const wrong = yield* Effect.flip(client(1 as never).noteLater("fine"))
        assert.strictEqual(wrong.reason._tag, "InvalidActorId")
        assert.include(wrong.message, "The id of Car does not fit its schema: ")
        const long = yield* Effect.flip(client("x".repeat(600)).noteLater("fine"))
        assert.strictEqual(long.reason._tag, "InvalidActorId")
        assert.include(long.message, "takes 602 bytes, the limit is 500")
        yield* nothingWasStored
        program.step = Effect.as(Step.on(Car.ref("x".repeat(600)), note, "fine"), "")
        const handle = yield* client("1").tourNow()
        assert.include((yield* storedCause(handle.id)).message, "The id of Car takes 602 bytes, the limit is 500")
        program.step = Effect.as(Step.on(Car.ref(1 as never), note, "fine"), "")
        const other = yield* client("1").tourNow()
        assert.include((yield* storedCause(other.id)).message, "The id of Car does not fit its schema: ")
        yield* healthy
      }).pipe(Effect.provide(layer)))

    it.effect("that no actor can have are the same error, wherever a reference is used, and can be printed", () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        for (const id of [1 as never, "x".repeat(600), nul, "a\u0001b"]) {
          const uses: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }, Engine>> = [
            Effect.mapError(client(id).noteLater("fine"), ({ reason }) => reason),
            Effect.mapError(client(id).noteNow("fine"), ({ reason }) => reason),
            Effect.mapError(client.enqueueMany(note, [[id, "fine"]]), ({ reason }) => reason),
            Stepped.complete(Car.ref(id), charge, Stepped.Outcome.cancelled),
            Stepped.handle(Car.ref(id), note, "00000000-0000-7000-8000-000000000000")
          ]
          for (const use of uses) assert.strictEqual((yield* Effect.flip(use))._tag, "InvalidActorId")
        }
        const many = yield* Effect.flip(client.enqueueMany(note, [["1", "fine"], [1 as never, "fine"]]))
        assert.match(many.message, /^The id of Car does not fit its schema: .*, invocation \[1\]$/s)
        yield* nothingWasStored
        assert.strictEqual(String(Car.ref(NaN as never)), "Car/NaN")
        assert.strictEqual(String(Car.ref("1")), "Car/1")
      }).pipe(Effect.provide(layer)))
  })

  describe("keys", () => {
    const failing: ReadonlyArray<readonly [string, () => void, string]> = [
      [
        "a NUL character",
        () => program.key = () => nul,
        "concurrencyKey of keyed holds a NUL character or a lone surrogate"
      ],
      [
        "a lone surrogate",
        () => program.key = () => [lone, "x"],
        "concurrencyKey of keyed holds a NUL character or a lone surrogate"
      ],
      [
        "the character U+0001",
        () => program.key = () => ["a", "b\u0001c"],
        "concurrencyKey of keyed holds the character U+0001, which lanes are told apart by: leave it out"
      ],
      [
        "more than a thousand bytes",
        () => program.key = () => "é".repeat(501),
        "concurrencyKey of keyed takes 1002 bytes, the limit is 1000"
      ],
      ["an error", () =>
        program.key = () => {
          throw new Error(`no key for ${nul}`)
        }, "no key for before\ufffdafter"]
    ]
    for (const [what, arrange, message] of failing) {
      it.effect(`7.2: a key function that gives ${what} ends its action as failed, and the next one in line goes on`, () =>
        Effect.gen(function*() {
          program.ran = 0
          arrange()
          const car = (yield* Cars.client)("1")
          const handle = yield* car.keyedLater("first")
          yield* performSteppedActions()
          const error = yield* Effect.flip(handle.await)
          assert.strictEqual(error._tag, "ActionFailed")
          assert.include(error.message, message)
          assert.include(error.message, "keyed Car/1: ")
          assert.strictEqual(program.ran, 0)
          program.key = () => "a lane"
          yield* (yield* car.keyedNow("second")).await
          assert.strictEqual(program.ran, 1)
          yield* healthy
        }).pipe(Effect.provide(layer)))

      it.effect(`7.2: and its parent hears of it (${what})`, () =>
        Effect.gen(function*() {
          arrange()
          program.step = Effect.as(Step.do(keyed, "child") as Effect.Effect<unknown, never, Step>, "")
          const handle = yield* (yield* Cars.client)("1").tourLater()
          yield* performSteppedActions()
          const cause = yield* storedCause(handle.id)
          assert.strictEqual(cause.kind, "child")
          assert.strictEqual(cause.path, "tour Car/1 › move › keyed Car/1")
          assert.include(cause.message, message)
          yield* healthy
        }).pipe(Effect.provide(layer)))
    }

    it.effect("2.8: neither kind of key holds U+0001, whatever computes it; everything before it in the text does not count as a lane", () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)("1")
        const lane = "a lane\u0001of its own"
        program.effectfulKey = Effect.succeed(lane)
        program.key = () => lane
        const byEffect = yield* car.keyedByEffectNow()
        const summed = yield* car.summedNow("x")
        for (
          const [handle, field] of [[byEffect, "concurrencyKey of keyedByEffect"], [
            summed,
            "checksumKey of summed"
          ]] as const
        ) {
          const error = yield* Effect.flip(handle.await)
          assert.strictEqual(error._tag, "ActionFailed")
          assert.include(error.message, `InvalidKey: ${field} holds the character U+0001`)
        }
        assert.deepStrictEqual(yield* occupied, { outcomes: 2 })
        yield* healthy
      }).pipe(Effect.provide(layer)))

    it.effect("2.8: a key that breaks is not computed again and again, whatever defects are retried", () =>
      Effect.gen(function*() {
        let computed = 0
        program.key = () => {
          computed++
          return "a\u0001b"
        }
        const handle = yield* (yield* Cars.client)("1").keyedNow("x")
        assert.include((yield* Effect.flip(handle.await)).message, "U+0001")
        // by the caller, and by the worker whose failure counts
        assert.strictEqual(computed, 2)
      }).pipe(withHandledDefects(() => false), Effect.provide(layer)))

    it.effect("7.2: an effectful key that cannot be stored, a checksum that throws and an impossible timeout end the action as failed", () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)("1")
        program.effectfulKey = Effect.succeed(nul)
        program.key = () => ""
        program.checksum = () => {
          throw new Error("no checksum")
        }
        program.timeout = () => -1
        const handles = [
          yield* car.keyedByEffectLater(),
          yield* car.summedLater("x"),
          yield* car.timedLater("x")
        ] as const
        yield* performSteppedActions()
        const messages = yield* Effect.all(
          [handles[0].await, handles[1].await, handles[2].await].map((wait) =>
            Effect.map(Effect.flip(wait), ({ message }) => message)
          )
        )
        assert.include(messages[0]!, "concurrencyKey of keyedByEffect holds a NUL character")
        assert.include(messages[1]!, "no checksum")
        assert.include(messages[2]!, "InvalidDuration: timeout of timed is -1: it takes a duration from 1 to")
        yield* healthy
      }).pipe(Effect.provide(layer)))

    it.effect("a timeout longer than a timestamp holds fails its action, and holds nobody else up", () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)("1")
        program.timeout = () => 1e30
        const handle = yield* car.timedLater("x")
        const other = yield* car.noteLater("fine")
        yield* performSteppedActions()
        assert.include(
          (yield* Effect.flip(handle.await)).message,
          "timeout of timed is 1e+30: it takes a duration from 1 to"
        )
        assert.strictEqual(yield* other.await, "fine")
        program.timeout = () => Infinity
        yield* (yield* car.timedNow("x")).await
        yield* healthy
      }).pipe(Effect.provide(layer)))

    it.effect("any value may be a checksum: only its digest is stored", () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)("1")
        program.key = () => "a checksum key"
        for (const value of [nul, lone, { nested: [nul, 1n] }, "x".repeat(100_000)]) {
          program.checksum = () => value
          program.ran = 0
          yield* (yield* car.summedNow("x")).await
          yield* (yield* car.summedNow("x")).await
          assert.strictEqual(program.ran, 1)
        }
        yield* healthy
      }).pipe(Effect.provide(layer)))
  })

  describe("results", () => {
    for (const [what, text] of unstorable) {
      it.effect(`of actions and steps with ${what} fail the action with a readable cause`, () =>
        Effect.gen(function*() {
          const car = (yield* Cars.client)("1")
          program.method = Effect.succeed(text)
          assert.deepInclude(yield* storedCause((yield* car.actNow()).id), {
            path: "act Car/1",
            message:
              "UnstorableText: result of act › act holds a NUL character or a lone surrogate, which Postgres cannot store: " +
              "remove it, or encode the text (as base64, for example)"
          })
          program.step = Effect.succeed(text)
          const cause = yield* storedCause((yield* car.twoStepsNow()).id)
          assert.strictEqual(cause.path, "twoSteps Car/1 › first")
          assert.include(cause.message, "result of twoSteps › first")
          assert.deepStrictEqual(yield* occupied, { ended_actions: 2 })
          yield* healthy
        }).pipe(Effect.provide(layer)))

      it.effect(`given from outside with ${what} are refused, and the action goes on waiting`, () =>
        Effect.gen(function*() {
          const handle = yield* (yield* Cars.client)("1").chargeNow()
          for (const outcome of [Stepped.Outcome.succeeded(text), Stepped.Outcome.failed(new Refused({ why: text }))]) {
            assert.strictEqual(
              (yield* Effect.flip(Stepped.complete(Car.ref("1"), charge, outcome)))._tag,
              "UnstorableText"
            )
            assert.strictEqual(
              (yield* Effect.flip(Stepped.complete(handle.id, charge, outcome)))._tag,
              "UnstorableText"
            )
          }
          assert.strictEqual((yield* handle.status).status, "performing")
          assert.isTrue(Option.isSome(yield* Stepped.complete(handle.id, charge, Stepped.Outcome.succeeded("paid"))))
          assert.strictEqual(yield* handle.await, "paid")
          yield* healthy
        }).pipe(Effect.provide(layer)))
    }

    it.effect("over the limit fail the action, whoever gives them", () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)("1")
        const big = "x".repeat(3000)
        program.method = Effect.succeed(big)
        assert.include(
          (yield* storedCause((yield* car.actNow()).id)).message,
          "PayloadTooLarge: result of act › act:"
        )
        program.step = Effect.succeed(big)
        assert.include((yield* storedCause((yield* car.twoStepsNow()).id)).message, "result of twoSteps › first:")
        const handle = yield* car.chargeNow()
        assert.strictEqual(
          (yield* Effect.flip(Stepped.complete(handle.id, charge, Stepped.Outcome.succeeded(big))))._tag,
          "PayloadTooLarge"
        )
        assert.isTrue(yield* handle.cancel())
        yield* healthy
      }).pipe(Effect.provide(layer)))

    it.effect("that do not fit their schema fail the action", () =>
      Effect.gen(function*() {
        program.method = Effect.succeed(1 as never)
        const cause = yield* storedCause((yield* (yield* Cars.client)("1").actNow()).id)
        assert.include(cause.message, "Expected string")
        yield* healthy
      }).pipe(Effect.provide(layer)))
  })

  describe("failures", () => {
    for (const [what, text] of unstorable) {
      it.effect(`whose text has ${what} are stored readably`, () =>
        Effect.gen(function*() {
          const car = (yield* Cars.client)("1")
          for (
            const failure of [
              Effect.die(new Error(text)),
              Effect.die(text),
              Effect.die({ text }),
              Effect.fail(new Refused({ why: text }))
            ]
          ) {
            program.method = failure
            const handle = yield* car.actNow()
            const cause = yield* storedCause(handle.id)
            // of what is made of fields the message has nothing
            assert.match(`${cause.message}\n${cause.pretty}`, /before(\ufffd|\\ud800|\\u0000)after/)
            assert.strictEqual(cause.path, "act Car/1")
            const error = yield* Effect.flip(handle.await)
            assert.strictEqual(error._tag, "ActionFailed")
            program.step = Effect.as(Step.do(act) as Effect.Effect<unknown, never, Step>, "")
            const parent = yield* car.tourLater()
            yield* performSteppedActions()
            assert.include((yield* storedCause(parent.id)).path, "tour Car/1 › move › act Car/1")
          }
          yield* healthy
        }).pipe(Effect.provide(layer)))
    }

    it.effect("typed ones over the limit are described instead of stored whole", () =>
      Effect.gen(function*() {
        program.method = Effect.fail(new Refused({ why: "x".repeat(5000) }))
        const handle = yield* (yield* Cars.client)("1").actNow()
        const error = yield* Effect.flip(handle.await)
        assert.strictEqual(error._tag, "ActionFailed")
        const cause = yield* storedCause(handle.id)
        assert.strictEqual(cause.message, "Refused")
        assert.match(cause.pretty ?? "", /^Refused.*xxx…$/m)
        assert.isBelow(JSON.stringify(cause).length, 20_000)
        yield* healthy
      }).pipe(Effect.provide(layer)))

    it.effect("whose text cannot be made are failures all the same", () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)("1")
        const circular: Record<string, unknown> = Object.create(null)
        circular.self = circular
        const throwing = new Error("unseen")
        Object.defineProperty(throwing, "message", {
          get: () => {
            throw new Error("no message")
          }
        })
        const defects = [
          circular,
          throwing,
          Symbol("a symbol"),
          undefined,
          null,
          new Proxy({}, {
            get: () => {
              throw new Error("no property")
            }
          })
        ]
        for (const defect of defects) {
          program.method = Effect.die(defect)
          const handle = yield* car.actNow()
          assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
        }
        yield* healthy
      }).pipe(Effect.provide(layer)))
  })

  describe("values that are no JSON, which a schema of anything lets through,", () => {
    const around: { again?: unknown } = {}
    around.again = around
    const values = [["a bigint", { deep: [1n] }], ["a value that holds itself", around], ["a map", [new Map([[1, 2]])]]]
    for (const [what, value] of values) {
      it.effect(`as arguments are a typed error, and nothing is stored (${what})`, () =>
        Effect.gen(function*() {
          const car = (yield* Cars.client)("1")
          for (
            const call of [
              car.anyLater(value),
              car.anyNow(value),
              Cars.client.pipe(Effect.flatMap((cars) => cars.enqueueMany(any, [["1", value]])))
            ]
          ) {
            const error = yield* Effect.flip(call as Effect.Effect<unknown, EnqueueError>)
            assert.strictEqual(error.reason._tag, "InvalidArguments")
            assert.include(error.message, "cannot be written as JSON")
          }
          yield* nothingWasStored
        }).pipe(Effect.provide(layer)))

      it.effect(`fail the step that gives or enqueues them (${what})`, () =>
        Effect.gen(function*() {
          const client = yield* Cars.client
          program.any = Effect.succeed(value)
          const given = yield* client("1").anyNow("fine")
          assert.include((yield* storedCause(given.id)).message, "NotJson: result of any")
          program.any = Effect.flatMap(Step.on(Car.ref("2"), note, "fine"), () => Effect.succeed(value))
          const waiting = yield* client("1").anyNow("fine")
          yield* performSteppedActions()
          assert.include((yield* storedCause(waiting.id)).message, "cannot be written as JSON")
          program.any = Effect.as(Step.on(Car.ref("2"), any, value), null)
          const child = yield* client("1").anyNow("fine")
          assert.include((yield* storedCause(child.id)).message, "The arguments of any do not fit its schemas")
          yield* healthy
        }).pipe(Effect.provide(layer)))

      it.effect(`given from outside are refused, and as errors described (${what})`, () =>
        Effect.gen(function*() {
          const client = yield* Cars.client
          const handle = yield* client("1").giveNow()
          for (const outcome of [Stepped.Outcome.succeeded(value), Stepped.Outcome.failed(value)]) {
            const error = yield* Effect.flip(Stepped.complete(handle.id, give, outcome))
            assert.strictEqual(error._tag, "InvalidOutcome")
            assert.include(error.message, "cannot be written as JSON")
          }
          yield* handle.cancel()
          program.any = Effect.fail(value)
          const failing = yield* client("1").anyNow("fine")
          const cause = yield* storedCause(failing.id)
          assert.strictEqual(cause.kind, "failure")
          assert.notProperty(cause, "error")
          yield* healthy
        }).pipe(Effect.provide(layer)))
    }
  })

  describe("trees", () => {
    it.effect("deeper than the limit fail at the level that is too deep, and all levels above hear of it", () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        const deepest = yield* client("1").diveLater(4)
        yield* performSteppedActions()
        yield* deepest.await
        const handle = yield* client("1").diveLater(5)
        yield* performSteppedActions()
        const error = yield* Effect.flip(handle.await)
        assert.strictEqual(error._tag, "ActionFailed")
        assert.include(error.message, "The action would be 6 levels deep in its tree, the limit is 5")
        const actions = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ name: "dive", statuses: ["failed"] }))
        assert.deepStrictEqual(actions.map(({ depth }) => depth).sort(), [0, 1, 2, 3, 4])
        yield* healthy
      }).pipe(Effect.provide(layer)))

    it.effect("wider than the limit fail the step, and none of its children is stored", () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)("1")
        const refs = (n: number) => Array.from({ length: n }, (_, i) => Car.ref(`child ${i}`))
        program.step = Effect.as(Step.on(refs(4), note, "fine"), "")
        const handle = yield* car.tourNow()
        assert.include((yield* storedCause(handle.id)).message, "One step enqueues 4 children, the limit is 3")
        assert.deepStrictEqual(yield* occupied, { ended_actions: 1 })
        program.step = Effect.as(Step.on(refs(3), note, "fine"), "done")
        const fits = yield* car.tourLater()
        yield* performSteppedActions()
        assert.strictEqual(yield* fits.await, "done")
        yield* healthy
      }).pipe(Effect.provide(layer)))

    it.effect("waits count among the children", () =>
      Effect.gen(function*() {
        program.step = Effect.as(Effect.all([0, 1, 2, 3].map(() => Step.wait("1 second"))), "")
        const handle = yield* (yield* Cars.client)("1").tourNow()
        assert.include((yield* storedCause(handle.id)).message, "the limit is 3")
        yield* healthy
      }).pipe(Effect.provide(layer)))

    it.effect("an invocation among many that cannot be enqueued is named by its place, and none is stored", () =>
      Effect.gen(function*() {
        const cars = yield* Cars.client
        const wrong: ReadonlyArray<readonly [string, string]> = [
          [1 as never, "The arguments of note do not fit its schemas: invocation [1]: "],
          ["x".repeat(3000), "arguments of note, invocation [1]: "],
          [nul, "arguments of note, invocation [1] holds a NUL character"]
        ]
        for (const [argument, message] of wrong) {
          const error = yield* Effect.flip(cars.enqueueMany(note, [["1", "fine"], ["2", argument]]))
          assert.include(error.message, message)
        }
        assert.deepStrictEqual(yield* occupied, {})
      }).pipe(Effect.provide(layer)))

    it.effect("children with arguments that do not fit, or are too large, fail the step and are not stored", () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)("1")
        const wrong: ReadonlyArray<readonly [string, string]> = [
          [1 as never, "The arguments of note do not fit its schemas"],
          ["x".repeat(3000), "arguments of note:"],
          [nul, "arguments of note holds a NUL character"]
        ]
        for (const [argument, message] of wrong) {
          program.step = Effect.andThen(
            Step.on(Car.ref("2"), note, "fine"),
            Effect.as(Step.on(Car.ref("2"), note, argument), "")
          )
          const cause = yield* storedCause((yield* car.tourNow()).id)
          assert.include(cause.message, message)
          assert.strictEqual(cause.path, "tour Car/1 › move")
        }
        assert.deepStrictEqual(yield* occupied, { ended_actions: 3 })
        yield* healthy
      }).pipe(Effect.provide(layer)))
  })

  describe("steps", () => {
    for (
      const [duration, message] of [
        [-1, "is -1"],
        [Number.NaN, "is NaN"],
        [Infinity, "is Infinity"],
        [1e30, "is 1e+30"],
        ["soon" as never, "is \"soon\""]
      ] as const
    ) {
      it.effect(`that wait for ${String(duration)} fail`, () =>
        Effect.gen(function*() {
          program.step = Effect.as(Step.wait(duration), "")
          const handle = yield* (yield* Cars.client)("1").tourNow()
          assert.include(
            (yield* storedCause(handle.id)).message,
            `InvalidDuration: duration of Step.wait ${message}: it takes a duration from 0 to 100000000000000 ms`
          )
          yield* healthy
        }).pipe(Effect.provide(layer)))
    }

    for (const delay of [Number.NaN, Infinity, -1, 1e30, "soon" as never]) {
      for (const handled of [true, false]) {
        it.effect(`of a job that is to be run again after ${delay} fail their action at once (${handled ? "handled" : "retried"} defects)`, () =>
          Effect.gen(function*() {
            program.ran = 0
            program.delay = delay
            const handle = yield* (yield* Cars.client)("1").jobbedLater()
            yield* performSteppedActions()
            const cause = yield* storedCause(handle.id)
            assert.include(
              cause.message,
              `InvalidDuration: delay of Job.retry is ${
                JSON.stringify(delay) === "\"soon\"" ? "\"soon\"" : delay
              }: it takes`
            )
            assert.strictEqual(program.ran, 1)
            yield* healthy
          }).pipe(withHandledDefects(() => handled), Effect.provide(layer)))
      }
    }

    it.effect("that wait longer than a timestamp holds fail, and nobody else's step with them", () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        program.step = Effect.as(Step.wait("100000000000 days"), "")
        const handle = yield* client("1").tourLater()
        const other = yield* client("2").noteLater("fine")
        yield* performDue
        assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
        assert.strictEqual(yield* other.await, "fine")
        yield* healthy
      }).pipe(Effect.provide(layer)))

    it.effect("that replace arguments with what does not fit fail, and keep none of them", () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)("1")
        program.step = Effect.as(
          Step.setArguments(Stepped.action("tour", { arguments: [Schema.String] }), "unexpected"),
          ""
        )
        const handle = yield* car.tourNow()
        assert.include((yield* storedCause(handle.id)).message, "The arguments of tour do not fit its schemas")
        assert.deepStrictEqual((yield* recordOf(handle.id)).arguments, [])
        yield* healthy
      }).pipe(Effect.provide(layer)))
  })

  describe("unknown definitions", () => {
    it.effect("visitNow without the definition is a typed error, and nothing is stored", () =>
      Effect.gen(function*() {
        const { reason } = yield* Effect.flip((yield* Vans.client)("1").parcelNow("x"))
        assert.deepInclude({ ...reason }, { _tag: "UnknownDefinition", actor: "Van", action: "parcel" })
        assert.include(reason.message, "Van has no action parcel in this process")
        yield* nothingWasStored
      }).pipe(Effect.provide(layer)))

    it.effect("jobs without a definition stay queued and visible, and can be cancelled", () =>
      Effect.gen(function*() {
        const queue = yield* JobQueue
        const backlog = Effect.map(queue.backlog, (all) =>
          all.map(({ actorType, due, name, queue }) => ({ actorType, due, name, queue })))
        const handle = yield* (yield* Vans.client)("1").parcelLater("x")
        assert.strictEqual(yield* performDue, 0)
        assert.deepStrictEqual(yield* backlog, [{ actorType: "Van", due: 1, name: "parcel", queue: "default" }])
        assert.deepStrictEqual((yield* queue.queued({ limit: 10 })).map(({ action, actorId }) => [action, actorId]), [[
          handle.id,
          "1"
        ]])
        assert.strictEqual((yield* handle.status).status, "queued")
        yield* healthy
        assert.isTrue(yield* handle.cancel())
        assert.strictEqual(yield* performDue, 0)
        assert.lengthOf(yield* backlog, 1)
        // whoever has its definition ends it
        yield* Effect.provide(
          performSteppedActions(),
          Vans.toLayer(Effect.succeed({
            parcel: (text) =>
              Effect.as(ran, text)
          }))
        )
        assert.strictEqual((yield* Effect.flip(handle.await))._tag, "Cancelled")
        assert.deepStrictEqual(yield* backlog, [])
        yield* healthy
      }).pipe(Effect.provide(layer)))

    it.effect("a child without a definition keeps its parent waiting, until a process has it", () =>
      Effect.gen(function*() {
        program.step = Effect.as(Step.on(Van.ref("1"), parcel, "x"), "done")
        const handle = yield* (yield* Cars.client)("1").tourLater()
        while ((yield* performDue) > 0) { /* as far as it goes */ }
        assert.strictEqual((yield* handle.status).status, "performing")
        yield* healthy
        yield* Effect.provide(
          performSteppedActions(),
          Vans.toLayer(Effect.succeed({ parcel: (text) => Effect.succeed(text) }))
        )
        assert.strictEqual(yield* handle.await, "done")
        yield* healthy
      }).pipe(Effect.provide(layer)))

    it.effect("completing or looking at what does not exist says so", () =>
      Effect.gen(function*() {
        const unknown = "0198f000-0000-7000-8000-000000000000"
        for (const id of [unknown, "no id"]) {
          const error = yield* Effect.flip(Stepped.complete(id, charge, Stepped.Outcome.succeeded("paid")))
          assert.strictEqual(error.message.split(":")[0], `There is no action ${id}`)
          const handle = yield* Stepped.handle(Car.ref("1"), charge, id)
          assert.strictEqual((yield* Effect.flip(handle.cancel()))._tag, "UnknownAction")
        }
        assert.isTrue(Option.isNone(yield* Stepped.complete(Car.ref("1"), charge, Stepped.Outcome.succeeded("paid"))))
        const repo = yield* ActionRepo
        assert.isTrue(Option.isNone(yield* repo.find(unknown)))
        assert.isTrue(Option.isNone(yield* repo.find("no id")))
        assert.isTrue(Option.isNone(yield* repo.tree("'; drop schema stepped")))
        yield* nothingWasStored
      }).pipe(Effect.provide(layer)))
  })

  for (const setting of ["handle", "retry"] as const) {
    it.effect(`a ${setting} that throws ends its action as failed, and nobody else's`, () =>
      Effect.gen(function*() {
        program.method = Effect.die("unhandled")
        const car = (yield* Cars.client)("1")
        const handle = yield* car.actLater()
        const other = yield* car.noteLater("fine")
        yield* performSteppedActions()
        assert.include((yield* storedCause(handle.id)).path, "act Car/1")
        assert.strictEqual(yield* other.await, "fine")
        yield* healthy
      }).pipe(Effect.provide(CarsLive.pipe(Layer.provideMerge(engine.layer({
        attempts: 3,
        handledDefects: () => {
          if (setting === "handle") throw new Error("handle is broken")
          return false
        },
        retry: Schedule.spaced("1 second").pipe(Schedule.addDelay(() =>
          Effect.sync(() => {
            throw new Error("retry is broken")
          })
        ))
      }))))))
  }

  it.effect("a worker whose settings cannot be does not start, and is told which one as the layer is", () =>
    Effect.gen(function*() {
      const impossible: ReadonlyArray<readonly [Stepped.WorkerOptions, option: string, value: string]> = [
        ...[0, -1, 1.5, Number.NaN, Infinity].flatMap((n) =>
          [
            [{ concurrency: n }, "concurrency", String(n)],
            [{ connections: n }, "connections", String(n)]
          ] as const
        ),
        [{ gracePeriod: "soon" as "1 second" }, "gracePeriod", "\"soon\""],
        [{ gracePeriod: Infinity }, "gracePeriod", "Infinity"],
        [{ name: "two\nlines" }, "name of Stepped.worker", "\"two\\nlines\""],
        [{ queues: [] }, "queues of Stepped.worker", "empty"],
        [{ queues: ["slow", "a queue"] }, "queues of Stepped.worker", "\"a queue\""]
      ]
      for (const [options, option, value] of impossible) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(Stepped.worker(options))))
        assert.instanceOf(error, InvalidOption)
        assert.deepInclude(error, { option, value })
      }
      yield* healthy
    }).pipe(Effect.provide(layer)))
})

describe("the schema", () => {
  const migrated = layerServer({ template: { name: "migrated", migrate: Stepped.migrate() } })
  const build = (options: Stepped.LayerOptions) => Effect.scoped(Layer.build(Stepped.layer(options)))
  const migrationIs = (id: number) =>
    Effect.flatMap(PgClient.PgClient, (sql) => sql`update stepped.migrations set migration_id = ${id}`)

  it.effect("with an impossible name is refused before anything is asked of the database", () =>
    Effect.gen(function*() {
      const names = [
        "",
        "Stepped",
        "1st",
        "a b",
        "a\"; drop schema public",
        "pg_stepped",
        "x".repeat(52),
        "schöma",
        "a.b",
        nul
      ]
      for (const schema of names) {
        for (const attempt of [build({ schema, migrate: true }), build({ schema }), Stepped.migrate({ schema })]) {
          const error = yield* Effect.flip(attempt as Effect.Effect<unknown, Stepped.LayerError, PgClient.PgClient>)
          assert.deepInclude({ ...error }, { _tag: "InvalidSchemaName", name: schema })
        }
      }
    }).pipe(Effect.provide(layerServer())))

  it.effect("that is missing is an error that says what to run", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const missing = yield* Effect.flip(build({}))
      assert.deepInclude({ ...missing }, { _tag: "SchemaMissing", schema: "stepped" })
      assert.include(missing.message, "run the migrations")
      yield* sql`create schema stepped`
      assert.strictEqual((yield* Effect.flip(build({})))._tag, "SchemaMissing")
      // a program's own schema is not taken over either
      yield* sql`create schema other`
      assert.deepInclude({ ...yield* Effect.flip(build({ schema: "other" })) }, {
        _tag: "SchemaMissing",
        schema: "other"
      })
    }).pipe(Effect.provide(layerServer())))

  it.effect("that is older than the code is an error with both numbers", () =>
    Effect.gen(function*() {
      yield* migrationIs(0)
      const error = yield* Effect.flip(build({}))
      assert.deepInclude({ ...error }, { _tag: "SchemaOutdated", schema: "stepped", found: 0, required: 1 })
    }).pipe(Effect.provide(migrated)))

  it.effect("that is one migration ahead works, and two ahead is an error", () =>
    Effect.gen(function*() {
      yield* migrationIs(2)
      yield* Effect.provide(
        Effect.gen(function*() {
          const handle = yield* (yield* Cars.client)("1").noteNow("fine")
          assert.strictEqual(yield* handle.await, "fine")
          yield* healthy
        }),
        CarsLive.pipe(Layer.provideMerge(Stepped.layer({ migrate: true, notify: false })))
      )
      yield* migrationIs(3)
      for (const migrate of [false, true]) {
        const error = yield* Effect.flip(build({ migrate }))
        assert.deepInclude({ ...error }, { _tag: "SchemaTooNew", schema: "stepped", found: 3, supported: 1 })
      }
    }).pipe(Effect.provide(migrated)))
})

it.effect("settings of the engine that it cannot take are named, with what it takes", () =>
  Effect.gen(function*() {
    const refused: ReadonlyArray<readonly [Stepped.EngineOptions, string]> = [
      [{ attempts: 0 }, "attempts is 0: it takes a whole number from 1 to 10000"],
      [{ attempts: 10_001 }, "attempts is 10001: it takes a whole number from 1 to 10000"],
      [{ attempts: Number.NaN }, "attempts is NaN"],
      [{ payloadLimit: 1.5 }, "payloadLimit is 1.5"],
      [
        { payloadLimit: 6_000_000 },
        "payloadLimit is 6000000: it takes at most 5417642 with a client whose maxMessageSize is 16777216, or a client whose maxMessageSize is 18524288 at least"
      ],
      [{ resultsLimit: 0 }, "resultsLimit is 0"],
      [{ depthLimit: -1 }, "depthLimit is -1"],
      [{ depthLimit: 32_768 }, "depthLimit is 32768: it takes a whole number from 1 to 32767"],
      [{ childrenLimit: 0 }, "childrenLimit is 0"],
      [{ lease: "500 millis" }, "lease is \"500 millis\": it takes a duration from 1000 to 100000000000000 ms"],
      [{ lease: "soon" as never }, "lease is \"soon\": it takes"],
      [{ pollInterval: Number.NaN }, "pollInterval is NaN"],
      [{ statementTimeout: Infinity }, "statementTimeout is Infinity"],
      [{ outcomeRetention: "1000000000000 weeks" }, "outcomeRetention is \"1000000000000 weeks\""],
      [{ historyRetention: -1 }, "or Infinity for ever"],
      [{ lease: Infinity }, "lease is Infinity"],
      [{ statementTimeout: 0 }, "statementTimeout is 0"],
      [{ pollInterval: 0 }, "pollInterval is 0"],
      [{ historyRetention: 0 }, "historyRetention is 0"],
      [{ historyRetention: "14 minutes" }, "historyRetention is \"14 minutes\": it takes a duration from 900000 to"],
      [
        { historyRetention: { failed: "14 minutes" } },
        "historyRetention.failed is \"14 minutes\": it takes a duration from 900000"
      ],
      [
        { historyRetention: { done: "1 day" } as never },
        "historyRetention.done is no status of what has ended: it takes succ"
      ],
      [{ historyRetention: { actions: { "Car/visit": 1 } } }, "historyRetention.actions[\"Car/visit\"] is 1: it takes"],
      [{ outcomeRetention: 1 }, "outcomeRetention is 1: it takes a duration from 900000 to"],
      [{ statementTimeout: "10 minutes", historyRetention: "16 minutes" }, "takes a duration from 1200000 to"]
    ]
    for (const [options, words] of refused) {
      // before anything is asked of a database
      const layer = Layer.provide(
        Stepped.layer(options),
        Layer.succeed(
          PgClient.PgClient,
          { config: {}, transactionService: PgClient.PgClient as unknown } as PgClient.PgClient
        )
      )
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      assert.strictEqual(error._tag, "InvalidOption")
      assert.include(error.message, words)
    }
  }))
