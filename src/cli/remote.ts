/**
 * The services of the command where it speaks to an API over HTTP (`STEPPED_URL`), and not to a database: what it asks of them it asks there. What programs have stored is shown as far as
 * the token's owner may read it.
 */
import { Effect, Layer, Option, type Redacted, type Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { AchievementStore } from "../AchievementStore.ts"
import type {
  ActionFilter,
  ActionRecord,
  ActionTree,
  SlotRecord,
  StepRecord,
  StepResultRecord
} from "../ActionRecord.ts"
import { ActionRepo } from "../ActionRepo.ts"
import type { DefinitionRecord } from "../Catalogue.ts"
import { joinKey } from "../domain/Key.ts"
import { Engine } from "../Engine.ts"
import type { Services } from "../engine/engineLayer.ts"
import type { ExecutionRecord } from "../ExecutionRecord.ts"
import type { FailureGroups } from "../Failures.ts"
import { definitionCursor, laneCursor } from "../http/paging.ts"
import { JobQueue } from "../JobQueue.ts"
import { isLaneKey } from "../Lane.ts"
import type { Forgetting, OperationRecord } from "../Operation.ts"
import type { Listing } from "../Page.ts"
import { type Lane, PerformanceLane } from "../PerformanceLane.ts"
import type { DeletionPlan } from "../Retention.ts"
import { Schedules } from "../Schedules.ts"
import type { SignalRecord } from "../Signal.ts"
import { AmbiguousWorker, InvalidQuery, type StorageError, UnknownWorker } from "../SteppedError.ts"
import { limitOf } from "../store/asked.ts"
import { type Failure, notThere, recordOf, told, toldOfStorage } from "./remoteAnswers.ts"
import { type Client, given, make, pageMost, pages, verbsOf } from "./remoteClient.ts"
import { engineOf } from "./remoteEngine.ts"
import { schedulesOf } from "./remoteSchedules.ts"
import { RemoteVerbs } from "./RemoteVerbs.ts"

const laneOf = (given: Parameters<PerformanceLane["Service"]["pause"]>[0]) =>
  isLaneKey(given) ? { key: given.key, name: given.lane } : { key: joinKey(given) }

const onlyInDatabase = (field: string, why: string) =>
  new InvalidQuery({ field, value: "given", takes: `a database: ${why} over HTTP` })

const repoOf = (client: Client): ActionRepo["Service"] => {
  const ask = verbsOf(client)
  const actions = (operation: string, { brief: _brief, limit: _limit, statuses, ...asked }: ActionFilter) => {
    const mapped = { ...asked, status: statuses }
    return (after: string | undefined, limit: number) =>
      Effect.mapError(client.actions.list({ query: given({ ...mapped, after, limit }) }), told(operation))
  }
  const list = (filter: ActionFilter = {}): Effect.Effect<ReadonlyArray<ActionRecord>, StorageError | InvalidQuery> =>
    Effect.map(
      pages("ActionRepo.list", filter.limit, filter.after, actions("ActionRepo.list", filter)),
      (found) => found.map((item) => recordOf<ActionRecord>(item))
    )
  /** Of as many pages as are full: one that is not says how far was looked. */
  const page = (filter: ActionFilter = {}): Effect.Effect<Listing<ActionRecord>, StorageError | InvalidQuery> =>
    Effect.gen(function*() {
      const limit = yield* limitOf("limit of ActionRepo.page", filter.limit)
      const ask = actions("ActionRepo.page", filter)
      const items: Array<ActionRecord> = []
      let next = filter.after
      let lookedUntil: Date | undefined
      do {
        const page = yield* ask(next, Math.min(pageMost, limit - items.length))
        items.push(...page.items.map((item) => recordOf<ActionRecord>(item)))
        next = page.next
        lookedUntil = page.lookedUntil
      } while (next !== undefined && lookedUntil === undefined && items.length < limit)
      return { items, next, lookedUntil }
    })
  const ofOne = <A>(
    operation: string,
    asked: Effect.Effect<A, Failure>
  ): Effect.Effect<Option.Option<A>, StorageError> =>
    Effect.catch(
      Effect.asSome(asked),
      (error) => error._tag === "NotFound" ? Effect.succeedNone : Effect.fail(toldOfStorage(operation)(error))
    )
  const steps = (id: string) =>
    Effect.map(ofOne("ActionRepo.steps", client.actions.steps({ params: { id } })), Option.getOrElse(() => []))
  const number = (value: Schema.Json | undefined) => typeof value === "number" ? value : 0
  return notThere<ActionRepo["Service"]>("ActionRepo", {
    list,
    page,
    find: (id) =>
      Effect.map(ofOne("ActionRepo.find", client.actions.get({ params: { id } })), Option.map(recordOf<ActionRecord>)),
    failures: ({ limit, ...filter } = {}) =>
      Effect.flatMap(limitOf("limit of ActionRepo.failures", limit), (limit) =>
        Effect.mapError(
          client.overview.errors({ query: given({ ...filter, limit }) }),
          told("ActionRepo.failures")
        )).pipe(
          Effect.map((found) => recordOf<FailureGroups>(found))
        ),
    steps: (id) => Effect.map(steps(id), (found) => found.map(({ slots: _, ...step }) => recordOf<StepRecord>(step))),
    stepResults: (id) =>
      Effect.map(
        ofOne("ActionRepo.stepResults", client.actions.results({ params: { id } })),
        (found) =>
          Option.getOrElse(found, () => []).map((step) => ({
            ...recordOf<Pick<StepResultRecord, "index" | "name" | "result">>(step),
            isLeftOut: step.result._tag === "Hidden" && step.result.because === "large",
            isOfOthers: false
          }))
      ),
    slots: (id) => Effect.map(steps(id), (found) => found.flatMap(({ slots }) => slots.map(recordOf<SlotRecord>))),
    signals: (id) =>
      Effect.map(
        ofOne("ActionRepo.signals", client.actions.signals({ params: { id } })),
        (found) => Option.getOrElse(found, () => []).map(recordOf<SignalRecord>)
      ),
    // it is part of the tree
    execution: (id) =>
      Effect.map(
        ofOne("ActionRepo.execution", client.actions.tree({ params: { id }, query: { limit: 1 } })),
        Option.flatMap(({ execution }) => {
          if (execution === undefined) return Option.none()
          const children = execution.children.map(({ tree: _, ...child }) => child)
          return Option.some(recordOf<ExecutionRecord>({ ...execution, children }))
        })
      ),
    // a tree is sent without what programs have stored: that of its root is asked for by itself
    tree: (id, { limit: asked } = {}) =>
      Effect.gen(function*() {
        const limit = yield* limitOf("limit of ActionRepo.tree over HTTP", asked, { otherwise: 1000, most: 10_000 })
        const query = { limit }
        const found = yield* ofOne("ActionRepo.tree", client.actions.tree({ params: { id }, query }))
        const root = yield* ofOne("ActionRepo.tree", client.actions.get({ params: { id } }))
        return Option.isSome(found) && Option.isSome(root)
          ? Option.some(recordOf<ActionTree>({ ...found.value, action: root.value }))
          : Option.none()
      }),
    operations: ({ after, limit, verbs, ...filter } = {}) =>
      Effect.map(
        pages("ActionRepo.operations", limit, after, (after, limit) =>
          Effect.mapError(
            client.overview.operations({ query: given({ ...filter, verb: verbs, after, limit }) }),
            told("ActionRepo.operations")
          )),
        (found) => found.map((item) => recordOf<OperationRecord>(item))
      ),
    forget: (actor, { dryRun, limit, ...options } = {}) =>
      Effect.map(
        ask("ActionRepo.forget", { ...actor, ...given({ dryRun, limit }) }, options),
        ({ more }) => recordOf<Forgetting>(more)
      ),
    deleteEnded: ({ asOf, before, from, limit, retention, ...options }) =>
      before === undefined || retention !== undefined || asOf !== undefined
        ? Effect.fail(onlyInDatabase("retention", "it is not asked for"))
        : options.export !== undefined
        ? Effect.fail(onlyInDatabase("export", "what is deleted is not sent"))
        : Effect.map(
          ask("ActionRepo.deleteEnded", { before, ...given({ from, limit }) }, options),
          ({ more }) => ({ deleted: number(more["deleted"]), next: more["next"] as string | undefined })
        ),
    planDeletion: ({ asOf, before, from, limit, retention }) =>
      before === undefined || retention !== undefined || asOf !== undefined
        ? Effect.fail(onlyInDatabase("retention", "it is not asked for"))
        : Effect.map(
          ask("ActionRepo.deleteEnded", { before, dryRun: true, ...given({ from, limit }) }),
          ({ more }) => recordOf<DeletionPlan>(more)
        ),
    deleteOutcomes: ({ before, limit, ...options }) =>
      Effect.map(
        ask("ActionRepo.deleteOutcomes", { before, ...given({ limit }) }, options),
        ({ more }) => number(more["deleted"])
      ),
    deleteOperations: ({ before, limit, ...options }) =>
      Effect.map(
        ask("ActionRepo.deleteOperations", { before, ...given({ limit }) }, options),
        ({ more }) => number(more["deleted"])
      )
  })
}

const queueOf = (client: Client): JobQueue["Service"] => {
  const ask = verbsOf(client)
  const isDone = ({ outcome }: { readonly outcome: string }) => outcome === "done"
  const overview = <A>(operation: string, asked: Effect.Effect<unknown, Failure>): Effect.Effect<A, StorageError> =>
    Effect.map(Effect.mapError(asked, toldOfStorage(operation)), (found) => recordOf<A>(found))
  return notThere<JobQueue["Service"]>("JobQueue", {
    backlog: overview("JobQueue.backlog", client.overview.queues()),
    pauses: overview("JobQueue.pauses", client.overview.pauses()),
    workers: overview("JobQueue.workers", client.overview.workers()),
    definitions: ({ after, limit, ...filter } = {}) =>
      Effect.map(
        pages("JobQueue.definitions", limit, after && definitionCursor(after), (after, limit) =>
          Effect.mapError(
            client.overview.definitions({ query: given({ ...filter, after, limit }) }),
            told("JobQueue.definitions")
          )),
        (found) => found.map((item) => recordOf<DefinitionRecord>(item))
      ),
    pause: (target, options) => Effect.map(ask("JobQueue.pause", { target }, options), isDone),
    resume: (target, options) => Effect.map(ask("JobQueue.resume", { target }, options), isDone),
    drain: (worker, options) =>
      Effect.flatMap(
        ask("JobQueue.drain", { worker }, options),
        ({ more, outcome }): Effect.Effect<"done" | "draining", AmbiguousWorker | UnknownWorker> => {
          switch (outcome) {
            case "done":
            case "draining":
              return Effect.succeed(outcome)
            case "ambiguous":
              return Effect.fail(
                new AmbiguousWorker({ worker, ids: recordOf<ReadonlyArray<string>>(more["ids"] ?? []) })
              )
            case "dead":
            case "embedded":
              return Effect.fail(new UnknownWorker({ worker, reason: outcome }))
            default:
              return Effect.fail(new UnknownWorker({ worker, reason: "unknown" }))
          }
        }
      )
  })
}

const lanesOf = (client: Client): PerformanceLane["Service"] => {
  const ask = verbsOf(client)
  const isDone = ({ outcome }: { readonly outcome: string }) => outcome === "done"
  return notThere<PerformanceLane["Service"]>("PerformanceLane", {
    list: ({ after, limit } = {}) => {
      const behind = after && laneCursor(after)
      return Effect.map(
        pages("PerformanceLane.list", limit, behind, (after, limit) =>
          Effect.mapError(
            client.overview.lanes({ query: given({ after, limit }) }),
            told("PerformanceLane.list")
          )),
        (found) => found.map((item) => recordOf<Lane>(item))
      )
    },
    pause: (key, options) => Effect.map(ask("PerformanceLane.pause", laneOf(key), options), isDone),
    resume: (key, options) => Effect.map(ask("PerformanceLane.resume", laneOf(key), options), isDone)
  })
}

/** The services over an API. */
export const remoteServices = (
  url: string,
  token: Option.Option<Redacted.Redacted<string>>
): Layer.Layer<Services | RemoteVerbs> =>
  Layer.unwrap(Effect.map(make(url, token), (client) => {
    const ask = verbsOf(client)
    return Layer.mergeAll(
      Layer.succeed(RemoteVerbs, {
        ask: (verb, input, asks) =>
          Effect.map(ask(verb, input, asks), ({ more, outcome, text }) => ({ outcome, text, more }))
      }),
      Layer.succeed(ActionRepo, repoOf(client)),
      Layer.succeed(JobQueue, queueOf(client)),
      Layer.succeed(PerformanceLane, lanesOf(client)),
      Layer.succeed(Engine, engineOf(client)),
      Layer.succeed(Schedules, schedulesOf(client)),
      Layer.succeed(
        AchievementStore,
        notThere<AchievementStore["Service"]>("AchievementStore", {
          forget: (key, options) =>
            Effect.map(
              ask("AchievementStore.forget", { checksumKey: joinKey(key) }, options),
              ({ outcome }) => outcome === "done"
            ),
          forgetAll: ({ actorType, before, below, limit, name, ...options }) =>
            Effect.map(
              ask(
                "AchievementStore.forgetAll",
                given({ actorType, before, below: below === undefined ? undefined : joinKey(below), limit, name }),
                options
              ),
              ({ more }) => Number(more["forgotten"] ?? 0)
            )
        })
      )
    )
  })).pipe(Layer.provide(FetchHttpClient.layer))
