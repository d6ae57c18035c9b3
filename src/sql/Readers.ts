/**
 * The four services over Postgres: reads, and the one write that each may do alone. What changes several tables is a transition.
 */
import { PgClient } from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { AchievementStore } from "../AchievementStore.ts"
import { type ActionRecord, ActionRepo, type ActionTree, type SlotRecord, type StepRecord } from "../ActionRepo.ts"
import { isActionId, statuses } from "../domain/Phase.ts"
import { type Backlog, JobQueue } from "../JobQueue.ts"
import { type Lane, PerformanceLane } from "../PerformanceLane.ts"
import type { StorageError } from "../SteppedError.ts"
import { Store } from "../store/Store.ts"
import { Storage } from "./Storage.ts"
import { answered } from "./storageError.ts"

type Row = Readonly<Record<string, any>>

const query = Effect.gen(function*() {
  const sql = yield* PgClient
  const { deadline } = yield* Storage
  return (
    operation: string,
    text: string,
    params: ReadonlyArray<unknown>
  ): Effect.Effect<ReadonlyArray<Row>, StorageError> =>
    answered(operation, deadline)(sql.unsafe<Row>(text, params).withoutTransform)
})

const orNone = <A>(value: A | null): A | undefined => value ?? undefined

const toAction = (row: Row): ActionRecord => ({
  id: row.id,
  actorType: row.actor_type,
  actorId: row.actor_id,
  name: row.name,
  arguments: row.arguments,
  status: row.status,
  outbound: row.outbound,
  queue: row.queue,
  lane: row.lane,
  checksumKey: row.checksum_key,
  checksum: orNone(row.checksum),
  parent: orNone(row.parent),
  parentStep: orNone(row.parent_step),
  depth: row.depth,
  attempts: row.attempts,
  result: row.result,
  cause: orNone(row.cause),
  supersededBy: orNone(row.superseded_by),
  callbacksSucceeded: row.callbacks_succeeded,
  callbacksFailed: row.callbacks_failed,
  enqueuedAt: row.enqueued_at,
  startedAt: orNone(row.started_at),
  endedAt: orNone(row.ended_at)
})

const toStep = (row: Row): StepRecord => ({
  action: row.action,
  index: row.idx,
  name: row.name,
  kind: row.kind,
  status: row.status,
  startedAt: row.started_at,
  endedAt: orNone(row.ended_at)
})

const toSlot = (row: Row): SlotRecord => {
  const [actorType, name] = (row.definition as string | null)?.split("/") ?? []
  return {
    action: row.action,
    step: row.step,
    slot: row.slot,
    child: orNone(row.child),
    actorType,
    actorId: orNone(row.actor_id),
    name,
    dueAt: orNone(row.due_at),
    status: row.status === null ? undefined : statuses[row.status]
  }
}

export const layerActionRepo = Layer.effect(
  ActionRepo,
  Effect.gen(function*() {
    const run = yield* query
    const { quoted: schema } = yield* Storage
    const store = yield* Store
    const find = (id: string) =>
      isActionId(id)
        ? Effect.map(
          run("find", `select * from ${schema}.actions where id = $1::uuid`, [id]),
          (rows) => rows[0] === undefined ? Option.none<ActionRecord>() : Option.some(toAction(rows[0]))
        )
        : Effect.succeed(Option.none<ActionRecord>())
    const steps = (id: string) =>
      Effect.map(
        run("steps", `select * from ${schema}.action_steps where action = $1::uuid order by idx`, [id]),
        (rows) => rows.map(toStep)
      )
    const slots = (id: string) =>
      Effect.map(
        run(
          "slots",
          `select action, step, slot, child, definition, actor_id, due_at, status from ${schema}.slots where action = $1::uuid order by step, slot`,
          [id]
        ),
        (rows) => rows.map(toSlot)
      )
    return ActionRepo.of({
      find,
      list: (filter = {}) => {
        const params: Array<unknown> = []
        const conditions = ["true"]
        const add = (condition: (n: number) => string, value: unknown) => {
          if (value === undefined) return
          params.push(value)
          conditions.push(condition(params.length))
        }
        add((n) => `actor_type = $${n}::text`, filter.actorType)
        add((n) => `actor_id = $${n}::text`, filter.actorId)
        add((n) => `name = $${n}::text`, filter.name)
        add((n) => `status = any($${n}::text[])`, filter.statuses)
        if (filter.roots === true) conditions.push("parent is null")
        // as the index has it
        if (filter.callbacksFailed === true) conditions.push("callbacks_failed > 0")
        params.push(Math.max(0, Math.min(filter.limit ?? 100, 10_000)))
        return Effect.map(
          run(
            "list",
            `select * from ${schema}.actions where ${
              conditions.join(" and ")
            } order by id desc limit $${params.length}::int`,
            params
          ),
          (rows) => rows.map(toAction)
        )
      },
      steps,
      slots,
      tree: (id, limit = 1000) =>
        Effect.gen(function*() {
          if (!isActionId(id)) return Option.none()
          // level by level: a statement for the actions of a level, one for their steps, one for their slots
          const actions = new Map<string, ActionRecord>()
          const stepsOf = new Map<string, Array<StepRecord>>()
          const slotsOf = new Map<string, Array<SlotRecord>>()
          let level: ReadonlyArray<string> = [id]
          while (level.length > 0 && actions.size < limit) {
            const ids = level.slice(0, limit - actions.size)
            const rows = yield* run("tree", `select * from ${schema}.actions where id = any($1::uuid[])`, [ids])
            for (const row of rows) actions.set(row.id, toAction(row))
            for (
              const row of yield* run(
                "tree",
                `select * from ${schema}.action_steps where action = any($1::uuid[]) order by idx`,
                [ids]
              )
            ) {
              stepsOf.set(row.action, [...stepsOf.get(row.action) ?? [], toStep(row)])
            }
            const found = yield* run(
              "tree",
              `select action, step, slot, child, definition, actor_id, due_at, status from ${schema}.slots where action = any($1::uuid[]) order by step, slot`,
              [ids]
            )
            for (const row of found) {
              const of = slotsOf.get(row.action)
              if (of === undefined) slotsOf.set(row.action, [toSlot(row)])
              else of.push(toSlot(row))
            }
            level = [
              ...new Set(
                found.map((row) => row.child as string | null).filter((child): child is string =>
                  child !== null && !actions.has(child)
                )
              )
            ]
          }
          const build = (of: string): ActionTree | undefined => {
            const action = actions.get(of)
            if (action === undefined) return undefined
            actions.delete(of) // a joined action shows under the first slot that waits for it
            return {
              action,
              steps: (stepsOf.get(of) ?? []).map((step) => ({
                ...step,
                slots: (slotsOf.get(of) ?? []).filter((slot) => slot.step === step.index).map((slot) => ({
                  ...slot,
                  tree: slot.child === undefined ? undefined : build(slot.child)
                }))
              }))
            }
          }
          return Option.fromUndefinedOr(build(id))
        }),
      deleteEnded: ({ before, limit }) =>
        store.deleteEnded(before.getTime(), Math.max(1, Math.min(limit ?? 10_000, 100_000)))
    })
  })
)

const toLane = (row: Row): Lane => ({ key: row.lane, performing: row.performing, pending: orNone(row.pending) })

export const layerPerformanceLane = Layer.effect(
  PerformanceLane,
  Effect.gen(function*() {
    const run = yield* query
    const { quoted: schema } = yield* Storage
    const lanes =
      `select c.lane, c.id as performing, p.id as pending from ${schema}.live_actions c left join ${schema}.live_actions p on p.lane = c.lane and p.status = 0 where c.status = 1 and position(E'\\x01' in c.lane) = 0`
    return PerformanceLane.of({
      find: (key) =>
        Effect.map(
          run("lane", `${lanes} and c.lane = $1::text`, [key]),
          (rows) => Option.map(Option.fromUndefinedOr(rows[0]), toLane)
        ),
      list: (limit) =>
        Effect.map(run("lanes", `${lanes} order by c.lane limit $1::int`, [limit]), (rows) => rows.map(toLane))
    })
  })
)

export const layerAchievementStore = Layer.effect(
  AchievementStore,
  Effect.gen(function*() {
    const run = yield* query
    const { quoted: schema } = yield* Storage
    return AchievementStore.of({
      find: (checksumKey) =>
        Effect.map(
          run("achievement", `select * from ${schema}.achievements where checksum_key = $1::text`, [checksumKey]),
          (rows) =>
            Option.map(Option.fromUndefinedOr(rows[0]), (row) => ({
              checksumKey: row.checksum_key,
              checksum: row.checksum,
              result: row.result,
              action: row.action,
              achievedAt: row.achieved_at
            }))
        ),
      forget: (checksumKey) =>
        Effect.map(
          run("forget", `delete from ${schema}.achievements where checksum_key = $1::text returning 1 as gone`, [
            checksumKey
          ]),
          (rows) => rows.length > 0
        )
    })
  })
)

export const layerJobQueue = Layer.effect(
  JobQueue,
  Effect.gen(function*() {
    const run = yield* query
    const { quoted: schema } = yield* Storage
    const store = yield* Store
    return JobQueue.of({
      nextDue: store.nextDue,
      queued: (limit) =>
        Effect.map(
          run(
            "queued",
            `select action, split_part(definition, '/', 1) as actor_type, split_part(definition, '/', 2) as name, actor_id, coalesce(given, arguments) as arguments, queue, enqueued_at,
              cancelled_at is not null as cancelled, elder
            from ${schema}.jobs where kind = 0 order by id limit $1::int`,
            [limit]
          ),
          (rows) =>
            rows.map((row) => ({
              action: row.action,
              actorType: row.actor_type,
              actorId: row.actor_id,
              name: row.name,
              arguments: row.arguments,
              queue: row.queue,
              cancelled: row.cancelled,
              waitsFor: orNone(row.elder),
              enqueuedAt: row.enqueued_at
            }))
        ),
      backlog: Effect.map(
        run(
          "backlog",
          `select queue, split_part(definition, '/', 1) as actor_type, split_part(definition, '/', 2) as name,
            count(*) filter (where priority < 100)::int as due, count(*) filter (where priority = 100)::int as later,
            count(*) filter (where priority = 101)::int as held, count(*) filter (where priority = 102)::int as waiting, count(*) filter (where cancelled_at is not null)::int as cancelled, min(enqueued_at) as oldest
          from ${schema}.jobs group by queue, definition order by queue, definition`,
          []
        ),
        (rows) =>
          rows.map((row): Backlog => ({
            queue: row.queue,
            actorType: row.actor_type,
            name: row.name,
            due: row.due,
            later: row.later,
            held: row.held,
            waiting: row.waiting,
            cancelled: row.cancelled,
            oldestEnqueuedAt: row.oldest
          }))
      )
    })
  })
)
