/**
 * How a program is played under faults: it is invoked once whatever its client hears, everything is performed, and what is to be seen at
 * its end is compared.
 */
import { Cause, Effect, Exit, type Layer } from "effect"
import { SqlClient } from "effect/sql"
import { type ActionHandle, type ActorRef, type AnyAction, Engine } from "stepped"
import type { Services } from "./Process.ts"
import type { Cast, Stage, Tree } from "./Trial.ts"

/** User code writes down that it ran: in a transaction of its own, or in the one that it finds. */
export const note = (text: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => Effect.asVoid(Effect.orDie(sql`insert into effects values (${text})`)))

export interface Program {
  readonly layer: Layer.Layer<never, never, Engine | SqlClient.SqlClient>
  /** Gives what handles say in the end. */
  readonly play: (stage: Stage) => Effect.Effect<ReadonlyArray<string>, unknown>
  readonly handles: ReadonlyArray<string>
  /** `Car/1 visit succeeded: move succeeded`, in any order; of executions their payload stands for their id. */
  readonly actions: ReadonlyArray<string>
  /** What user code wrote, once where that is promised. */
  readonly notes: ReadonlyArray<string>
  /** What it may have written, or not: by whether it has gone on where it was before. */
  readonly perhaps?: ReadonlyArray<string>
  readonly settings?: Cast["settings"]
  readonly ownTransactions?: boolean
}

export const program = (name: string, program: Program): Tree => ({
  name,
  cast: () => ({
    definitions: program.layer,
    settings: program.settings ?? {},
    ownTransactions: program.ownTransactions === true,
    allowed: [{
      handles: program.handles,
      actions: [...program.actions].sort(),
      notes: [...program.notes].sort()
    }],
    play: (stage) =>
      Effect.gen(function*() {
        const handles = yield* program.play(stage)
        const actions = yield* stage.sql<{ line: string }>`
          select concat_ws(' ', actor_type || case when actor_type like 'Workflow.%' then (arguments->>0) else '/' || actor_id end, name, status, nullif(callbacks_succeeded, 0), 'failed: ' || nullif(callbacks_failed, 0),
            (select string_agg(s.name || ' ' || s.status, ', ' order by s.idx) from stepped.action_steps s where s.action = a.id)) as line
          from stepped.actions a order by 1`
        const notes = yield* stage.sql<{ entry: string }>`select entry from effects`
        const entries = notes.map(({ entry }) => entry).filter((entry) => program.perhaps?.includes(entry) !== true)
          .sort()
        return {
          handles,
          actions: actions.map(({ line }) => line).sort(),
          notes: entries.filter((entry, i) => entry.startsWith("once: ") || entries.indexOf(entry) === i)
        }
      })
  })
})

/** Who is invoked, to be found again by a client that did not hear of it. */
export interface Root {
  readonly actor: ActorRef
  readonly action: AnyAction
  readonly invoke: Effect.Effect<ActionHandle, unknown, Services>
}

/** Invokes once, whatever a client hears or does not hear; gives the action's id. */
export const invoke = (stage: Stage, root: Root): Effect.Effect<string> =>
  Effect.gen(function*() {
    for (let attempt = 0; attempt < 10; attempt++) {
      const heard = yield* stage.ask(root.invoke)
      if (heard._tag === "Answer") return heard.value.id
      const stored = yield* storedOf(stage, root)
      if (stored !== undefined) return stored
    }
    return yield* Effect.die(new Error(`${root.action.name} cannot be invoked`))
  })

export const storedOf = ({ sql }: Stage, { action, actor }: Root) =>
  Effect.map(
    Effect.orDie(sql<{ readonly id: string }>`select id from
      (select action as id, definition, actor_id, parent from stepped.jobs where kind = 0
        union all select id, definition, actor_id, parent from stepped.live_actions
        union all select id, definition, actor_id, parent from stepped.ended_actions
        union all select id, definition, actor_id, null from stepped.outcomes) x
      where definition = ${`${actor.type}/${action.name}`} and actor_id = ${String(actor.id)} and parent is null`),
    (rows) => rows[0]?.id
  )

/** What awaiting an action gives, in words. */
export const awaited = (stage: Stage, { action, actor }: Root, id: string) =>
  stage.insist(Effect.gen(function*() {
    const { await: result } = yield* (yield* Engine).handle(actor, action, id)
    const exit = yield* Effect.exit(result as Effect.Effect<unknown, { readonly _tag: string }>)
    if (Exit.isSuccess(exit)) return exit.value === undefined ? "nothing" : JSON.stringify(exit.value)
    const error = exit.cause.reasons.find(Cause.isFailReason)?.error
    if (error === undefined || error._tag === "StorageError") return yield* Effect.failCause(exit.cause)
    return error._tag
  }))

export const nobody = Effect.succeed(false)

/** Invokes, lets everything be performed, and awaits. */
export const simply =
  (root: Root, outside: (stage: Stage) => Effect.Effect<boolean, unknown> = () => nobody) => (stage: Stage) =>
    Effect.gen(function*() {
      const id = yield* invoke(stage, root)
      yield* stage.drain(Effect.orDie(outside(stage)))
      return [yield* awaited(stage, root, id)]
    })
