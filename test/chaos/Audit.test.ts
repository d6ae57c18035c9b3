/** What the notes tell: nothing of an engine that keeps the rules, and everything that is planted. */
import type { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Schedules, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { layerServer } from "../harness/Server.ts"
import { child, plan, step, wait } from "../model/Model.ts"
import { makeWorld } from "../model/Trees.ts"
import * as Audit from "./Audit.ts"
import { makeBells } from "./Bells.ts"
import { openBook } from "./Book.ts"
import { bells, unseen } from "./verdict.ts"
import { planted } from "./violations.ts"
import { undoneBeside } from "./Voyages.ts"

const template = { name: "migrated", migrate: Stepped.migrate() }
const world = makeWorld({ second: 1 })

it.live("the notes of an engine at work tell nothing, and what is planted is found", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* Audit.install
    const tree = plan({
      steps: [step(child(plan({ lane: "another", steps: [step(wait(1)), step()] })), wait(1)), step()]
    })
    yield* world.invoke({ _tag: "Invoke", actor: 0, plan: tree }, "0")
    yield* performSteppedActions()
    assert.isAbove(yield* Audit.noted, 10)
    assert.deepStrictEqual(yield* Audit.broken, [])
    // whoever looks for the reason of a finding reads the rows, and then what was noted
    const [root] = yield* sql<{ id: string }>`select id from stepped.ended_actions where parent is null`
    const words = (yield* Audit.storyOf(root!.id)).map((line) => line.split(" ").slice(0, 2).join(" "))
    assert.includeMembers(words.map((text) => text.split(" ")[0]), ["action", "step", "slot", "child"])
    assert.match(words.at(-1) ?? "", /^\d\d:\d\d:\d\d\.\d{3} ended$/)
    // none of the rules but has something planted against it
    assert.deepStrictEqual(Audit.ruleNames.filter((name) => !planted.some(([rule]) => name.startsWith(rule))), [])
    for (const [rule, statement] of planted) {
      // in a transaction of its own, which fails so that nothing of it stays
      const found = yield* Effect.flip(sql.withTransaction(Effect.gen(function*() {
        for (const one of statement.split(";")) yield* sql.unsafe(one)
        return yield* Effect.fail(yield* Audit.broken)
      })))
      assert.include(String(found), rule)
    }
  }).pipe(Effect.provide(world.layer.pipe(
    Layer.provideMerge(Stepped.layer({ databaseClock: false, notify: false })),
    Layer.provideMerge(layerServer({ template, maxConnections: 1 }))
  ))))

it.effect("20.5: what has rung twice, or not at all, is found", () => {
  const bell = makeBells(() => Effect.void)
  return Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const schedules = yield* Schedules
    const context = yield* Effect.context<PgClient.PgClient | SqlClient.SqlClient>()
    const judged = Effect.gen(function*() {
      const book = openBook()
      yield* bells({ book, undisturbed: (effect) => Effect.orDie(Effect.provideContext(effect, context)) })
      return book.findings
    })
    yield* Audit.install
    yield* bell.hang
    yield* performSteppedActions({ schedules: true, until: "5 seconds" })
    assert.deepStrictEqual(yield* judged, [])
    // what all of them have passed by is no loss
    yield* schedules.pauseAll({ reason: "a test", by: "test" })
    yield* TestClock.adjust("3 seconds")
    yield* schedules.resumeAll()
    yield* performSteppedActions({ schedules: true, until: "2 seconds" })
    assert.deepStrictEqual(yield* judged, [])
    yield* sql`update chaos.passed set name = 'nobody' where name = 'bell-2'`
    assert.deepStrictEqual(yield* judged, ["bell-2 has fired 7 of 10 slots"])
    yield* sql`update chaos.passed set name = 'bell-2' where name = 'nobody'`
    const one = sql`select action from stepped.action_keys where actor_id = 'bell-1' order by key limit 1 offset 2`
    yield* sql`insert into stepped.action_keys select definition, actor_id, kind, key || '/', gen_random_uuid(), given, created_at, free_at, held_until
      from stepped.action_keys where action in (${one})`
    assert.deepStrictEqual(yield* judged, ["bell-1 has enqueued 7 actions for 8 slots"])
    yield* sql`delete from stepped.action_keys where key like '%/'`
    yield* sql`delete from stepped.ended_actions where id in (${one})`
    yield* sql`delete from stepped.action_keys where action in (${one})`
    assert.deepStrictEqual(yield* judged, ["bell-1 has fired 6 of 7 slots"])
    yield* sql`delete from stepped.action_keys where actor_id in ('bell-1', 'bell-declared')`
    assert.deepStrictEqual(yield* judged, ["bell-declared has never fired", "bell-1 has never fired"])
  }).pipe(Effect.provide(
    Layer.merge(bell.layer, bell.declared(0)).pipe(
      Layer.provideMerge(Stepped.layer({ databaseClock: false, notify: false })),
      Layer.provideMerge(layerServer({ template, maxConnections: 3 }))
    )
  ))
})

it("10.1: what is undone beside a body is found in what processes have written, unless somebody has taken over", () => {
  const lines = ["sails a 1 10", "undoes a 15", "rests a 1 20", "undoes a 25", "sails b 2 10", "undoes b 15"]
  assert.deepStrictEqual(undoneBeside(lines, () => false), ["a at 15"])
  assert.deepStrictEqual(undoneBeside(lines, () => true), [])
})

it("a long run in which something never came is accused of it, and a short one is not", () => {
  const book = openBook()
  book.counts.trees = 999
  unseen(book)
  assert.deepStrictEqual(book.findings, [])
  book.counts.trees = 1000
  book.counts["long results"] = 1
  book.counts["cancelled by their own step"] = 2
  book.counts["processes at repeatable read"] = 3
  unseen(book)
  assert.deepStrictEqual(book.findings, [
    "nothing was tried of this: bodies that kept a connection",
    "nothing was tried of this: completed by their own step"
  ])
})
