/** What the notes tell: nothing of an engine that keeps the rules, and everything that is planted. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { layerServer } from "../harness/Server.ts"
import { child, plan, step, wait } from "../model/Model.ts"
import { makeWorld } from "../model/Trees.ts"
import * as Audit from "./Audit.ts"

const template = { name: "migrated", migrate: Stepped.migrate() }
const world = makeWorld({ second: 1 })

const performing = (status: string) =>
  `insert into stepped.live_actions select (jsonb_populate_record(null::stepped.live_actions, to_jsonb(e) || '{"queue": "default", "checksum_key": "key"}' || '${status}')).* from stepped.ended_actions e limit 1`

const planted: ReadonlyArray<readonly [rule: string, statement: string]> = [
  [
    "nothing has to be healed",
    `${performing(`{"status": 1, "phase": 0, "step": 0, "flags": 0, "rooted": true}`)};
     select * from stepped.heal(now(), 0, 10)`
  ],
  [
    "an action ends once",
    "insert into chaos.notes (what, action) select 'ended', id from stepped.ended_actions limit 1"
  ],
  ["history does not change", "update stepped.ended_actions set status = 5"],
  ["nothing happens to an action that has ended", "update stepped.slots set status = 5"],
  ["a slot is settled once", "update stepped.slots set status = 5"],
  ["a step ends once", "update stepped.steps set status = 5"],
  [
    "whoever takes over changes nothing else",
    `${performing(`{"status": 1, "phase": 0, "step": 0, "flags": 0, "rooted": true}`)};
     update stepped.live_actions set outcome = 2`
  ],
  [
    "whoever writes as a worker has its lease",
    "select set_config('chaos.transition', 'finish 7 -1', false); update stepped.steps set status = 5"
  ],
  [
    "whoever holds an action goes on with it",
    "insert into chaos.notes (what, action, held_next, at) values ('begins', gen_random_uuid(), 7, now() - interval '1 minute')"
  ]
]

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
