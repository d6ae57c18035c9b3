/** The invariants of the storage as queries. */
import { JobKind, KeyKind, phaseCodes, Priority, ScheduleSource } from "../domain/Phase.ts"
import { stranded } from "../store/Store.ts"
import { isLeft } from "./conditions.ts"
import { ofExecutions } from "./executionChecks.ts"
import { areAllPaused } from "./schedules.ts"

/** Whether a pause holds a live action, or what was resumed may still have to go on. */
const isHeld = (s: string, live: string) =>
  `(exists (select 1 from ${s}.resumed) or exists (select 1 from ${s}.pauses p where p.kind = 'everything'
    or (p.kind = 'queue' and p.subject = ${live}.queue) or (p.kind = 'definition' and p.subject = ${live}.definition)
    or (p.kind = 'lane' and (p.subject = ${live}.lane or p.subject = any(${live}.lanes)))))`

/** Whether nothing pauses a schedule. */
const isToFire = (s: string) => `s.paused_at is null and not ${areAllPaused(s)}`

/** Of schedules that are to fire: since when one is due, while there are workers, for something to be wrong. User time is `$1`. */
const isLate = (s: string) =>
  `${isToFire(s)} and s.trouble is null and s.next_at < $1::timestamptz - interval '10 minutes'`

/** Whether a worker lives for which something holds, of those that have said what they can run. */
const someWorker = (s: string, holds: string) =>
  `exists (select 1 from ${s}.workers w where w.lease_until > clock_timestamp() and w.definitions is not null and ${holds})`
const firesIt =
  `case s.source when ${ScheduleSource.code} then w.schedules @> array[s.hash] else w.definitions @> array[s.definition] end`
const performsIt = "w.definitions @> array[s.definition] and (w.queues is null or s.queue = any(w.queues))"

/** The number of an invariant, what is wrong, and a query for those of whom it is. */
export type Check = readonly [invariant: number, problem: string, query: (s: string) => string]

/** What must not be, each as a query for those of whom it is true. */
export const checks: ReadonlyArray<Check> = [
  [
    1,
    "is live and ended at once",
    (s) => `select l.id::text from ${s}.live_actions l join ${s}.ended_actions e on e.id = l.id where l.unwinds is null`
  ],
  [
    1,
    "unwinds what has nothing left to undo",
    (s) =>
      `select l.id::text from ${s}.live_actions l where l.unwinds is not null and (l.unwinds <> l.id or l.outcome is null or not exists (
        select 1 from ${s}.ended_actions e where e.id = l.id and (${isLeft} or (e.status = 2 and e.undo is not null and e.undo & 2 = 0 and e.unwound is null))))`
  ],
  [
    1,
    "is unwound, and nobody has asked for that",
    // a parent, whose time for it may be over by now, or somebody again
    (s) =>
      `select l.id::text from ${s}.live_actions l where l.unwinds is not null
      and not exists (select 1 from ${s}.slots o where o.child = l.id and o.undo is not null)
      and not exists (select 1 from ${s}.ended_actions e where e.id = l.id and ${isLeft})`
  ],
  [
    1,
    "is unwound, and has achieved something",
    (s) =>
      `select a.action::text from ${s}.achievements a join ${s}.ended_actions e on e.id = a.action
      where e.unwound is not null or exists (select 1 from ${s}.live_actions l where l.id = a.action and l.unwinds is not null)`
  ],
  [1, "has ended without a terminal status", (s) => `select id::text from ${s}.ended_actions where status < 2`],
  [1, "is live with a terminal status", (s) => `select id::text from ${s}.live_actions where status > 1`],
  [
    1,
    "is an action and was answered as none",
    (s) =>
      `select o.id::text from ${s}.outcomes o where exists (select 1 from ${s}.live_actions l where l.id = o.id) or exists (select 1 from ${s}.ended_actions e where e.id = o.id)`
  ],
  [
    1,
    "is queued as new, and was stored already",
    (s) =>
      `select j.action::text from ${s}.jobs j where j.kind = 0 and (exists (select 1 from ${s}.live_actions l where l.id = j.action) or exists (select 1 from ${s}.ended_actions e where e.id = j.action))`
  ],
  [
    1,
    "was superseded by nobody",
    // of its successor the history may be deleted already
    (s) => `select e.id::text from ${s}.ended_actions e where e.status = 3 and e.superseded_by is null`
  ],
  [2, stranded.job, (s) => `select id::text from ${s}.stranded_actions where phase <> ${phaseCodes.waiting}`],
  [2, stranded.slots, (s) => `select id::text from ${s}.stranded_actions where phase = ${phaseCodes.waiting}`],
  [
    2,
    "waits to be completed from outside and is not outbound",
    (s) => `select l.id::text from ${s}.live_actions l where l.status = 1 and l.phase = 2 and l.flags & 16 = 0`
  ],
  [
    2,
    "is pending in a lane that nobody performs in",
    (s) =>
      `select l.id::text from ${s}.live_actions l where l.seat < 0 and not exists (select 1 from ${s}.live_actions c where c.lane = l.lane and c.seat = 0)`
  ],
  [
    2,
    "waits first in a lane, and nothing pauses that",
    (s) => `select l.id::text from ${s}.live_actions l where l.seat = 0 and l.status = 0 and not ${isHeld(s, "l")}`
  ],
  [
    2,
    "is cancelled, and no worker has ended it for a minute: does one have its definition?",
    // those behind others that wait have only not had their turn
    (s) =>
      `select j.action::text from ${s}.jobs j left join (select distinct on (queue) queue, priority, id from ${s}.jobs
        where priority > ${Priority.first} and priority < ${Priority.turns} and cancelled_at is null order by queue, priority, id) f on f.queue = j.queue
      where j.cancelled_at < clock_timestamp() - interval '1 minute' and j.priority < ${Priority.turns} and (f.id is null or (j.priority, j.id) < (f.priority, f.id))`
  ],
  [
    2,
    "waits for an elder sibling that is not on its way",
    (s) =>
      `select j.action::text from ${s}.jobs j where j.priority = ${Priority.waiting} and not exists (select 1 from ${s}.jobs e
        where e.action = j.elder and e.kind = 0 and e.priority <> ${Priority.delayed} and e.id < j.id)`
  ],
  [
    2,
    "is in a cycle of waiting",
    (s) =>
      `select w.id::text from ${s}.live_actions w
      where w.status = 0 and w.outcome is null and exists (select 1 from ${s}.slots o where o.child = w.id and o.status is null) and ${s}.is_deadlocked(w.id)
      union all
      select distinct o.action::text from ${s}.slots o join ${s}.live_actions c on c.id = o.child
      where o.moved and o.status is null and c.status = 1 and c.outcome is null and ${s}.is_deadlocked(o.action)`
  ],
  [
    3,
    "is waited for and neither queued nor live",
    (s) =>
      `select o.child::text from ${s}.slots o where o.status is null and o.child is not null
      and not (o.undo is not null and exists (select 1 from ${s}.abandoned_by a where a.action = o.action))
      and not exists (select 1 from ${s}.live_actions l where l.id = o.child) and not exists (select 1 from ${s}.jobs j where j.action = o.child and j.kind = 0)`
  ],
  [
    3,
    "has an open slot that waits for nothing",
    (s) =>
      `select o.action::text from ${s}.slots o where o.status is null and o.child is null and o.due_at is null and o.signal is null`
  ],
  [
    2,
    "waits for a signal that was sent in time, and nobody looks at it",
    (s) =>
      `select o.action::text from ${s}.slots o join ${s}.live_actions l on l.id = o.action
      where o.status is null and o.signal is not null and l.token is null and l.phase = ${phaseCodes.waiting} and l.step = o.step and l.outcome is null
      and exists (select 1 from ${s}.signals g where g.action = o.action and g.name = o.signal and g.step is null and (o.due_at is null or g.sent_at < o.due_at)
        and (g.for_step is null or ${s}.attempt_counts(g.action, g.for_step, g.for_attempt))
        and not exists (select 1 from ${s}.signals e where e.action = g.action and e.name = g.name and e.key = g.key and (e.id < g.id or e.step is not null)))
      and not exists (select 1 from ${s}.jobs j where j.kind = ${JobKind.signal} and j.action = o.action)`
  ],
  [
    3,
    "has settled a slot with a signal that it has not read, or has read one twice",
    (s) =>
      `select o.action::text from ${s}.slots o where o.signal is not null and o.carried is not true and o.status in (2, 5) and coalesce(o.request <> '', o.attempt is null)
      and (select count(*) from ${s}.signals g where g.action = o.action and g.step = o.step and g.slot = o.slot) <> 1`
  ],
  [
    3,
    "has an open slot and is not live",
    (s) =>
      `select o.action::text from ${s}.slots o where o.status is null and not exists (select 1 from ${s}.live_actions l where l.id = o.action)`
  ],
  [
    3,
    "has an open slot of a step that does not wait",
    (s) =>
      `select o.action::text from ${s}.slots o join ${s}.live_actions l on l.id = o.action where o.status is null and l.outcome is null and (l.phase <> 1 or l.step <> o.step)`
  ],
  [
    3,
    "has a step that performs, and has ended",
    (s) =>
      `select t.action::text from ${s}.steps t where t.status = 1 and not exists (select 1 from ${s}.live_actions l where l.id = t.action)`
  ],
  [
    3,
    "is waited for by a child whose parent has no such step",
    // one that begins again, or is held, has a row when it waits again, or ends
    (s) =>
      `select o.action::text from ${s}.slots o where not exists (select 1 from ${s}.steps t where t.action = o.action and t.idx = o.step)
      and (o.status is null or not exists (select 1 from ${s}.live_actions l where l.id = o.action and l.step = o.step))`
  ],
  [
    3,
    "has memos, or signals that it has read, and is no action",
    (s) =>
      `select x.action::text from (select action from ${s}.memos union select action from ${s}.signals where step is not null) x
      where not exists (select 1 from ${s}.live_actions l where l.id = x.action) and not exists (select 1 from ${s}.ended_actions e where e.id = x.action)`
  ],
  [
    3,
    "is named by an id or a key, and is neither queued nor live, nor is its outcome kept",
    (s) =>
      `select k.action::text from ${s}.action_keys k where k.kind in (${KeyKind.id}, ${KeyKind.idempotency}, ${KeyKind.schedule})
      and not exists (select 1 from ${s}.jobs j where j.action = k.action and j.kind = 0) and not exists (select 1 from ${s}.live_actions l where l.id = k.action)
      and not exists (select 1 from ${s}.ended_actions e where e.id = k.action) and not exists (select 1 from ${s}.outcomes o where o.id = k.action)`
  ],
  [
    3,
    "is a workflow's execution that was started, and is neither queued nor live, nor is its history kept",
    (s) =>
      `select k.action::text from ${s}.action_keys k where k.kind = ${KeyKind.execution} and k.given is not null
      and not exists (select 1 from ${s}.jobs j where j.action = k.action and j.kind = 0) and not exists (select 1 from ${s}.live_actions l where l.id = k.action)
      and not exists (select 1 from ${s}.ended_actions e where e.id = k.action)`
  ],
  ...ofExecutions,
  [
    3,
    "is what a key has completed, and is neither live nor is its history kept",
    (s) =>
      `select k.action::text from ${s}.action_keys k where k.kind = ${KeyKind.completion} and k.free_at is null
      and not exists (select 1 from ${s}.live_actions l where l.id = k.action) and not exists (select 1 from ${s}.ended_actions e where e.id = k.action)`
  ],
  [
    3,
    "is what a signal was sent to under a key, and is neither queued nor live, nor is its outcome kept",
    (s) =>
      `select k.action::text from ${s}.action_keys k where k.kind = ${KeyKind.signal} and k.free_at is null
      and not exists (select 1 from ${s}.jobs j where j.action = k.action and j.kind = 0) and not exists (select 1 from ${s}.live_actions l where l.id = k.action)
      and not exists (select 1 from ${s}.ended_actions e where e.id = k.action) and not exists (select 1 from ${s}.outcomes o where o.id = k.action)`
  ],
  [
    4,
    "has more than one performer",
    (s) => `select lane from ${s}.live_actions where seat = 0 group by lane having count(*) > 1`
  ],
  [
    4,
    "has more than one pending action",
    (s) => `select lane from ${s}.live_actions where seat = -1 group by lane having count(*) > 1`
  ],
  [
    4,
    "has a seat at or beyond the limit that it was admitted under",
    (s) => `select action::text from ${s}.seats where seat >= "limit"`
  ],
  [
    4,
    "is in a named lane and not live there",
    (s) =>
      `select x.action::text from ${s}.seats x where not exists (select 1 from ${s}.live_actions l where l.id = x.action and x.lane = any(l.lanes))`
  ],
  [
    4,
    "is in a named lane that has no row",
    (s) =>
      `select x.action::text from ${s}.seats x where not exists (select 1 from ${s}.named_lanes n where n.lane = x.lane)`
  ],
  [
    4,
    "performs in named lanes without a seat in each of them, or waits with one",
    // one that was decided without having performed has left them, and so has one that was cancelled before it joined
    (s) =>
      `select l.id::text from ${s}.live_actions l cross join lateral (select count(*) as all, count(x.seat) as taken, count(distinct x.place) as places from ${s}.seats x where x.action = l.id) x
      where l.lanes is not null and not (x.all = 0 and l.outcome is not null)
        and (x.all <> cardinality(l.lanes) or x.places <> 1 or x.taken <> case when l.status = 0 then 0 else x.all end)`
  ],
  [
    4,
    "has the place of another action",
    (s) => `select min(action::text) from ${s}.seats group by place having count(distinct action) > 1`
  ],
  [
    2,
    "waits in named lanes that it could begin in",
    (s) =>
      `select l.id::text from ${s}.live_actions l where l.lanes is not null and l.status = 0 and not exists (
        select 1 from ${s}.seats x join ${s}.named_lanes n on n.lane = x.lane where x.action = l.id and (
          x.due_at is not null or n.due_at is not null or (n.paused and ${isHeld(s, "l")}) or n.settings ? 'rate'
          or exists (select 1 from ${s}.seats b where b.lane = x.lane and b.seat is null and (b.priority, b.place) < (x.priority, x.place))
          or (select count(*) from ${s}.seats p where p.lane = x.lane and p.seat is not null) >= (n.settings ->> 'limit')::int))`
  ],
  [
    2,
    "is put off in a named lane whose time nobody looks at",
    (s) =>
      `select x.action::text from ${s}.seats x join ${s}.named_lanes n on n.lane = x.lane join ${s}.live_actions l on l.id = x.action
      where x.seat is null and n.due_at is null and not (n.paused is true and ${isHeld(s, "l")})
      and (x.due_at is not null or n.settings ? 'rate')
      and not exists (select 1 from ${s}.seats b where b.lane = x.lane and b.seat is null and (b.priority, b.place) < (x.priority, x.place))
      and (select count(*) from ${s}.seats p where p.lane = x.lane and p.seat is not null) < (n.settings ->> 'limit')::int
      and (select count(*) from ${s}.seats o where o.action = x.action) = 1`
  ],
  [
    5,
    "is held by a worker that does not exist",
    (s) =>
      `select l.id::text from ${s}.live_actions l where l.token is not null and not exists (select 1 from ${s}.workers w where w.token = l.token)`
  ],
  [
    5,
    "is held by a worker whose lease ended more than a minute ago",
    (s) =>
      `select l.id::text from ${s}.live_actions l join ${s}.workers w on w.token = l.token where w.lease_until < clock_timestamp() - interval '1 minute'`
  ],
  [
    5,
    "is held for a worker that does not exist",
    (s) =>
      `select j.action::text from ${s}.jobs j where j.priority = ${Priority.held} and not exists (select 1 from ${s}.workers w where w.token = j.token)`
  ],
  [
    6,
    "is a schedule that cannot be read, and does not fire: its trouble says why",
    (s) => `select s.name from ${s}.schedules s where s.trouble is not null and ${isToFire(s)}`
  ],
  [
    6,
    "is a schedule that is due for ten minutes, and no worker fires it, though some can",
    (s) => `select s.name from ${s}.schedules s where ${isLate(s)} and ${someWorker(s, firesIt)}`
  ],
  [
    6,
    "is a schedule that is due for ten minutes, and no worker that lives has its action",
    // one that code declares, and nobody any more, is meant to be over
    (s) =>
      `select s.name from ${s}.schedules s where ${isLate(s)} and s.source = ${ScheduleSource.row} and ${
        someWorker(s, "true")
      } and not ${someWorker(s, "w.definitions @> array[s.definition]")}`
  ],
  [
    6,
    "is a schedule that fires what no worker that lives performs",
    (s) =>
      `select s.name from ${s}.schedules s where ${isToFire(s)} and s.next_at is not null and ${
        someWorker(s, firesIt)
      } and not ${someWorker(s, performsIt)}`
  ]
]
