/** What operators have asked for: how it is recorded beside what it does, read, and deleted. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { ownActor, ownQueue } from "../domain/reserved.ts"
import type { ManyOutcome } from "../Many.ts"
import type { DeleteResult, OperationRecord, QueueResult, StillThere } from "../Operation.ts"
import type { NewOperation, Records } from "../store/Records.ts"
import type { Calls } from "./call.ts"
import { type Arguments, array, at, json } from "./columns.ts"
import { reading } from "./reading.ts"

const { text } = PgTypes.OID

/** Null where nobody is to be named: then nothing is recorded. */
export const operationParameter = (operation: NewOperation | undefined): PgTypes.Parameter | null => json(operation)

/** Beside a number of rows that are gone, in the statement that deletes them: records that, if there are any. `place` is the operation's. */
export const recording = (schema: string, count: string, word: "deleted" | "forgotten", place: string): string =>
  `case when ${count} > 0 then ${schema}.record_operation(${place}, 'done', jsonb_build_object('${word}', ${count})) end`

type Operations = Pick<
  Records,
  | "operations"
  | "askedThrough"
  | "askedOf"
  | "askedBefore"
  | "recordOutcome"
  | "deleteOperations"
  | "deleteTree"
  | "reprioritise"
  | "reschedule"
>

/** Through which actions something is asked of many: one that is retried goes on under the id of the first. Looked for where there are such records alone. */
const askingNow = (schema: string) =>
  ["live_actions where", `jobs where queue = '${ownQueue}' and kind = 0 /* JobKind.invocation */ and`].map((from) =>
    `select (arguments -> 0 ->> 'id')::uuid from ${schema}.${from} definition = '${ownActor}/forMany'`
  ).join(" union all ")

/** Of what is asked through an action, without the record of that itself. */
const ofEach = "verb <> 'Stepped.forMany'"

/** A call that says what has come of it in words, recorded in these. */
const inQueue = (calls: Calls, name: "reprioritise" | "reschedule", args: Arguments, operation: NewOperation) => {
  const places = Object.keys(args).map((key, i) => `${key} => $${i + 2}`).join(", ")
  return Effect.map(
    calls.call(
      name,
      `select became, case when became <> 'none' then ${calls.schema}.record_operation($1, became) end
        from ${calls.schema}.${name}(${places}) became`,
      [operationParameter(operation), ...Object.values(args)]
    ),
    ([row]): QueueResult => row![0] === "already" ? "done" : row![0] as QueueResult
  )
}

export const operationsOf = (calls: Calls): Operations => {
  const { call, run, schema } = calls
  const operations = reading(calls)<OperationRecord>({
    id: "id::float8",
    at: "at",
    by: "by",
    verb: "verb",
    target: "target",
    index: "step",
    attemptNumber: "attempt",
    reason: "reason",
    counts: "counts",
    outcome: "outcome",
    through: "through"
  })
  const asked = reading(calls)<ManyOutcome>({
    outcome: "outcome",
    count: "count(*)::int",
    samples: "array_agg(target order by nth) filter (where nth <= 5)"
  })
  return {
    operations: ({ after, by, outcome, target, through, verbs }, limit, { from, until }) => {
      const asked = [
        { condition: "verb = any($)", value: verbs && array(verbs, text) },
        { condition: "target = $::text", value: target },
        { condition: "by = $::text", value: by },
        { condition: "outcome = $::text", value: outcome },
        { condition: "through = $", value: through === undefined ? undefined : PgTypes.uuid(through) },
        { condition: "id < $", value: after === undefined ? undefined : PgTypes.int8(BigInt(after)) },
        { condition: "at >= $", value: from === undefined ? undefined : at(from) },
        { condition: "at < $", value: until === undefined ? undefined : at(until) }
      ].filter(({ value }) => value !== undefined)
      const where = asked.map(({ condition }, i) => condition.replace("$", `$${i + 2}`)).join(" and ") || "true"
      return operations("operations", `from ${schema}.operations where ${where} order by id desc limit $1`, [
        PgTypes.int4(limit),
        ...asked.map(({ value }) => value)
      ])
    },
    reprioritise: (action, priority, operation) =>
      inQueue(calls, "reprioritise", {
        p_action: PgTypes.uuid(action),
        p_priority: PgTypes.int2(priority)
      }, operation),
    reschedule: (action, due, operation) =>
      inQueue(calls, "reschedule", {
        p_now: at(operation.at),
        p_action: PgTypes.uuid(action),
        p_due: at(due)
      }, operation),
    deleteTree: (action, limit, operation) =>
      Effect.map(
        call(
          "deleteTree",
          // of what is asked through another action a part is no end of it: where there is more, it is recorded by itself
          `select became, deleted, kept, has_more, case when became <> 'none' then
              ${schema}.record_operation(
                case when has_more and became = 'done' then $4::jsonb - 'through' else $4::jsonb end,
                became,
                case when deleted > 0 then jsonb_build_object('deleted', deleted) end) end
            from ${schema}.delete_tree(p_now => $1, p_action => $2, p_limit => $3)`,
          [at(operation.at), PgTypes.uuid(action), PgTypes.int4(limit), operationParameter(operation)]
        ),
        ([row]): DeleteResult => {
          const [became, deleted, kept, hasMore] = row!
          switch (became) {
            case "done":
              return {
                _tag: "Deleted",
                deleted: deleted as number,
                kept: kept as ReadonlyArray<StillThere>,
                hasMore: hasMore as boolean
              }
            case "kept":
              return { _tag: "Kept", kept: kept as ReadonlyArray<StillThere> }
            case "notEnded":
              return { _tag: "NotEnded" }
            default:
              return { _tag: "None" }
          }
        }
      ),
    askedThrough: (through) =>
      asked(
        "askedThrough",
        `from (
            select outcome, target, row_number() over (partition by outcome order by id) as nth
            from ${schema}.operations where through = $1 and ${ofEach}) o group by outcome order by count(*) desc, outcome`,
        [PgTypes.uuid(through)]
      ),
    askedOf: (through, targets) =>
      Effect.map(
        call("askedOf", `select target from ${schema}.operations where through = $1 and target = any($2)`, [
          PgTypes.uuid(through),
          array(targets, text)
        ]),
        (rows) => new Set(rows.map(([target]) => target as string))
      ),
    askedBefore: (through, last) =>
      Effect.map(
        call(
          "askedBefore",
          `select target from ${schema}.operations where through = $1 and ${ofEach} order by target offset $2 limit 1`,
          [PgTypes.uuid(through), PgTypes.int4(last)]
        ),
        ([row]) => row?.[0] as string | undefined
      ),
    recordOutcome: (operation, outcome) =>
      Effect.asVoid(
        run("recordOutcome", "record_operation", {
          p_operation: operationParameter(operation),
          p_outcome: PgTypes.text(outcome)
        })
      ),
    deleteOperations: (before, limit, operation) =>
      Effect.map(
        call(
          "deleteOperations",
          // whoever asks for something of many goes on by what is recorded; and of a time to come the record of one page is no work for the next
          `with gone as (delete from ${schema}.operations where id = any(array(
              select id from ${schema}.operations
              where at < $1 and (through is null or through <> all(array(${askingNow(schema)})))
                and (verb <> 'ActionRepo.deleteOperations' or target is distinct from $3::jsonb ->> 'target')
              order by at limit $2 for update skip locked)) returning 1)
            select n, ${recording(schema, "n", "deleted", "$3")} from (select count(*)::int as n from gone) c`,
          [at(before), PgTypes.int4(limit), operationParameter(operation)]
        ),
        (rows) => rows[0]![0] as number
      )
  }
}
