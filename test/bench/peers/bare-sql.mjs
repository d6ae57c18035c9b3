/**
 * What three commits an action cost without any library: a row is inserted, claimed and finished, one by one or many in a statement.
 * The floor under every durable job that goes through the same client.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted } from "effect"
import { check, end, latency, measure, rows, settings, url } from "./bench.mjs"

const { batch, connections, count, work } = settings({
  work: "W1",
  count: 5000,
  // actions in each statement
  batch: 1,
  connections: 32
})

const payload = JSON.stringify({ a: 1, kind: "drive" })

const program = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* sql`create table actions (id bigint generated always as identity primary key, status smallint not null default 0, payload jsonb,
    result jsonb, worker int, at timestamptz not null default now())`
  yield* sql`create index actions_ready on actions (id) where status = 0`

  const enqueue = batch === 1
    ? sql`insert into actions (payload) values (${payload}::jsonb)`
    : sql`insert into actions (payload) select ${payload}::jsonb from generate_series(1, ${batch}::int)`
  const claim = batch === 1
    ? sql`update actions set status = 1, worker = 7 where id = (select id from actions where status = 0 order by id
        for update skip locked limit 1) returning id`
    : sql`update actions set status = 1, worker = 7 where id in (select id from actions where status = 0 order by id
        for update skip locked limit ${batch}) returning id`
  const finish = (claimed) =>
    batch === 1
      ? sql`update actions set status = 2, result = ${payload}::jsonb where id = ${claimed[0].id}`
      : sql`update actions set status = 2, result = done.result
          from unnest(${claimed.map(({ id }) => id)}::bigint[], ${claimed.map(() => payload)}::jsonb[]) as done(id, result)
          where actions.id = done.id`
  const perform = Effect.flatMap(claim, (claimed) => claimed.length === 0 ? Effect.void : finish(claimed))
  const times = (n, effect) =>
    Effect.runPromise(Effect.forEach(Array.from({ length: n }), () => effect, { concurrency: connections, discard: true }))
  const ended = async () => Number((await rows("select count(*) as n from actions where status = 2"))[0].n)

  yield* Effect.promise(async () => {
    if (work === "W1") {
      const all = async (expected) => {
        await times(count / batch, Effect.andThen(enqueue, perform))
        // what each saw while others had locked it is left
        while ((await ended()) < expected) await Effect.runPromise(perform)
      }
      await all(count)
      await measure({ work, unit: "actions", count }, () => all(2 * count))
      check("ended", await ended(), 2 * count)
    } else if (work === "enqueue" || work === "bulk") {
      await times(count / batch, enqueue)
      await measure({ work, unit: "actions", count }, () => times(count / batch, enqueue))
    } else if (work === "W2") {
      const once = async () => {
        const began = performance.now()
        await Effect.runPromise(Effect.andThen(enqueue, perform))
        return performance.now() - began
      }
      for (let i = 0; i < 50; i++) await once()
      await measure({ work, unit: "actions", count }, async () => {
        const measured = []
        for (let i = 0; i < count; i++) measured.push(await once())
        return latency(measured)
      })
      check("ended", await ended(), count + 50)
    }
  })
})

await Effect.runPromise(
  Effect.scoped(Effect.provide(
    program,
    PgClient.layer({ url: Redacted.make(url), maxConnections: connections, minConnections: connections })
  ))
)
end()
