/**
 * What tests look at: stored actions, steps, slots and lanes, short enough to compare in one line.
 */
import { Effect, Option } from "effect"
import { ActionRepo, PerformanceLane, Stepped } from "stepped"
import type { ActionRecord, Lane } from "stepped"

/** What the doctor finds once it has checked everything: on a machine that is busy, or a statement's deadline is short, some of it takes too long. */
export const examined = Effect.repeat(Stepped.doctor, {
  until: (findings) => findings.every(({ isUnchecked }) => isUnchecked !== true)
})

/** A stored action. */
export const recordOf = (id: string) =>
  Effect.flatMap(
    Effect.flatMap(ActionRepo, (repo) => repo.find(id)),
    (found) => Option.isSome(found) ? Effect.succeed(found.value) : Effect.die(new Error(`no action ${id} is stored`))
  )

/** Actions of a name that are no longer queued, in the order in which they were enqueued. */
export const recordsOf = (name: string) =>
  Effect.map(
    Effect.flatMap(ActionRepo, (repo) => repo.list({ name, limit: 10_000 })),
    (actions): ReadonlyArray<ActionRecord> => actions.filter(({ status }) => status !== "queued").reverse()
  )

/** Statuses of the actions of a name that are no longer queued, in the order in which they were enqueued. */
export const statusesOf = (name: string) =>
  Effect.map(recordsOf(name), (actions) => actions.map((action) => action.status))

/** An action's steps with their statuses, such as `move succeeded`. */
export const stepsOf = (id: string) =>
  Effect.map(
    Effect.flatMap(ActionRepo, (repo) => repo.steps(id)),
    (steps) => steps.map((step) => `${step.name} ${step.status}`)
  )

/** An action's steps with what they are, such as `own move`. */
export const kindsOf = (id: string) =>
  Effect.map(
    Effect.flatMap(ActionRepo, (repo) => repo.steps(id)),
    (steps) => steps.map((step) => `${step.kind} ${step.name}`)
  )

/** The statuses of an action's slots; `open` for those that still wait. */
export const slotsOf = (id: string) =>
  Effect.map(
    Effect.flatMap(ActionRepo, (repo) => repo.slots(id)),
    (slots) => slots.map((slot) => slot.status ?? "open")
  )

/** The lane of a concurrency key, in which one performs and one may wait. */
export const laneOf = (key: string, performing: string, pending?: string): Lane => ({
  name: undefined,
  key,
  limit: 1,
  performing: [performing],
  pending: pending === undefined ? [] : [pending],
  waiting: pending === undefined ? 0 : 1,
  dueAt: undefined,
  pause: undefined
})

/** The keys of the lanes that are occupied. */
export const lanes = Effect.map(
  Effect.flatMap(PerformanceLane, (lane) => lane.list({ limit: 10_000 })),
  (all) => all.map((lane) => lane.key)
)
