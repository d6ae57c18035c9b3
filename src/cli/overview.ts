/** Commands that look at the whole: what fails, what waits, who works, what was done by whom. */
import { Effect, Option, Predicate } from "effect"
import { Command, Flag } from "effect/cli"
import { ActionRepo } from "../ActionRepo.ts"
import type { SchemaDescription, WorkerRecord } from "../Catalogue.ts"
import { databaseHealth, renderDatabaseHealth } from "../DatabaseHealth.ts"
import { openGroup } from "../http/messages.ts"
import { JobQueue } from "../JobQueue.ts"
import { PerformanceLane } from "../PerformanceLane.ts"
import { doctor as examine } from "../Stepped.ts"
import { withEngine } from "./connection.ts"
import { nothing, usage } from "./failures.ts"
import { ActionId, actorOf, limit, time } from "./given.ts"
import { Output } from "./Output.ts"

const pauseText = (pause: { readonly by: string; readonly reason: string } | undefined) =>
  pause === undefined ? undefined : `${pause.reason} (${pause.by})`

const errors = Command.make("errors", {
  actor: Flag.String("actor").pipe(Flag.withDescription("Of all actors of a type"), Flag.optional),
  action: Flag.String("action").pipe(Flag.withDescription("Of this name, with --actor"), Flag.optional),
  since: time("since", "Ended since"),
  before: time("before", "Ended before"),
  limit
}, (given) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    if (Option.isSome(given.actor) && actorOf(given.actor.value).actorId !== undefined) {
      return yield* usage(
        "--actor: groups are of a type, such as Car; `ls --actor Car/1 --status failed` has one actor's"
      )
    }
    const { from, groups } = yield* Effect.flatMap(ActionRepo, (repo) =>
      repo.failures({
        ...Option.isSome(given.actor) ? { actorType: actorOf(given.actor.value).actorType } : {},
        ...Option.isSome(given.action) ? { name: given.action.value } : {},
        ...Option.isSome(given.since) ? { since: given.since.value } : {},
        ...Option.isSome(given.before) ? { before: given.before.value } : {},
        limit: given.limit
      }))
    yield* output.table(output.hasPayloads ? groups : groups.map(openGroup), [
      ["group", ({ id }) => id],
      ["count", ({ count }) => String(count)],
      ["status", ({ status }) => status, () => "bad"],
      ["action", ({ actorType, name }) => `${actorType}/${name}`],
      ["error", ({ kind, tag }) => tag ?? kind],
      ["last", ({ lastSeen }) => output.ago(lastSeen)],
      ["first", ({ firstSeen }) => output.ago(firstSeen)],
      ["builds", ({ builds }) => builds.map(({ build, count }) => `${build ?? "none"}: ${count}`).join(", ")],
      ["path", ({ path }) => path],
      ["message", ({ message }) => message],
      ["such as", ({ samples }) => samples[0]]
    ], from === undefined ? "nothing has failed" : `nothing of that has failed since ${output.time(from)}`)
    if (groups.length === given.limit) yield* output.remark("there may be more groups: --limit takes up to 10,000")
    if (from !== undefined) yield* output.remark(`older than ${output.time(from)}: --before ${from.toISOString()}`)
  }))).pipe(Command.withDescription("What has failed, in groups: what is it, and since which build?"))

/** A text as a shell takes it. */
const quoted = (text: string): string => /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

const lanes = Command.make("lanes", {
  limit,
  after: Flag.String("after").pipe(Flag.withDescription("Behind the lane of this key"), Flag.optional),
  afterName: Flag.String("after-name").pipe(
    Flag.withDescription("With --after: that lane's name, if it has one"),
    Flag.optional
  )
}, ({ after, afterName, limit }) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    if (Option.isSome(afterName) && Option.isNone(after)) return yield* usage("--after-name: give --after, too")
    const behind = Option.isNone(after) ? undefined : { key: after.value, name: Option.getOrUndefined(afterName) }
    const found = yield* Effect.flatMap(PerformanceLane, (lanes) => lanes.list({ limit, after: behind }))
    yield* output.table(found, [
      ["lane", ({ key, name }) => name === undefined ? key : `${name}:${key}`],
      ["limit", ({ limit }) => String(limit)],
      ["perform", ({ performing }) => String(performing.length)],
      ["wait", ({ waiting }) => String(waiting)],
      ["next", ({ dueAt }) => output.ago(dueAt)],
      ["paused", ({ pause }) => pauseText(pause), () => "bad"],
      ["performing", ({ performing }) => performing.slice(0, 3).join(", ")]
    ], "no lane is occupied")
    const last = found.at(-1)
    if (last !== undefined && found.length === limit) {
      const name = last.name === undefined ? "" : ` --after-name ${quoted(last.name)}`
      yield* output.remark(`more: --after ${quoted(last.key)}${name}`)
    }
  }))).pipe(Command.withDescription("Occupied lanes: who performs, and how many wait"))

const queues = Command.make("queues", {}, () =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const queue = yield* JobQueue
    const backlog = yield* queue.backlog
    yield* output.table(backlog, [
      ["queue", ({ queue }) => queue],
      ["action", ({ actorType, name }) => `${actorType}/${name}`],
      ["due", ({ due }) => String(due)],
      ["later", ({ later }) => String(later)],
      ["held", ({ held }) => held === 0 ? undefined : String(held)],
      ["waiting", ({ waiting }) => waiting === 0 ? undefined : String(waiting)],
      ["waits for", ({ waitsFor }) => waitsFor],
      ["cancelled", ({ cancelled }) => cancelled === 0 ? undefined : String(cancelled)],
      [
        "paused",
        ({ pause, paused }) =>
          pause === undefined ? (paused === 0 ? undefined : String(paused)) : `${paused}: ${pauseText(pause)}`,
        () => "bad"
      ],
      ["due since", ({ oldestDueAt, readAt }) => output.ago(oldestDueAt, readAt)],
      ["oldest", ({ oldestEnqueuedAt, readAt }) => output.ago(oldestEnqueuedAt, readAt)]
    ], "nothing is queued")
    const pauses = yield* queue.pauses
    // a queue that is empty has no backlog, but may be paused all the same
    if (output.isJson) yield* output.table(pauses, [], "")
    else {
      yield* Effect.forEach(
        pauses,
        ({ by, kind, reason, since, subject }) =>
          output.remark(
            `paused: ${kind}${subject === "" ? "" : ` ${subject}`}, since ${output.ago(since)}, by ${by}: ${reason}`
          )
      )
    }
  }))).pipe(Command.withDescription("What waits in the queues, by action, and what is paused"))

/** By the database's clock: the one here may be ahead. */
const isOver = ({ leaseUntil, readAt }: WorkerRecord): boolean => leaseUntil.getTime() < readAt.getTime()

const workers = Command.make("workers", {}, () =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const found = yield* Effect.flatMap(JobQueue, (queue) => queue.workers)
    yield* output.table(found, [
      ["worker", ({ name }) => name],
      ["build", ({ build }) => build],
      ["since", ({ readAt, startedAt }) => output.ago(startedAt, readAt)],
      [
        "lease",
        ({ leaseUntil, readAt }) => output.ago(leaseUntil, readAt),
        (worker) => isOver(worker) ? "bad" : "plain"
      ],
      ["", (worker) => isOver(worker) ? "dead" : undefined, () => "bad"],
      ["in hand", ({ inHand }) => String(inHand)],
      ["id", ({ id }) => id],
      ["draining", ({ drainingSince, readAt }) => output.ago(drainingSince, readAt)],
      ["queues", ({ queues }) => queues?.join(", ") ?? "all"],
      ["actions", ({ definitions }) => definitions === undefined ? undefined : Object.keys(definitions).join(", ")]
    ], "no worker runs")
  }))).pipe(Command.withDescription("Workers that run: build, since when, how much they have in hand"))

/** What a schema takes, in a word. */
const typeOf = ({ schema }: SchemaDescription): string => {
  const types = (of: unknown): ReadonlyArray<string> => {
    if (!Predicate.isReadonlyObject(of)) return ["any"]
    const some = of["anyOf"] ?? of["oneOf"]
    if (Array.isArray(some)) return some.flatMap(types)
    if (Array.isArray(of["enum"])) return of["enum"].map((value) => JSON.stringify(value))
    return typeof of["type"] === "string" ? [of["type"]] : typeof of["$ref"] === "string" ? ["object"] : ["any"]
  }
  return [...new Set(types(schema))].join(" | ")
}

const definitions = Command.make("definitions", {
  actor: Flag.String("actor").pipe(Flag.withDescription("Of an actor type"), Flag.optional),
  action: Flag.String("action").pipe(Flag.withDescription("Of this name"), Flag.optional),
  current: Flag.Boolean("current").pipe(
    Flag.withDescription("Only what a worker has that runs now"),
    Flag.withDefault(false)
  ),
  limit
}, ({ action, actor, current, limit }) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const found = yield* Effect.flatMap(JobQueue, (queue) =>
      queue.definitions({
        actorType: Option.getOrUndefined(actor),
        name: Option.getOrUndefined(action),
        current,
        limit
      }))
    yield* output.table(
      found,
      [
        ["action", ({ actorType, name }) => `${actorType}/${name}`],
        ["hash", ({ hash }) => hash.slice(0, 12)],
        ["arguments", ({ description }) => description.arguments.map(typeOf).join(", ")],
        ["steps", ({ description }) => description.steps.map(({ name }) => name).join(", ")],
        ["signals", ({ description }) => description.signals.map(({ name }) => name).join(", ")],
        ["queue", ({ description }) => description.queue],
        ["first seen", ({ firstSeen }) => output.ago(firstSeen)],
        ["last seen", ({ lastSeen }) => output.ago(lastSeen)]
      ],
      "no worker has said what it has",
      { isDescription: true }
    )
  }))).pipe(Command.withDescription("Actions that workers have, or had: versions, steps, signals"))

const operations = Command.make("operations", {
  target: Flag.String("target").pipe(Flag.withDescription("Of what: an action's id, `queue reports`"), Flag.optional),
  by: Flag.String("by").pipe(Flag.withDescription("By whom"), Flag.optional),
  through: Flag.String("through").pipe(
    Flag.withDescription("Of many, by the action of this id that has done it"),
    Flag.withSchema(ActionId),
    Flag.optional
  ),
  since: time("since", "Since"),
  before: time("before", "Before"),
  limit,
  after: Flag.Int("after").pipe(Flag.withDescription("Older than the one of this id"), Flag.optional)
}, (given) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const found = yield* Effect.flatMap(ActionRepo, (repo) =>
      repo.operations({
        target: Option.getOrUndefined(given.target),
        by: Option.getOrUndefined(given.by),
        through: Option.getOrUndefined(given.through),
        since: Option.getOrUndefined(given.since),
        before: Option.getOrUndefined(given.before),
        after: Option.getOrUndefined(given.after),
        limit: given.limit
      }))
    yield* output.table(found, [
      ["at", ({ at }) => output.ago(at)],
      ["by", ({ by }) => by],
      ["verb", ({ verb }) => verb],
      ["target", ({ target }) => target],
      ["outcome", ({ outcome }) => outcome, ({ outcome }) => outcome === "done" ? "plain" : "bad"],
      ["reason", ({ reason }) => reason],
      ["through", ({ through }) => through]
    ], "nothing is recorded")
    if (found.length === given.limit) yield* output.remark(`more: --after ${found.at(-1)!.id}`)
  }))).pipe(Command.withDescription("What operators have done, to what, and why"))

const doctor = Command.make("doctor", {}, () =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const findings = yield* examine
    yield* output.table(findings, [
      ["invariant", ({ invariant }) => String(invariant)],
      ["subject", ({ subject }) => subject],
      ["problem", ({ problem }) => problem, () => "bad"]
    ], "every invariant holds")
    if (findings.length > 0) return yield* nothing()
  }))).pipe(Command.withDescription("Check what has to hold of everything that is stored"))

const health = Command.make("health", {}, () =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const found = yield* databaseHealth
    yield* output.value(found, renderDatabaseHealth(found))
  }))).pipe(Command.withDescription("How the database itself is: old snapshots, lock waits, dead rows, commit time"))

export const overviewCommands = [errors, lanes, queues, workers, definitions, operations, doctor, health] as const
