import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Errors from "../src/SteppedError.ts"

const ended = { action: "visit", actor: "Car/1", actionId: "0190", path: "visit Car/1 › move" }

describe("an error", () => {
  it("says what is wrong, where, and what to do", () => {
    const messages: ReadonlyArray<readonly [Error, ...words: ReadonlyArray<string>]> = [
      [new Errors.StorageError({ operation: "claim", isRetryable: true, cause: new Error("gone") }), "claim", "gone"],
      [
        new Errors.UnsuitableIsolation({ operation: "completing", level: "serializable" }),
        "completing",
        "read committed"
      ],
      [new Errors.InvalidArguments({ action: "visit", issue: `Expected string, at [0]` }), "visit", "at [0]"],
      [new Errors.PayloadTooLarge({ field: "arguments of visit", size: 12, limit: 10 }), "arguments", "12", "10"],
      [new Errors.UnstorableText({ field: "arguments of visit" }), "arguments of visit", "remove it"],
      [
        new Errors.InvalidKey({ action: "visit", field: "checksumKey", issue: "takes 2 bytes" }),
        "checksumKey of visit takes"
      ],
      [new Errors.TreeTooDeep({ depth: 101, limit: 100 }), "101", "100", "end the recursion"],
      [new Errors.TooManyChildren({ count: 11, limit: 10 }), "11", "10", "several steps"],
      [
        new Errors.IdempotencyConflict({
          action: "visit Car/1",
          option: "idempotencyKey",
          value: "order 7",
          actionId: "0190"
        }),
        "visit Car/1",
        `idempotencyKey "order 7"`,
        "0190",
        "a name of its own"
      ],
      [
        new Errors.CompletionConflict({ action: "charge User/1", key: "event 7", actionId: "0190" }),
        "charge User/1",
        `key "event 7"`,
        "0190",
        "a key of its own"
      ],
      [new Errors.TooManyInvocations({ count: 11, limit: 10 }), "11", "10", "several calls"],
      [new Errors.UnknownDefinition({ actor: "Car", action: "fly" }), "Car", "fly", "provide their layer"],
      [new Errors.WouldWaitForItself({ action: "visit" }), "visitLater"],
      [
        new Errors.ActionFailed({ ...ended, kind: "marked", reason: "marked as failed" }),
        `${ended.path}: marked as failed`
      ],
      [
        new Errors.StepFailed({ ...ended, kind: "marked", reason: "marked as failed" }),
        `${ended.path}: marked as failed`
      ],
      [new Errors.StepTimedOut({ ...ended, timeoutMs: 5000 }), ended.path, "timed out after 5000 ms"],
      [new Errors.TooManyMemos({ count: 11, limit: 10 }), "11", "10", "several steps"],
      [new Errors.InvalidMemo({ issue: "ask for it outside" }), "ask for it outside"],
      [
        new Errors.MemoError({
          action: "visit Car/1",
          step: "move",
          memo: "bill",
          reason: new Errors.InvalidMemo({ issue: "ask for it outside" })
        }),
        `Step.once("bill") of visit Car/1 › move`,
        "ask for it outside"
      ],
      [
        new Errors.AwaitTimedOut({ action: "visit Car/1", actionId: "0190", waitedMs: 500 }),
        "visit Car/1 (0190)",
        "500 ms",
        "wait for it again"
      ],
      [new Errors.SignalTimedOut({ ...ended, signal: "approval" }), ended.path, "approval has not come in time"],
      [new Errors.HeartbeatTimedOut({ ...ended, signal: "approval" }), ended.path, "no heartbeat in time", "approval"],
      [
        new Errors.IncompatibleSignal({ ...ended, signal: "approval", issue: "no text" }),
        ended.path,
        "approval cannot be read: no text"
      ],
      [
        new Errors.AmbiguousTarget({ actor: "Car/1", action: "visit", actionIds: ["a", "b"] }),
        "Car/1 has 2 actions visit",
        "name one by its id (a, b)"
      ],
      [new Errors.InvalidSignal({ signal: "approval", issue: "no text" }), "approval", "no text"],
      [
        new Errors.SignalConflict({ signal: "approval", key: "k", actionId: ended.actionId }),
        "approval",
        `under the key "k"`,
        "has a key of its own"
      ],
      [
        new Errors.SignalsFull({ signal: "approval", actionId: ended.actionId, limit: 1000 }),
        "1000 signals that nobody has read",
        "send again when its steps have read some"
      ],
      [new Errors.InvalidToken(), "The token is not valid", "where Stepped.Tokens has the key"],
      [new Errors.TimedOut(ended), ended.path, "timed out"],
      [new Errors.TimedOut({ ...ended, reason: "no heartbeat in time" }), "(timed out: no heartbeat in time)"],
      [new Errors.Cancelled(ended), ended.path, "cancelled"],
      [
        new Errors.Deadlocked({ ...ended, reason: "deadlocked: a waits for itself", cycle: [] }),
        ended.path,
        "a waits for itself",
        "concurrency key"
      ],
      [
        new Errors.IncompatibleResult({ ...ended, issue: "Expected string", schema: "success" }),
        ended.path,
        "Expected string",
        "a schema that takes what was stored"
      ],
      [new Errors.InvalidActorId({ actor: "Car", issue: "takes 2 bytes" }), "The id of Car takes 2 bytes"],
      [new Errors.NotStarted({ action: "tow Car/1", actionId: "0190" }), "tow Car/1 (0190)", "tried again"],
      [new Errors.Forgotten(ended), ended.path, "ActionRepo.operations", "cannot be read again"],
      [new Errors.UnknownSchedule({ schedule: "nightly" }), `"nightly"`, "Schedules.list"],
      [new Errors.ScheduleTaken({ schedule: "nightly" }), `"nightly"`, "another name"],
      [new Errors.UnknownWorker({ worker: "shop-7", reason: "unknown" }), "shop-7", "JobQueue.workers"],
      [new Errors.UnknownWorker({ worker: "shop-7", reason: "dead" }), "shop-7", "take over"],
      [new Errors.UnknownWorker({ worker: "shop-7", reason: "embedded" }), "shop-7", "stop its process"],
      [new Errors.AmbiguousWorker({ worker: "shop-7", ids: ["12", "14"] }), "shop-7", "12, 14"],
      [new Errors.UnknownAction({ actionId: "0190" }), "0190", "pruned"],
      [
        new Errors.UnknownAction({ actionId: "0190", asked: "visit Car/1", found: "tow Car/2" }),
        "0190 is tow Car/2, not visit Car/1"
      ],
      [new Errors.AmbiguousCompletion({ actor: "Car/1", action: "tow", actionIds: ["a", "b"] }), "Car/1", "2", "a, b"],
      [new Errors.InvalidOutcome({ action: "tow", issue: "Expected string" }), "tow", "Expected string"],
      [
        new Errors.ResultsTooLarge({ action: "visit Car/1", step: "move", size: 12, limit: 10 }),
        "visit Car/1 › move",
        "12",
        "10",
        "resultsLimit"
      ],
      [new Errors.ActorNotFound({ actor: "Car", id: "1" }), "Car/1"],
      [new Errors.DefinitionError({ message: "twice" }), "twice"],
      [new Errors.InvalidSchemaName({ name: `a"b` }), `"a\\"b"`, "51"],
      [
        new Errors.InvalidChecksum({ place: ".tags[0]", found: "a Set", advice: "give an array" }),
        "a Set at .tags[0]",
        "give an array"
      ],
      [new Errors.InvalidChecksum({ place: "", found: "NaN", advice: "give a text" }), "is made of NaN"],
      [
        new Errors.InvalidOption({ option: "lease", value: "0 ms", takes: "1 second or more" }),
        "lease",
        "0 ms",
        "1 second"
      ],
      [
        new Errors.BodyEnded({ action: "visit Car/1", step: "move", asked: "Step.wait" }),
        "Step.wait",
        "visit Car/1 › move"
      ],
      [
        new Errors.InvalidQuery({
          field: "limit of ActionRepo.list",
          value: "NaN",
          takes: "a whole number from 1 to 10"
        }),
        "limit of ActionRepo.list is NaN",
        "a whole number from 1 to 10"
      ],
      [new Errors.InvalidDuration({ field: "gracePeriod", value: "NaN", takes: "a duration" }), "gracePeriod is NaN"],
      [
        new Errors.PoolTooSmall({ maxConnections: 5, needed: 6, connections: 2, others: 0, listens: true }),
        "maxConnections",
        "5",
        "6",
        "1 for listening",
        "`connections`",
        "`notify`"
      ],
      [
        new Errors.LaneBusy({
          action: "visit",
          actor: "Car/1",
          actionId: "0190",
          path: "visit Car/1",
          lane: "bays:north"
        }),
        "visit Car/1",
        "the lane bays:north is busy",
        "whenBusy"
      ],
      [
        new Errors.LaneFull({
          action: "visit",
          actor: "Car/1",
          actionId: "0190",
          path: "visit Car/1",
          lane: "bays:north"
        }),
        "visit Car/1",
        "the line of the lane bays:north is full",
        "maxPending"
      ],
      [
        new Errors.Superseded({
          action: "visit",
          actor: "Car/1",
          actionId: "0190",
          path: "visit Car/1",
          lane: "bays:north"
        }),
        "visit Car/1",
        "superseded by a newer action in the lane bays:north"
      ],
      [
        new Errors.InvalidQuery({ field: "limit of ActionRepo.list", value: "-1", takes: "a whole number" }),
        "limit of ActionRepo.list is -1",
        "a whole number"
      ],
      [
        new Errors.UnsuitableDatabase({ problem: "The encoding is LATIN1", advice: "use UTF8" }),
        "The encoding is LATIN1: use UTF8"
      ],
      [
        new Errors.MissingPrivileges({
          role: "app",
          missing: ["select on stepped.jobs"],
          grants: ["grant select", "grant usage"]
        }),
        "role app lacks select on stepped.jobs",
        "run `grant select; grant usage` as the owner"
      ],
      [
        new Errors.MissingPrivileges({ role: "app", missing: ["ownership on stepped.jobs"], grants: [] }),
        "let the owner run the migrations"
      ],
      [
        new Errors.SequenceBehind({ tables: [{ table: "stepped.jobs", at: 1, rows: 7 }] }),
        "stepped.jobs (at 1, its rows at 7)",
        "run the migrations"
      ],
      [
        new Errors.MigrationBlocked({
          schema: "stepped",
          waitedMs: 5,
          by: [{ pid: 7, application: "dump", since: "now" }]
        }),
        "5 ms",
        "dump (process 7",
        "lockTimeout"
      ],
      [
        new Errors.MigrationBlocked({ schema: "stepped", waitedMs: 5, by: [] }),
        "pg_stat_activity shows which transactions are open: let those come to their end"
      ],
      [new Errors.SchemaMissing({ schema: "stepped" }), "stepped", "run the migrations"],
      [
        new Errors.SchemaOutdated({ schema: "stepped", found: 1, required: 2, unreleased: false }),
        "1",
        "2",
        "run the migrations"
      ],
      [
        new Errors.SchemaOutdated({ schema: "stepped", found: 1, required: 1, unreleased: true }),
        "made by an unreleased version",
        "delete it"
      ],
      [new Errors.SchemaTooNew({ schema: "stepped", found: 3, supported: 2 }), "3", "2", "upgrade"]
    ]
    for (const [error, ...words] of messages) {
      for (const word of words) assert.include(error.message, word)
    }
    const classes = Object.values(Errors).filter((value) => "prototype" in value && value.prototype instanceof Error)
    const shown = new Set(messages.map(([error]) => error.constructor))
    assert.deepStrictEqual(classes.filter((value) => !shown.has(value)), [Errors.EnqueueError])
  })

  it("of enqueueing speaks with the voice of its reason", () => {
    const storage = new Errors.StorageError({ operation: "enqueue", isRetryable: true, cause: new Error("gone") })
    const error = new Errors.EnqueueError({ reason: storage })
    assert.strictEqual(error.message, storage.message)
    assert.strictEqual(error.cause, storage)
    assert.isTrue(error.isRetryable)
    assert.isFalse(new Errors.EnqueueError({ reason: new Errors.TreeTooDeep({ depth: 2, limit: 1 }) }).isRetryable)
  })

  it.effect("survives JSON, with its reason", () =>
    Effect.gen(function*() {
      const codec = Schema.toCodecJson(Errors.EnqueueError)
      const reason = new Errors.PayloadTooLarge({ field: "arguments", size: 12, limit: 10 })
      const json = JSON.stringify(yield* Schema.encodeUnknownEffect(codec)(new Errors.EnqueueError({ reason })))
      const decoded = yield* Schema.decodeUnknownEffect(codec)(JSON.parse(json))
      assert.instanceOf(decoded.reason, Errors.PayloadTooLarge)
      assert.strictEqual(decoded.message, reason.message)
    }))
})
