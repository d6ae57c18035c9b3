/** Looks at all that is left of a run, and enters what is wrong. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { callbacksOf, type Outcome, type Shape, type StoredAction } from "../model/Model.ts"
import { brokenRules, show, stored } from "../model/Trees.ts"
import * as Audit from "./Audit.ts"
import { apartMs, shakyName, steadyNames } from "./Bells.ts"
import type { Book, Counts } from "./Book.ts"
import type { Clients } from "./Clients.ts"
import { layerLooking, type Undisturbed } from "./Database.ts"
import { undoneBeside } from "./Voyages.ts"
import { groupOf, inModelsWords, padding } from "./World.ts"

export interface Run {
  readonly book: Book
  readonly clients: Clients
  /** Of the logs. */
  readonly folder: string
  readonly undisturbed: Undisturbed
}

const rows = <A extends object>(undisturbed: Undisturbed, query: string) =>
  undisturbed(Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe<A>(query)))

export const judge = (run: Run) =>
  Effect.gen(function*() {
    const { book, undisturbed } = run
    const rules = undisturbed(Effect.provide(brokenRules({ oneClock: false }), layerLooking))
    for (const rule of yield* rules) book.accuse(rule)
    for (const rule of yield* undisturbed(Audit.broken)) book.accuse(rule)
    book.counts["transitions noted"] = yield* undisturbed(Audit.noted)
    const log = readLog(run.folder)
    book.counts.bodies = log.entries
    book.counts["bodies that blocked"] = log.blocked
    book.counts["bodies that kept a connection"] = log.keeping
    yield* longResults(run)
    yield* bodies(run, log)
    yield* callbacks(run, log)
    yield* effects(run)
    yield* ownEnds(run)
    yield* orders(run)
    yield* endings(run)
    yield* foretold(run, log)
    yield* voyages(run, log)
    yield* bells(run)
    unseen(book)
  })

/** What is there of the first actions that findings name. */
export const stories = (undisturbed: Undisturbed, { findings }: Book) =>
  Effect.forEach(
    [...new Set(findings.flatMap((finding) => finding.match(uuids)?.slice(0, 2) ?? []))].slice(0, 10),
    (id) => Effect.map(undisturbed(Audit.storyOf(id)), (lines) => [id, ...lines].join("\n    "))
  )

const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g

/** From so many trees on each of these has come, whatever the machine. */
const longRun = 1000
const inLongRuns: ReadonlyArray<keyof Counts> = [
  "bodies that kept a connection",
  "long results",
  "cancelled by their own step",
  "completed by their own step",
  "processes at repeatable read"
]

/** A run in which something never came says nothing of it. */
export const unseen = ({ accuse, counts }: Book): void => {
  if (counts.trees < longRun) return
  for (const what of inLongRuns) if (counts[what] === 0) accuse(`nothing was tried of this: ${what}`)
}

/**
 * Each slot of a schedule was enqueued once, and those that nobody has meddled with have fired, and left none out but what all have passed by, which
 * was not enqueued.
 */
export const bells = ({ book, undisturbed }: Pick<Run, "book" | "undisturbed">) =>
  Effect.gen(function*() {
    const found = yield* rows<
      { name: string; slots: number; keys: number; actions: number; passed: number; due: number | null }
    >(undisturbed, bellsOf)
    for (const name of steadyNames) {
      if (!found.some((one) => one.name === name && one.slots > 0)) book.accuse(`${name} has never fired`)
    }
    for (const { actions, due, keys, name, passed, slots } of found) {
      book.counts["slots of schedules"] += slots
      book.counts["slots passed by"] += passed
      if (actions !== keys) book.accuse(`${name} has enqueued ${actions} actions for ${keys} slots`)
      const left = (due ?? 0) - passed
      if (name !== shakyName && slots !== left) book.accuse(`${name} has fired ${slots} of ${left} slots`)
    }
  })

/**
 * Of each schedule its slots that were enqueued, those and what was run by hand, the actions with its name, how many slots it has passed by since its
 * first one while all were paused, and how many there were from that one on to the one that comes next.
 */
const bellsOf = `select k.name, k.slots, k.keys,
    (select count(*)::int from stepped.actions a where a.actor_type = 'Bell' and a.arguments->>0 = k.name) as actions,
    (select count(*)::int from chaos.passed p where p.name = k.name and p.slot > k.first) as passed,
    (select (extract(epoch from s.slot - k.first) * 1000)::int / ${apartMs} from stepped.schedules s where s.name = k.name) as due
  from (select actor_id as name, count(*)::int as keys, count(*) filter (where key not like '%/')::int as slots,
      min(key::timestamptz) filter (where key not like '%/') as first
    from stepped.action_keys where kind = 3 group by actor_id) k`

/** What has to hold of what undoes voyages, beside what the audit asks of it. */
const voyages = ({ book, undisturbed }: Run, log: Log) =>
  Effect.gen(function*() {
    const [count] = yield* rows<{ n: number }>(undisturbed, "select count(*)::int as n from chaos.undone")
    book.counts["steps undone"] = count!.n
    const [again] = yield* rows<{ n: number }>(
      undisturbed,
      "select count(*)::int as n from stepped.operations where verb = 'ActionRepo.compensateAgain' and outcome = 'done'"
    )
    book.counts["undone again by an operator"] = again!.n
    // whoever loses an action does not know it at once
    const taken = Map.groupBy(
      yield* rows<{ action: string; at: number }>(
        undisturbed,
        "select action, (extract(epoch from at) * 1000)::float8 as at from chaos.notes where what = 'changes' and held_by is not null and transition is null"
      ),
      ({ action }) => action
    )
    const takenOver = (action: string, from: number, to: number) =>
      (taken.get(action) ?? []).some(({ at }) => from - 1 < at && at < to + 1)
    for (const what of undoneBeside(log.voyages, takenOver)) book.accuse(`undone beside a body that runs: ${what}`)
  })

interface Log {
  readonly entries: number
  /** Bodies that kept their whole process from going on. */
  readonly blocked: number
  /** Bodies that used a connection of the program's pool for longer than the lease. */
  readonly keeping: number
  /** What voyages have written. */
  readonly voyages: ReadonlyArray<string>
  /** Each entry once. */
  readonly distinct: ReadonlySet<string>
  /** Steps' entries without the results that they were given. */
  readonly begun: ReadonlySet<string>
}

const withoutResults = (entry: string): string => entry.split(" ", 3).join(" ")

const readLog = (folder: string): Log => {
  const lines = readdirSync(folder).filter((name) => name.endsWith(".log")).flatMap((name) =>
    readFileSync(join(folder, name), "utf8").split("\n").filter((line) => line !== "")
  )
  const told = (what: string) => lines.filter((line) => line.startsWith(`${what} `)).length
  const isOfVoyage = (line: string) => /^(sails|rests|undoes) /.test(line)
  const entries = lines.filter((line) =>
    !line.startsWith("blocked ") && !line.startsWith("keeping ") && !isOfVoyage(line)
  )
  return {
    entries: entries.length,
    blocked: told("blocked"),
    keeping: told("keeping"),
    voyages: lines.filter(isOfVoyage),
    distinct: new Set(entries),
    begun: new Set(entries.filter((entry) => entry.startsWith("step ")).map(withoutResults))
  }
}

/** An action's key, in SQL. */
const key = `(arguments->>0 || case when arguments->>0 like '%@' then actor_type || '/' || actor_id else '' end)`

const longResults = ({ book, undisturbed }: Run) =>
  Effect.gen(function*() {
    const [count] = yield* rows<{ n: number }>(
      undisturbed,
      `select count(*)::int as n from stepped.actions where octet_length(result::text) > ${padding}`
    )
    book.counts["long results"] = count!.n
  })

/** Every step that ended by itself has run, at least once. */
const bodies = ({ book, undisturbed }: Run, log: Log) =>
  Effect.gen(function*() {
    const steps = yield* rows<{ entry: string }>(
      undisturbed,
      `select 'step ' || ${key} || ' ' || s.name as entry from stepped.actions a join stepped.action_steps s on s.action = a.id where s.status in ('succeeded', 'failed') and a.actor_type not in ('Voyage', 'Port', 'Stepped') and a.actor_type not like 'Workflow.%'`
    )
    for (const { entry } of steps) if (!log.begun.has(entry)) book.accuse(`a body never ran: ${entry}`)
  })

/** Every action has run the callbacks that it has for its status, at least once, and counts each once. */
const callbacks = ({ book, undisturbed }: Run, log: Log) =>
  Effect.gen(function*() {
    const actions = yield* rows<{ key: string; status: string; shape: Shape; count: number }>(
      undisturbed,
      `select ${key} as key, status, arguments->1->'shape' as shape, callbacks_succeeded + callbacks_failed as count from stepped.actions
        where actor_type not in ('Truck', 'Voyage', 'Bell', 'Port', 'Stepped')
        and actor_type not like 'Workflow.%'`
    )
    book.counts.actions = actions.length
    for (const action of actions) {
      const due = [...callbacksOf(action.shape).entries()].filter(([, statuses]) =>
        statuses.some((status) => status === action.status)
      )
      if (due.length !== action.count) {
        book.accuse(`${action.key} is ${action.status} and has run ${action.count} of ${due.length} callbacks`)
      }
      for (const [position] of due) {
        const entry = `callback ${action.key} ${position} ${action.status}`
        if (!log.distinct.has(entry)) book.accuse(`a callback never ran: ${entry}`)
      }
    }
  })

/** What transactional steps did is there once if the step's conclusion is, and else not at all. */
const effects = ({ book, undisturbed }: Run) =>
  Effect.gen(function*() {
    const [count] = yield* rows<{ n: number }>(undisturbed, "select count(*)::int as n from chaos.effects")
    book.counts["transactional effects"] = count!.n
    const wrong = yield* rows<{ entry: string; due: number; done: number }>(
      undisturbed,
      `with due as (select 'step ' || ${key} || ' ' || s.name as entry from stepped.actions a join stepped.steps s on s.action = a.id and s.idx = 1
          where arguments->1->'shape'->>'success' = 'number'
            and (s.status = 4 and exists (select 1 from chaos.ended x where x.entry = 'step ' || ${key} || ' ' || s.name) or s.status = 2 or s.marked or a.cause->>'kind' = 'marked' or exists (select 1 from stepped.slots o where o.action = a.id and o.step = 1))),
        done as (select array_to_string((string_to_array(entry, ' '))[1:3], ' ') as entry, count(*)::int as n from chaos.effects group by 1)
        select coalesce(due.entry, done.entry) as entry, case when due.entry is null then 0 else 1 end as due, coalesce(done.n, 0) as done
        from due full join done on done.entry = due.entry where done.n is distinct from 1 or due.entry is null`
    )
    for (const { done, due, entry } of wrong) {
      book.accuse(`a transactional effect is there ${done} times, and not ${due}: ${entry}`)
    }
  })

/** An action that its own transactional step has ended, with what the step did, has ended by that. */
const ownEnds = ({ book, undisturbed }: Run) =>
  Effect.gen(function*() {
    const ended = yield* rows<{ entry: string; status: string; count: number }>(
      undisturbed,
      `select x.entry, x.status, count(a.*)::int as count
        from chaos.ended x left join (
          select a.status, 'step ' || ${key} || ' ' || s.name as entry from stepped.actions a join stepped.steps s on s.action = a.id and s.status = 4
        ) a on a.entry = x.entry and a.status = x.status group by x.entry, x.status`
    )
    for (const { count, entry, status } of ended) {
      book.counts[status === "cancelled" ? "cancelled by their own step" : "completed by their own step"]++
      if (count !== 1) book.accuse(`an action that its own step has ended as ${status} is not: ${entry}`)
    }
  })

/** An order is there if and only if the action is that was enqueued with it. */
const orders = ({ book, clients, undisturbed }: Run) =>
  Effect.gen(function*() {
    const placed = yield* rows<{ place: string }>(undisturbed, "select place from chaos.orders")
    const known = yield* rows<{ place: string }>(
      undisturbed,
      "select arguments->>0 as place from stepped.actions where parent is null"
    )
    const actions = new Set(known.map(({ place }) => place))
    const ordered = placed.map(({ place }) => place)
    if (new Set(ordered).size !== ordered.length) book.accuse("an order is there twice")
    for (const place of clients.ordered) {
      if (actions.has(place) !== ordered.includes(place)) book.accuse(`only one of an order and its action: ${place}`)
    }
  })

/** Whatever was accepted has ended, and whoever waited for it knows how. */
const endings = ({ book, clients, undisturbed }: Run) =>
  Effect.gen(function*() {
    const ids = clients.accepted.map(({ id }) => id).join()
    const found = yield* rows<{ id: string; state: string }>(
      undisturbed,
      `select id, state from stepped.outcomes_of('{${ids}}'::uuid[])`
    )
    const states = new Map(found.map(({ id, state }) => [id, state]))
    for (const { gave, id, place } of clients.accepted) {
      if (states.get(id) !== "ended") {
        book.accuse(`${place} was accepted, and is ${states.get(id)}`)
      }
      if (gave === undefined) {
        book.accuse(`nobody was told how ${place} has ended`)
      } else if (!endingsKnown.has(gave) && Number.isNaN(Number(gave))) {
        book.accuse(`${place} gave ${gave}`)
      }
    }
  })

const endingsKnown = new Set([
  "nothing",
  "failed",
  "cancelled",
  "timed_out",
  "deadlocked",
  "incompatible",
  "LaneBusy",
  "LaneFull",
  "Superseded"
])

/** What the model says of trees in which nobody meets anybody. */
const foretold = ({ book, clients, undisturbed }: Run, log: Log) =>
  Effect.gen(function*() {
    const all = yield* undisturbed(stored)
    const byGroup = (text: string) => groupOf(text)
    const actions = Map.groupBy(all.actions, ({ key }) => byGroup(key))
    const achievements = Map.groupBy(all.achievements, (text) => byGroup(/ by (\d+)/.exec(text)?.[1] ?? ""))
    const entries = Map.groupBy(log.distinct, (entry) => byGroup(entry.split(" ", 2)[1]!))
    for (const one of clients.accepted) {
      const { foretold, name } = one.group
      if (foretold === undefined) continue
      book.counts["foretold outcomes"]++
      const group = groupOf(name)
      const seen = compared({
        handles: [one.gave ?? "no answer"],
        actions: actions.get(group) ?? [],
        achievements: achievements.get(group) ?? [],
        log: entries.get(group) ?? []
      }, inModelsWords(name))
      const due = compared(foretold, (text) => text)
      if (isDeepStrictEqual(seen, due)) continue
      book.accuse([
        `group ${name} has not come to what the model says of`,
        show(one.group.asks),
        ...Object.keys(due).flatMap((part) =>
          isDeepStrictEqual(seen[part], due[part])
            ? []
            : [`${part}: ${JSON.stringify(seen[part])}`, `and not ${JSON.stringify(due[part])}`]
        )
      ].join("\n"))
    }
  })

/** The parts of an outcome that do not depend on how often and in which order something ran. */
const compared = (
  outcome: Pick<Outcome, "handles" | "achievements" | "log"> & { readonly actions: ReadonlyArray<StoredAction> },
  inWords: (text: string) => string
): Readonly<Record<string, unknown>> =>
  JSON.parse(inWords(JSON.stringify({
    handles: outcome.handles,
    actions: outcome.actions,
    achievements: [...outcome.achievements].sort(),
    log: [...new Set(outcome.log)].sort()
  })))
