/** What a worker says of itself, where that fails at first: its schedules hang on it. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Schedules, Stepped } from "stepped"
import { healthy, server } from "../../harness/databases.ts"
import { until } from "../../harness/workers.ts"

class Shop extends Stepped.Actor<Shop>()("Shop", { id: Schema.Int }) {}
const report = Stepped.action("report").step(() => Effect.void)
const Shops = Stepped.actions(Shop, [report])
const nightly = Stepped.schedule("nightly", { cron: "30 2 * * *", actions: Shops, actor: 1, action: report })

it.live("20.6: a worker that could not say at its start what its program declares says it as soon as it can", () =>
  Effect.scoped(Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* Effect.acquireRelease(
      Effect.andThen(
        sql.unsafe("create sequence stepped.refusals"),
        Effect.andThen(
          sql.unsafe(`create function stepped.refuse() returns trigger language plpgsql as $$ begin
            if nextval('stepped.refusals') = 1 then raise exception 'not now'; end if;
            return new;
          end $$`),
          sql.unsafe(`create trigger refuse before insert or update on stepped.definitions for each row
            execute function stepped.refuse()`)
        )
      ),
      () =>
        Effect.orDie(
          Effect.andThen(
            sql.unsafe("drop function stepped.refuse cascade"),
            sql.unsafe("drop sequence stepped.refusals")
          )
        )
    )
    yield* Layer.build(Layer.provide(Stepped.worker(), Layer.orDie(nightly)))
    const schedules = yield* Schedules
    yield* until("it is declared", Effect.map(schedules.list(), ({ length }) => length === 1))
    const [refused] = yield* sql<{ n: number }>`select last_value::int as n from stepped.refusals`
    assert.isAbove(refused!.n, 1)
    assert.strictEqual((yield* schedules.find("nightly")).state, "active")
    yield* healthy
  })).pipe(Effect.provide(Layer.provideMerge(Shops.layer, server.layer({ lease: "2 seconds" })))))
