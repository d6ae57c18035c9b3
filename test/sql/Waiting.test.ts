/** 2.5 a, 15.9: the search for cycles of waiting, asked of rows that stand there as if they had come to wait so. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as fc from "fast-check"
import { words } from "../../src/domain/Failure.ts"
import { suite } from "../harness/databases.ts"
import { type Graph, graphs, idOf, isDeadlocked, isStuck, newcomer, store, type Waiter } from "./fixtures/waiting.ts"

const inSchema = <A, E, R>(use: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    return yield* sql.withTransaction(
      Effect.andThen(sql.unsafe("set local search_path = stepped, pg_temp"), use)
    )
  })

const idsOf = (text: string, parameters: ReadonlyArray<unknown> = []) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql.unsafe<{ id: string }>(text, parameters)
    return rows.map(({ id }) => Number(id.slice(-12))).sort((a, b) => a - b)
  })

const deadlocked = idsOf("select id from live_actions where outcome is null and is_deadlocked(id)")

const live = (graph: Graph) => graph.waiters.filter(({ decided, state }) => state !== "queued" && !decided)

const action = (
  id: number,
  state: Waiter["state"],
  lanes: ReadonlyArray<string>,
  children: ReadonlyArray<number> = []
) => ({
  id,
  state,
  decided: false,
  lanes,
  children,
  named: lanes[0]!.includes("\u0001"),
  priority: 0
})

const lane = (name: string) => `k\u0001${name}`

suite("waiting", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.provide(inSchema(scenario()), engine.layer()))

  test(
    "15.9: whoever waits is deadlocked as in the model, also as a newcomer, whichever way is looked",
    () =>
      Effect.gen(function*() {
        for (const graph of fc.sample(graphs, { numRuns: 150, seed: Number(process.env.STEPPED_SEED ?? 1) })) {
          yield* store(graph)
          const told = JSON.stringify(graph)
          const expected = live(graph).map(({ id }) => id).filter((id) => isDeadlocked(id, graph))
          assert.deepStrictEqual(yield* deadlocked, expected, told)
          if (isStuck(graph)) assert.isNotEmpty(expected, told)
          // with little to look through it is the other direction that decides, or nobody
          const wrong = yield* idsOf(
            `select l.id from live_actions l, generate_series(1, 12) n, lateral deadlock_of(l.id, p_edges => n) d
          where l.outcome is null and not d.undecided and (d.cycle is not null) <> (l.id = any($1::uuid[]))`,
            [expected.map(idOf)]
          )
          assert.deepStrictEqual(wrong, [], told)
          // the last one as a newcomer: it has no row yet, and is behind everybody, before everybody, or takes the place of who waits there
          const last = graph.waiters.filter(({ state }) => state !== "performing").at(-1)
          if (last === undefined) continue
          const others = graph.waiters.filter(({ id }) => id !== last.id)
          yield* store({ ...graph, waiters: others })
          const replaced = others.filter((one) =>
            one.state === "waiting" && one.lanes.some((lane) => last.lanes.includes(lane))
          ).map(({ id }) => id)
          const moved = (one: Waiter): Waiter => ({
            ...one,
            children: [...new Set(one.children.map((child) => replaced.includes(child) ? last.id : child))]
          })
          for (
            const [as, waiters, options] of [
              [{ priority: 2 }, others, {}],
              ...last.named ? [[{ priority: -2 }, others, { turn: -(2n ** 50n) }]] as const : [],
              [{ priority: 2 }, others.filter(({ id }) => !replaced.includes(id)).map(moved), {
                turn: null,
                inherited: replaced
              }]
            ] as const
          ) {
            const joined = {
              ...graph,
              waiters: [...waiters, { ...last, state: "waiting", decided: false, children: [], ...as } as const]
            }
            const limits = last.lanes.map((it) => graph.limits[it]!)
            const { cycle, undecided } = yield* newcomer(last.id, last.lanes, limits, options)
            assert.deepStrictEqual([cycle !== null, undecided], [isDeadlocked(last.id, joined), false], told)
          }
        }
      })
  )

  test("15.9: of two who perform in a lane, one that can end is enough", () =>
    Effect.gen(function*() {
      yield* store({
        waiters: [action(1, "performing", [lane("1")], [3]), action(2, "performing", [lane("1")])],
        limits: { [lane("1")]: 2 }
      })
      assert.deepStrictEqual(yield* newcomer(3, [lane("1")], [2]), { cycle: null, undecided: false, message: null })
      // by now one may perform there: the other's end makes no room
      assert.isNotNull((yield* newcomer(3, [lane("1")], [1])).cycle)
    }))

  test("15.9: where all who perform in a lane wait for those who wait there, nobody goes on", () =>
    Effect.gen(function*() {
      const graph: Graph = {
        waiters: [
          action(1, "performing", [lane("1")], [3]),
          action(2, "performing", [lane("1")], [4]),
          action(3, "waiting", [lane("1")]),
          action(4, "queued", [lane("1")])
        ],
        limits: { [lane("1")]: 2 }
      }
      yield* store(graph)
      // a queued one can end
      assert.deepStrictEqual(yield* deadlocked, [])
      assert.isNotNull((yield* newcomer(4, [lane("1")], [2])).cycle)
      yield* store({ ...graph, waiters: [...graph.waiters.slice(0, 3), action(4, "waiting", [lane("1")])] })
      assert.deepStrictEqual(yield* deadlocked, [1, 2, 3, 4])
    }))

  test("15.9: who performs holds up nobody whose turn comes later, where there is room", () =>
    Effect.gen(function*() {
      const [many, one, own] = [lane("1"), lane("2"), "l\u00011"]
      const limits = { [many]: 3, [one]: 1, [own]: 1 }
      // of two who wait for a child that is stuck, the one for whom nobody waits
      yield* store({
        waiters: [
          action(1, "performing", [many, own], [3]),
          action(2, "waiting", [many, one]),
          action(3, "waiting", [many]),
          action(4, "performing", [one, own], [3]),
          action(5, "performing", [one])
        ],
        limits
      })
      assert.deepStrictEqual(yield* deadlocked, [2, 3, 4])
      const sql = yield* SqlClient.SqlClient
      const [looked] = yield* sql.unsafe<{ cycle: unknown; undecided: boolean }>(
        "select d.cycle, d.undecided from deadlock_of($1::uuid) d",
        [idOf(1)]
      )
      assert.deepStrictEqual({ ...looked }, { cycle: null, undecided: false })
    }))

  test("15.9: an action waits in each of its lanes, and holds up who stands behind it in any of them", () =>
    Effect.gen(function*() {
      const limits = { [lane("1")]: 1, [lane("2")]: 1 }
      yield* store({
        waiters: [action(1, "performing", [lane("2")], [3]), action(2, "performing", [lane("1")])],
        limits
      })
      assert.isNotNull((yield* newcomer(3, [lane("1"), lane("2")], [1, 1])).cycle)
      // nobody performs in the first lane, and who is next there waits in the second one
      yield* store({
        waiters: [action(1, "performing", [lane("2")], [3]), action(2, "waiting", [lane("1"), lane("2")])],
        limits
      })
      const { message } = yield* newcomer(3, [lane("1")], [1])
      assert.strictEqual(
        message,
        `${words.deadlocked}n3 Car/1 waits in lane "k:1" behind n2 Car/1, which waits in lane "k:2" behind n1 Car/1, ` +
          `which waits in step "plan" for n3 Car/1`
      )
    }))

  test("15.9: a long cycle is said by its beginning and its end, and kept as data", () =>
    Effect.gen(function*() {
      const ring = Array.from({ length: 100 }, (_, i) => [
        action(2 * i + 1, "performing", [`l${i}`], [2 * i + 2]),
        ...i === 99 ? [] : [action(2 * i + 2, "waiting", [`l${i + 1}`])]
      ]).flat()
      yield* store({ waiters: ring, limits: {} })
      const { cycle, message } = yield* newcomer(200, ["l0"], [1])
      assert.strictEqual(cycle!.length, 200)
      assert.strictEqual(
        message,
        `${words.deadlocked}n200 Car/1 waits in lane "l0" behind n1 Car/1, which waits in step "plan" for n2 Car/1, ` +
          `which waits in lane "l1" behind n3 Car/1, and so on over 195 more to n199 Car/1, which waits in step "plan" for n200 Car/1`
      )
    }))

  test("15.9: beyond its limit the search leaves it to the sweep, which looks further", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* store({
        waiters: [
          action(1, "performing", ["a"], [3]),
          action(2, "performing", ["b"], [4]),
          action(3, "waiting", ["b"]),
          action(4, "waiting", ["a"])
        ],
        limits: {}
      })
      // many are waited for by each who performs, and many wait for it
      yield* sql.unsafe(`insert into slots (action, step, slot, child, definition, actor_id)
        select p.id, 0, 10 + i, gen_random_uuid(), 'Car/x', '1'
        from generate_series(1, 11000) i, live_actions p where p.status = 1`)
      yield* sql.unsafe(`insert into slots (action, step, slot, child, definition, actor_id)
        select ('00000000-0000-7000-8001-' || lpad(i::text, 12, '0'))::uuid, 0, p.n, p.id, 'Car/x', '1'
        from generate_series(1, 11000) i, (select id, row_number() over () as n from live_actions where status = 0) p`)
      const looked = yield* sql.unsafe<{ cycle: unknown; undecided: boolean }>(
        "select d.cycle, d.undecided from live_actions l, deadlock_of(l.id) d where l.status = 0"
      )
      assert.deepStrictEqual([...looked], [{ cycle: null, undecided: true }, { cycle: null, undecided: true }])
      assert.deepStrictEqual(yield* deadlocked, [1, 2, 3, 4])
      const swept = yield* sql.unsafe<{ action: string; kind: number }>(
        "select action, kind from break_deadlocks(null, now(), '{}', '{}', '{}') where kind = -3"
      )
      const ended = yield* idsOf("select id from ended_actions where status = 7")
      assert.deepStrictEqual(swept.map((row) => Number(row.action.slice(-12))), ended)
      assert.strictEqual(ended.length, 1)
      assert.deepStrictEqual(yield* deadlocked, [])
    }))
})
