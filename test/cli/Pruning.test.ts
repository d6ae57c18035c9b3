/** The command where something goes for good: an actor is forgotten, a worker is drained, and what is old is kept elsewhere before it is deleted. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect } from "effect"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { RunningProgram } from "../../src/cli/connection.ts"
import { Engine } from "../../src/Engine.ts"
import { garage, printing, until } from "./fixtures/garage.ts"

const why = ["--reason", "a test"]
const all = ["--before", "0 millis", ...why, "--yes"]

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "stepped-export-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)
const lines = (file: string) => readFileSync(file, "utf8").split("\n").slice(0, -1)

describe("forget", () => {
  it.live("says what would go and what stays, asks, and does it; again it says that it is done", () =>
    Effect.gen(function*() {
      const { client, objects, services, stepped } = yield* garage
      const done = yield* client(1).visitNow("London")
      const asks = yield* client(1).askLater()
      const other = yield* client(2).visitNow("Paris")
      const asked = yield* stepped("forget", "Car/1", ...why)
      assert.deepInclude(asked, { code: 2 })
      assert.match(asked.out, new RegExp(`^Car/1: 1 action, .*\\n1 stay, until that is over:\\n {2}${asks.id}: live$`))
      assert.include(asked.err, "forget Car/1? It cannot be undone. Nobody can be asked here: give --yes")
      assert.include((yield* stepped("show", done.id, "--payloads")).out, "London")

      const [answer] = yield* objects("forget", "Car/1", "--yes", "--by", "ada", ...why)
      assert.deepInclude(answer, {
        verb: "ActionRepo.forget",
        target: "Car/1",
        outcome: "done",
        actions: 1,
        left: { count: 1, first: [{ id: asks.id, because: "live" }] }
      })
      const shown = yield* stepped("show", done.id, "--payloads")
      assert.match(shown.out, /^visit Car\/1 {2}succeeded.*forgotten/)
      assert.notInclude(shown.out, "London")
      assert.include((yield* stepped("show", other.id, "--payloads")).out, "Paris")
      assert.strictEqual((yield* stepped("retry", done.id, ...why)).code, 1)
      const again = yield* stepped("forget", "Car/1", "--yes", ...why)
      assert.deepInclude(again, { code: 1 })
      assert.include(again.out, "nothing was changed\n1 stay")
      assert.deepStrictEqual(
        (yield* objects("operations", "--target", "Car/1", "--by", "ada")).map(({ by, counts, outcome }) => [
          by,
          outcome,
          counts
        ]),
        [["ada", "done", { forgotten: 1 }]]
      )
      yield* Effect.provide(asks.cancel(), services)
      yield* Effect.ignore(Effect.provide(asks.await, services))
      assert.strictEqual((yield* stepped("forget", "Car/1", "--yes", ...why)).code, 0)
      assert.include((yield* stepped("forget", "Car/1", ...why)).err, "Car/1 is forgotten already, with 2 actions")
      assert.deepInclude(yield* stepped("forget", "Car/77", ...why), {
        code: 1,
        err: "stepped: nothing is stored of Car/77"
      })
      assert.strictEqual((yield* stepped("forget", "/1", ...why)).code, 2)
      const unlimited = yield* stepped("forget", "Car/1", "--limit", "0", ...why)
      assert.strictEqual(unlimited.code, 2)
      assert.include(unlimited.err, "--limit is 0")
    }))
})

describe("drain", () => {
  it.live("asks a worker by its name or id, shows who is draining, and says of whom nobody knows", () =>
    Effect.gen(function*() {
      const { objects, stepped } = yield* garage
      const unknown = yield* stepped("drain", "nobody", ...why)
      assert.strictEqual(unknown.code, 1)
      assert.include(unknown.err, "there is no worker nobody")
      const [worker] = yield* objects("workers")
      const first = yield* stepped("drain", worker!.id, ...why)
      assert.strictEqual(first.code, 0)
      assert.include(first.out, "takes nothing new when it renews its lease the next time")
      // it has seen it, or will
      const found = yield* objects("workers")
      if (found.length > 0) assert.isString(found[0]!.drainingSince)
      assert.match((yield* stepped("workers")).out, /draining|^no worker runs$/)
      assert.strictEqual((yield* stepped("drain", "workshop", ...why)).code, 1)
      yield* until("it is gone", Effect.map(objects("workers"), ({ length }) => length === 0))
      assert.strictEqual((yield* stepped("workers")).out, "no worker runs")
    }))
})

describe("prune", () => {
  it.live("goes on in smaller pages where one takes too long", () =>
    Effect.gen(function*() {
      const { client, objects, services } = yield* garage
      for (let n = 0; n < 5; n++) yield* client(n).visitNow(`place ${n}`)
      const sql = yield* Effect.provide(PgClient.PgClient, services)
      yield* sql`create function public.takes_too_long() returns trigger language plpgsql as $$
        begin
          if (select count(*) from gone) > 2 then raise exception 'too long' using errcode = '57014'; end if;
          return null;
        end $$`
      yield* sql`create trigger takes_too_long after delete on stepped.ended_actions
        referencing old table as gone for each statement execute function public.takes_too_long()`
      assert.deepInclude((yield* objects("prune", ...all))[0]!, { deleted: 5 })
      assert.deepStrictEqual(yield* sql`select 1 from stepped.ended_actions`, [])
    }))
})

describe("prune --export", () => {
  it.live("has each action in the file before it is gone, with all that is stored of it, and numbers as they are", () =>
    Effect.gen(function*() {
      const { client, objects, services, stepped } = yield* garage
      const file = join(yield* folder, "old.jsonl")
      const handles = []
      for (let n = 0; n < 3; n++) handles.push(yield* client(n).visitNow(`place ${n}`))
      const sql = yield* Effect.provide(PgClient.PgClient, services)
      yield* sql`update stepped.ended_actions set arguments = '[12345678901234567890]', given = '["asked", null]'
        where id = ${handles[0]!.id}::uuid`
      const [done] = yield* objects("prune", ...all, "--export", file)
      assert.deepInclude(done, { deleted: 3, exported: file })
      const found = lines(file)
      assert.deepStrictEqual(found.map((line) => JSON.parse(line).given), [undefined, undefined, ["asked", null]])
      assert.deepStrictEqual(
        found.map((line) => JSON.parse(line)).map(({ id, name, status, steps }) => [
          id,
          name,
          status,
          steps.map(({ name }: { name: string }) => name)
        ]),
        handles.map(({ id }) => [id, "visit", "succeeded", ["drive", "park"]]).reverse()
      )
      assert.include(found[2]!, "[12345678901234567890]")
      assert.include(found[1]!, "place 1")
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      assert.deepStrictEqual(yield* objects("ls"), [])
      assert.include(
        (yield* stepped("prune", "--what", "answers", ...all, "--export", file)).err,
        "--export keeps actions"
      )
    }))

  it.live("adds to what is there, says so, and lets a line that was cut off stand by itself", () =>
    Effect.gen(function*() {
      const { client, stepped } = yield* garage
      const file = join(yield* folder, "old.jsonl")
      writeFileSync(file, "{\"id\":\"cut o")
      const { id } = yield* client(1).visitNow("London")
      const { code, out } = yield* stepped("prune", ...all, "--export", file)
      assert.strictEqual(code, 0)
      assert.match(out, /in it twice\ndeleted: 1$/)
      const found = lines(file)
      assert.deepStrictEqual([found[0], found.length], ["{\"id\":\"cut o", 2])
      assert.include(found[1]!, id)
    }))

  it.live("deletes nothing that cannot be written", () =>
    Effect.gen(function*() {
      const { client, objects, stepped } = yield* garage
      const path = yield* folder
      yield* client(1).visitNow("London")
      const missing = yield* stepped("prune", ...all, "--export", join(path, "nowhere", "old.jsonl"))
      assert.deepInclude(missing, { code: 2, out: "" })
      assert.include(missing.err, "cannot be written, and nothing more was deleted")
      // it opens, and takes nothing
      const full = yield* stepped("prune", ...all, "--export", "/dev/full")
      assert.strictEqual(full.code, 2)
      assert.include(full.err, "cannot be written, and nothing more was deleted")
      assert.strictEqual((yield* objects("ls")).length, 1)
    }))
})

describe("prune --what operations", () => {
  it.live("before a time to come ends, and leaves the record of itself", () =>
    Effect.gen(function*() {
      const { objects, stepped } = yield* garage
      for (let n = 0; n < 3; n++) yield* stepped("pause", "--queue", `q${n}`, ...why)
      const before = new Date(Date.now() + 86_400_000).toISOString()
      const prune = ["prune", "--what", "operations", "--before", before, ...why, "--yes"]
      assert.deepInclude((yield* objects(...prune))[0], { verb: "ActionRepo.deleteOperations", deleted: 3 })
      const left = yield* objects("operations")
      assert.deepStrictEqual(left.map(({ counts, target, verb }) => [verb, target, counts]), [
        ["ActionRepo.deleteOperations", `before ${before}`, { deleted: 3 }]
      ])
      for (let n = 0; n < 3; n++) yield* stepped("resume", "--queue", `q${n}`, ...why)
    }))
})

describe("prune --keep", () => {
  it.live("says with --dry-run what would go, and what stays and why, and deletes the same", () =>
    Effect.gen(function*() {
      const { client, objects, stepped } = yield* garage
      for (let n = 0; n < 3; n++) yield* client(n).visitNow("London")
      yield* Effect.ignore(client(4).visitNow("nowhere"))
      const keep = ["--keep", "otherwise=0 millis", "--keep", "Car/visit:failed=90 days"]
      const plan = yield* stepped("prune", ...keep, "--dry-run")
      assert.deepInclude(plan, { code: 0, err: "" })
      assert.match(plan.out, /Car\/visit +succeeded +3 +would be deleted[^]*would be deleted: 3; stays: 0$/)
      assert.deepStrictEqual(
        (yield* objects("prune", ...keep, "--dry-run")).map(({ count, name, status }) => [name, status, count]),
        [["visit", "succeeded", 3]]
      )
      assert.strictEqual((yield* objects("ls")).length, 4)
      const [done] = yield* objects("prune", ...keep, ...why, "--yes", "--by", "ada")
      assert.deepInclude(done, { verb: "ActionRepo.deleteEnded", deleted: 3 })
      assert.deepStrictEqual((yield* objects("ls")).map(({ status }) => status), ["failed"])
      assert.include((yield* stepped("prune", ...keep, "--dry-run")).out, "nothing is old enough")
      const [operation] = yield* objects("operations", "--by", "ada")
      assert.match(operation!.target, /^by retention, before 20/)
    }))

  it.live("says what is old by user time, whatever this machine's clock says", () =>
    Effect.gen(function*() {
      const { client, services } = yield* garage
      yield* client(1).visitNow("London")
      const engine = Context.get(services, Engine)
      const prunedAt = (aheadMs: number) => {
        const now = Effect.map(engine.now, (at) => at + aheadMs)
        return printing({ out: [], err: [] }, ["prune", "--keep", "succeeded=1 hour", "--dry-run"]).pipe(
          Effect.provideService(RunningProgram, Context.add(services, Engine, Engine.of({ ...engine, now })))
        )
      }
      assert.include((yield* prunedAt(0)).out, "nothing is old enough")
      assert.include((yield* prunedAt(2 * 3_600_000)).out, "would be deleted: 1; stays: 0")
    }))

  it.live("says of what stays though it is old enough why", () =>
    Effect.gen(function*() {
      const { client, stepped } = yield* garage
      yield* client(1).with({ idempotencyKey: "once" }).visitNow("London")
      const plan = yield* stepped("prune", "--before", "0 millis", "--dry-run")
      assert.match(plan.out, /Car\/visit +succeeded +1 +stays: key[^]*would be deleted: 0; stays: 1$/)
    }))

  it.live("shows what would go and stay before it asks, and deletes nothing that was not old then", () =>
    Effect.gen(function*() {
      const { client, objects, services, stepped } = yield* garage
      assert.deepInclude(yield* stepped("prune", "--before", "0 millis", ...why), {
        code: 1,
        err: "stepped: nothing is old enough"
      })
      for (let n = 0; n < 3; n++) yield* client(n).visitNow("London")
      yield* Effect.ignore(client(4).visitNow("nowhere"))
      const plan =
        "  Car/visit, succeeded: 3 would be deleted\n  Car/visit, failed: 1 would be deleted\nwould be deleted: 4; stays: 0"
      for (const old of [["--before", "0 millis"], ["--keep", "otherwise=0 millis"]]) {
        const asked = yield* stepped("prune", ...old, ...why)
        assert.deepStrictEqual([asked.code, asked.out], [2, plan])
        assert.include(asked.err, "Nobody can be asked here: give --yes")
      }
      assert.strictEqual((yield* objects("ls")).length, 4)
      // 20,000 are looked at before it asks
      const sql = yield* Effect.provide(PgClient.PgClient, services)
      yield* sql`insert into stepped.ended_actions (id, definition, actor_id, arguments, status, depth, attempts, enqueued_at, ended_at)
        select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Car/visit', n::text, '[]', 2, 0, 1, 'epoch', 'epoch'
        from generate_series(1, 20000) n`
      const asked = yield* stepped("prune", "--before", "0 millis", ...why)
      assert.match(asked.out, /\nwould be deleted: 20000; stays: 0, of the newest 20,000 that may be$/)
    }))

  it.live("refuses what says no time, two times, or both ways", () =>
    Effect.gen(function*() {
      const { stepped } = yield* garage
      for (
        const [args, words] of [
          [["--keep", "failed"], "--keep failed says no time: give a kind and a duration"],
          [["--keep", "failed=soon"], "retention.failed of ActionRepo.planDeletion is \"soon\""],
          [["--keep", "done=1 day"], "retention.done of ActionRepo.planDeletion is no status"],
          [["--keep", "/visit=1 day"], "retention.actions[\"/visit\"] of ActionRepo.planDeletion is no action"],
          [
            ["--keep", "failed=1 day", "--keep", "failed=2 days"],
            "--keep says two times for failed: 1 day, and 2 days"
          ],
          [["--keep", "failed=1 day", "--before", "1 day"], "Give --before or --keep, not both"],
          [["--before", "1 day", "--what", "answers"], "--dry-run counts actions"],
          [[], "Give --before, or --keep for each kind"]
        ] as const
      ) {
        const { code, err } = yield* stepped("prune", ...args, "--dry-run")
        assert.strictEqual(code, 2, words)
        assert.include(err, words)
      }
      assert.include(
        (yield* stepped("prune", "--what", "answers", "--keep", "failed=1 day", ...why, "--yes")).err,
        "--keep says how long actions are kept: of answers give --before"
      )
    }))
})
