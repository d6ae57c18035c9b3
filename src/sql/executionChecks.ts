/** What the doctor says of executions of workflows. */
import { ExecutionName, Flag, JobKind, phaseCodes, stepKindCodes } from "../domain/Phase.ts"
import type { Check } from "./Doctor.ts"

/** Whether a row was written later than another one. */
const isNewer = (row: string, than: string) => `age(${row}.xmin) < age(${than}.xmin)`

/** Whether an execution (`l`) has no job that wakes it. */
const nobodyLooks = (s: string, when = "") =>
  `not exists (select 1 from ${s}.jobs j where j.kind = ${JobKind.signal} and j.action = l.id ${when})`

/** Of those that are suspended. */
export const ofExecutions: ReadonlyArray<Check> = [
  [
    2,
    "is suspended, and is no execution of a workflow",
    (s) =>
      `select l.id::text from ${s}.live_actions l where l.phase = ${phaseCodes.suspended} and (l.step_kind is distinct from ${stepKindCodes.replayed} or l.token is not null)`
  ],
  [
    2,
    "is suspended, though something has woken it while its body ran",
    (s) =>
      `select l.id::text from ${s}.live_actions l where l.phase = ${phaseCodes.suspended} and l.outcome is null
      and (l.flags & ${Flag.resumed} <> 0 or (l.flags & ${Flag.woken} <> 0 and l.failure is null))`
  ],
  [
    2,
    "is suspended, was sent something since, and nobody looks at it",
    // what was stored before the suspension its body has seen, or is a clock
    (s) =>
      `select l.id::text from ${s}.live_actions l where l.phase = ${phaseCodes.suspended} and l.outcome is null and exists (
        select 1 from ${s}.signals g where g.action = l.id and (g.to_ring is null or g.sent_at <= $1::timestamptz) and ${
        isNewer("g", "l")
      }
        and (l.failure is null or g.name = '${ExecutionName.interrupt}'))
      and ${nobodyLooks(s)}`
  ],
  [
    2,
    "is suspended, has a clock that is to ring, and nobody looks at that",
    (s) =>
      `select l.id::text from ${s}.live_actions l cross join lateral (
        select min(g.sent_at) as rings from ${s}.signals g where g.action = l.id and g.to_ring offset 0) g
      where l.phase = ${phaseCodes.suspended} and l.outcome is null and g.rings is not null and ${
        nobodyLooks(s, "and j.due_at <= g.rings")
      }`
  ],
  [
    2,
    "is suspended, what it waits for has ended since, and nobody looks at it",
    // what is forgotten of the history has a newer row, and is what nobody waits for (`in_use`)
    (s) =>
      `select l.id::text from ${s}.live_actions l where l.phase = ${phaseCodes.suspended} and l.outcome is null and l.failure is null and exists (
        select 1 from ${s}.execution_parents p join ${s}.ended_actions e on e.id = p.child
        where p.parent = l.id and ${isNewer("e", "l")})
      and ${nobodyLooks(s)}`
  ]
]
