/** A verb for one action, or for all that a filter finds: first what it would be done to, then, for each by itself, what has come of it. */
import { Effect, Option, Result } from "effect"
import { Flag } from "effect/cli"
import type { ActionRecord } from "../ActionRecord.ts"
import { ActionRepo } from "../ActionRepo.ts"
import type { OperatorVerb } from "../Operation.ts"
import { type Answer, answer } from "./answer.ts"
import { confirmed } from "./confirmed.ts"
import { withEngine } from "./connection.ts"
import { type LibraryError, nothing, Stopped, usage } from "./failures.ts"
import { type Asks, by, operator, optionalId, reason } from "./given.ts"
import { Output } from "./Output.ts"
import { where, whereKeys } from "./where.ts"

/** At most so many actions at a time are found, and asked for. */
const most = 10_000
const page = 1_000

/** Of what a verb is: one action, or those of a filter. */
export const target = {
  id: optionalId,
  where: Flag.String("where").pipe(
    Flag.withDescription(`All for which this holds: "status=failed, since=2 hours", of ${whereKeys.join(", ")}`),
    Flag.optional
  ),
  yes: Flag.Boolean("yes").pipe(Flag.withDescription("With --where: do not ask"), Flag.withDefault(false)),
  rate: Flag.Int("rate").pipe(
    Flag.withDescription("With --where: at most so many a second; as fast as it goes, if not given"),
    Flag.optional
  ),
  reason,
  by
}

interface Target {
  readonly id: Option.Option<string>
  readonly where: Option.Option<string>
  readonly yes: boolean
  readonly rate: Option.Option<number>
  readonly reason: Option.Option<string>
  readonly by: Option.Option<string>
}

/** Asks for a verb on its target, and tells what has come of it. */
export const onActions = <E extends LibraryError, R>(
  verb: OperatorVerb,
  given: Target,
  run: (id: string, asks: Asks) => Effect.Effect<Answer, E, R>
) =>
  withEngine(Effect.gen(function*() {
    const { id } = given
    if (Option.isSome(id) === Option.isSome(given.where)) {
      return yield* usage("of which? Give the id of an action, or --where with what is to hold of those that are meant")
    }
    if (Option.isSome(id)) return yield* answer(verb, id.value, yield* run(id.value, yield* operator(given)))
    return yield* onMany(verb, given, run)
  }))

const onMany = <E extends LibraryError, R>(
  verb: OperatorVerb,
  given: Target,
  run: (id: string, asks: Asks) => Effect.Effect<Answer, E, R>
) =>
  Effect.gen(function*() {
    const output = yield* Output
    const rate = Option.getOrElse(given.rate, () => Infinity)
    if (rate < 1) return yield* usage("--rate: at least 1 a second")
    const found = yield* matching(yield* where(Option.getOrElse(given.where, () => "")))
    if (found.length === 0) return yield* nothing("there are no such actions")
    const asks = yield* operator(given)
    yield* output.remark(planOf(verb, found))
    if (!given.yes) yield* confirmed(`${verb} on ${counted(found)}?`)
    const outcomes = new Map<string, number>()
    for (const { id } of found) {
      const one = yield* Effect.result(run(id, asks))
      // one that is no more, or is another's by now, does not keep the others
      if (Result.isFailure(one) && !(one.failure instanceof Stopped)) return yield* Effect.fail(one.failure)
      const { more = {}, outcome } = Result.isSuccess(one) ? one.success : { outcome: "none" }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      if (output.isJson) yield* output.value({ verb, target: id, outcome, ...more }, "")
      if (rate !== Infinity) yield* Effect.sleep(1000 / rate)
    }
    yield* output.remark([...outcomes].map(([outcome, count]) => `${outcome}: ${count}`).join(", "))
    if (found.length === most) yield* output.remark("there may be more: the same again goes on with those")
    if (outcomes.size > 1 || !outcomes.has("done")) return yield* nothing()
  })

const counted = ({ length }: ReadonlyArray<unknown>) =>
  `${length === most ? "the newest 10,000" : length} action${length === 1 ? "" : "s"}`

/** What would be done to how many, by definition, with some of them. */
const planOf = (verb: OperatorVerb, found: ReadonlyArray<ActionRecord>): string => {
  const byDefinition = new Map<string, number>()
  for (const { actorType, name, status } of found) {
    const of = `${actorType}/${name}, ${status}`
    byDefinition.set(of, (byDefinition.get(of) ?? 0) + 1)
  }
  return [
    `${verb} on ${counted(found)}:`,
    ...[...byDefinition].map(([of, count]) => `  ${of}: ${count}`),
    `  such as ${found.slice(0, 3).map(({ actorId, actorType, id }) => `${id} (${actorType}/${actorId})`).join(", ")}`
  ].join("\n")
}

/** Those that the filter finds now, the newest first. */
const matching = (filter: Parameters<ActionRepo["Service"]["list"]>[0]) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const found: Array<ActionRecord> = []
    while (found.length < most) {
      const after = found.at(-1)?.id
      const next = yield* repo.list({ ...filter, limit: page, ...after === undefined ? {} : { after } })
      found.push(...next)
      if (next.length < page) return found
    }
    return found
  })
