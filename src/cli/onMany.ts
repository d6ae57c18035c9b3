/** A verb for all that a filter finds: what it would be done to, and then an action of the engine's own that does it, which is looked at. */
import { Console, Effect, Option, Result } from "effect"
import { Flag } from "effect/cli"
import type { ActionRecord } from "../ActionRecord.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { definitionKey } from "../domain/Key.ts"
import { ownActor, ownQueue } from "../domain/reserved.ts"
import { JobQueue } from "../JobQueue.ts"
import { forMany, type ManyOptions, type ManyPlan, type ManySummary, type ManyVerb } from "../Many.ts"
import type { StorageError } from "../SteppedError.ts"
import { isWorking } from "../verbs/working.ts"
import { strangeId } from "./checked.ts"
import { confirmed } from "./confirmed.ts"
import { Folder, RunningProgram } from "./connection.ts"
import { exitCodes, nothing, stoppedBy, usage } from "./failures.ts"
import { operator } from "./given.ts"
import { Output } from "./Output.ts"
import { where, whereKeys, whereWords } from "./where.ts"

/** Which ones, and how. */
export const manyFlags = {
  where: Flag.String("where").pipe(
    Flag.withDescription(
      `All for which this holds: "status=failed, since=2 hours", of ${whereKeys.join(", ")}, or ${
        whereWords.join(", ")
      }`
    ),
    Flag.optional
  ),
  yes: Flag.Boolean("yes").pipe(Flag.withDescription("With --where: do not ask"), Flag.withDefault(false)),
  rate: Flag.Int("rate").pipe(
    Flag.withDescription("With --where: at most so many a second; as fast as it goes, if not given"),
    Flag.optional
  ),
  detach: Flag.Boolean("detach").pipe(
    Flag.withDescription("With --where: do not wait for its end"),
    Flag.withDefault(false)
  ),
  here: Flag.Boolean("here").pipe(
    Flag.withDescription("With --where: do it in this process, and not in a worker"),
    Flag.withDefault(false)
  )
}

export interface GivenMany {
  readonly where: Option.Option<string>
  readonly yes: boolean
  readonly rate: Option.Option<number>
  readonly detach: boolean
  readonly here: boolean
  readonly reason: Option.Option<string>
  readonly by: Option.Option<string>
}

export const onMany = (verb: ManyVerb, given: GivenMany) =>
  Effect.gen(function*() {
    const output = yield* Output
    const rate = Option.getOrUndefined(given.rate)
    if (rate !== undefined && rate < 1) return yield* usage("--rate: at least 1 a second")
    // what is typed into a program keeps nothing waiting that is typed after it: the program has a worker, which does it
    const isTyped = Option.isSome(yield* Effect.serviceOption(RunningProgram))
    // of an embedded database this is the only process
    const here = !isTyped && (given.here || Option.isSome(yield* Folder))
    if (here && given.detach) return yield* usage("--detach is for what a worker does: here, it ends with this process")
    const filter = yield* where(Option.getOrElse(given.where, () => ""))
    const plan = yield* forMany(filter, verb)
    if (plan.count === 0) {
      return yield* nothing(`there are no such actions${yield* strangeId(filter.actorType, filter.actorId)}`)
    }
    const options = { ...yield* operator(given), rate }
    yield* output.remark(planText(plan))
    if (!given.yes) yield* confirmed(`${verb.verb} on ${counted(plan)}?`, planText(plan))
    if (here) return yield* told(plan, performed(plan, options))
    if (!(yield* isServed)) {
      const text = `no worker is running that takes from the queue ${ownQueue}`
      if (!given.detach && !isTyped) return yield* nothing(`${text}, and nothing was done: start one, or do it --here`)
      yield* output.remark(`${text}: it waits for one`)
    }
    yield* Effect.tapError(
      plan.start(options),
      (error) =>
        stoppedBy(error).code === exitCodes.database
          ? aside(`whether ${plan.id} has begun is not known: ${lookAt(plan.id)}`)
          : Effect.void
    )
    const does = `${plan.id} does it: ${lookAt(plan.id)}`
    if (given.detach || isTyped) return yield* output.value({ verb: verb.verb, id: plan.id }, does)
    // whatever becomes of this process, somebody knows under which id it goes on
    yield* aside(does)
    return yield* told(plan, followed(plan.id))
  })

const counted = ({ count, hasMore }: ManyPlan) =>
  `${count.toLocaleString("en")}${hasMore ? " actions and more" : ` action${count === 1 ? "" : "s"}`}`

const lookAt = (id: string) => `\`stepped show ${id}\` says how far it is, \`stepped cancel ${id}\` stops it`

const isNotOver = (id: string) => `${id} is not over, and a worker goes on with it: ${lookAt(id)}`

/** For people, of programs' too: what they read has the answer alone. */
const aside = (text: string) =>
  Effect.flatMap(Output, (output) => output.isJson ? Console.error(`stepped: ${text}`) : output.remark(text))

/** What would be done to how many, by definition, with some of them. */
const planText = (plan: ManyPlan): string =>
  [
    `${plan.verb.verb} on ${counted(plan)}:`,
    ...plan.groups.map(({ actorType, count, name, status }) => `  ${actorType}/${name}, ${status}: ${count}`),
    `  such as ${
      plan.samples.slice(0, 3).map(({ actorId, actorType, id }) => `${id} (${actorType}/${actorId})`).join(", ")
    }`
  ].join("\n")

/** Whether somebody works, and does not drain, who does it: who has not said yet what they can run may be about to. */
const isServed = Effect.gen(function*() {
  const workers = yield* Effect.flatMap(JobQueue, (queue) => queue.workers)
  return workers.some((worker) => {
    const { definitions, drainingSince, queues } = worker
    return isWorking(worker) && drainingSince === undefined &&
      (queues === undefined || queues.includes(ownQueue)) &&
      (definitions === undefined || Object.hasOwn(definitions, definitionKey(ownActor, "forMany")))
  })
})

const isProgress = (u: unknown): u is { readonly asked: number; readonly of: number } =>
  typeof u === "object" && u !== null && "asked" in u && "of" in u

/**
 * Says how far it is whenever that has changed, until it has ended. It goes on where it cannot be looked at: that is tried again, and where nobody
 * ever will answer it is said how to look.
 */
const followed = (id: string): Effect.Effect<ActionRecord, StorageError, ActionRepo | Output> =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const output = yield* Output
    let said = 0
    let isPaused = false
    let isAway = false
    while (true) {
      const looked = yield* Effect.result(repo.find(id))
      if (Result.isFailure(looked)) {
        const { isRetryable, message } = looked.failure
        if (!isRetryable) {
          yield* aside(isNotOver(id))
          return yield* looked.failure
        }
        if (!isAway) yield* aside(`${message}: it is looked again, while ${id} goes on`)
        isAway = true
        yield* Effect.sleep("1 second")
        continue
      }
      isAway = false
      const record = Option.getOrUndefined(looked.success)
      if (record?.endedAt !== undefined) return record
      const { pause, progress } = record ?? {}
      if (pause !== undefined && !isPaused) {
        isPaused = true
        yield* output.remark(`${id} waits: ${pause.kind} ${pause.subject} is paused by ${pause.by}, ${pause.reason}`)
      }
      if (isProgress(progress) && progress.asked !== said) {
        said = progress.asked
        yield* output.remark(`${said} of ${Math.max(said, progress.of)}`)
      }
      yield* Effect.sleep("200 millis")
    }
  })

/** By this process, as long as that goes on. */
const performed = (plan: ManyPlan, options: ManyOptions) =>
  Effect.raceFirst(followed(plan.id), Effect.andThen(plan.startNow(options), Effect.never))

/** What has come of it; who does not wait for that is told how to look at it, and how to stop it. */
const told = <E, R>({ id, verb: { verb } }: ManyPlan, ending: Effect.Effect<ActionRecord, E, R>) =>
  Effect.gen(function*() {
    const output = yield* Output
    const { cause, result, status } = yield* Effect.onInterrupt(ending, () => aside(isNotOver(id)))
    if (status !== "succeeded") {
      return yield* nothing(
        `${id} has ended as ${status}${
          cause === undefined ? "" : `, ${cause.message}`
        }: \`stepped operations --through ${id}\` says what it has ` +
          `done, \`stepped retry ${id}\` goes on with the rest`
      )
    }
    const summary = result as ManySummary
    const { done, gone, refused } = summary
    yield* output.value(
      { verb, id, ...summary },
      [
        `done: ${done}`,
        ...refused.map(({ count, outcome, samples }) => `${outcome}: ${count}, such as ${samples[0]}`),
        ...gone === 0 ? [] : [`gone on meanwhile: ${gone}`]
      ].join("\n")
    )
    if (gone > 0 || refused.length > 0) return yield* nothing()
  })
