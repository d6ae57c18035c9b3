/** Commands that look at actions: what there is, what has become of one, and why one is where it is. */
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import type { ActionFilter, ActionRecord, StepResultRecord } from "../ActionRecord.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { shown } from "../domain/shown.ts"
import { quietly } from "../engine/client/quietly.ts"
import { openRecord, openTree, openWhy } from "../http/messages.ts"
import { renderTree, tree } from "../Tree.ts"
import { renderWhy, why as whyOf } from "../Why.ts"
import { strangeId } from "./checked.ts"
import { withEngine } from "./connection.ts"
import { noAction } from "./failures.ts"
import { actorOf, filter, id, limit } from "./given.ts"
import { type Colour, type Column, Output, span } from "./Output.ts"

const colours: Readonly<Record<string, Colour>> = {
  succeeded: "good",
  failed: "bad",
  timed_out: "bad",
  deadlocked: "bad",
  performing: "busy"
}

/** Columns of actions. */
export const actionColumns = (output: Output["Service"]): ReadonlyArray<Column<ActionRecord>> => [
  ["id", ({ id }) => id],
  [
    "status",
    ({ status, unwinding, unwound }) =>
      unwinding ? `${status}, unwinding` : unwound === undefined ? status : `${status}, undone`,
    ({ status }) => colours[status] ?? "plain"
  ],
  ["action", ({ actorId, actorType, name }) => `${name} ${actorType}/${actorId}`],
  ["enqueued", ({ enqueuedAt }) => output.ago(enqueuedAt)],
  [
    "took",
    ({ endedAt, startedAt }) =>
      startedAt === undefined || endedAt === undefined
        ? undefined
        : span(endedAt.getTime() - startedAt.getTime())
  ],
  ["goes on", ({ dueAt, endedAt }) => endedAt === undefined ? output.ago(dueAt) : undefined],
  ["queue", ({ queue }) => queue === "default" ? undefined : queue],
  ["tags", ({ tags }) => tags.join(", ")],
  ["why", ({ cause, lastFailure }) => (cause ?? lastFailure)?.message]
]

/** The same of what is asked for on the command line. */
export const actionFilter = (given: Filter) => {
  const { actor, ...options } = given
  const { actorId, actorType } = Option.match(actor, {
    onNone: () => ({ actorType: undefined, actorId: undefined }),
    onSome: actorOf
  })
  return {
    ...actorType === undefined ? {} : { actorType },
    ...actorId === undefined ? {} : { actorId },
    ...Option.isSome(options.action) ? { name: options.action.value } : {},
    ...Option.isSome(options.status) ? { statuses: options.status.value } : {},
    ...Option.isSome(options.tag) ? { tag: options.tag.value } : {},
    ...Option.isSome(options.failure) ? { failure: options.failure.value } : {},
    ...Option.isSome(options.parent) ? { parent: options.parent.value } : {},
    ...Option.isSome(options.since) ? { since: options.since.value } : {},
    ...Option.isSome(options.before) ? { before: options.before.value } : {},
    roots: options.roots,
    held: options.held,
    toResume: options.toResume,
    notUndone: options.notUndone,
    callbacksFailed: options.callbacksFailed
  }
}

type Filter = Command.Command.Config.Infer<typeof filter>

const watched = Flag.Boolean("watch").pipe(
  Flag.withDescription("Look again every second, until interrupted"),
  Flag.withDefault(false)
)

/** What a person who watches sees anew every second: the screen is cleared before. */
const watching = <E, R>(watch: boolean, look: Effect.Effect<void, E, R>) =>
  watch
    ? Effect.forever(Effect.andThen(Effect.andThen(Console.clear, look), Effect.sleep("1 second"))).pipe(
      Effect.andThen(Effect.void)
    )
    : look

/** A page of actions. A person is told how far it looked; a program, which reads lines alone, has it look on until the page is full. */
const pageOf = (isWhole: boolean, filter: ActionFilter & { readonly limit: number }) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const items: Array<ActionRecord> = []
    let page = yield* repo.page(filter)
    while (isWhole && page.lookedUntil !== undefined) {
      items.push(...page.items)
      page = yield* repo.page({ ...filter, after: page.next, limit: filter.limit - items.length })
    }
    return { ...page, items: [...items, ...page.items] }
  })

const ls = Command.make("ls", {
  ...filter,
  limit,
  after: Flag.String("after").pipe(
    Flag.withDescription("The page after this one's last action"),
    Flag.optional
  ),
  watch: watched
}, ({ after, limit, watch, ...given }) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const filter = actionFilter(given)
    const look = Effect.gen(function*() {
      const { items, lookedUntil, next } = yield* pageOf(
        output.isJson,
        { ...filter, ...Option.isSome(after) ? { after: after.value } : {}, limit }
      )
      const strange = items.length > 0 || output.isJson ? "" : yield* strangeId(filter.actorType, filter.actorId)
      const none = lookedUntil === undefined ? "no such actions" : `no such actions since ${output.time(lookedUntil)}`
      yield* output.table(
        output.hasPayloads ? items : items.map(openRecord),
        actionColumns(output),
        `${none}${strange}`
      )
      if (lookedUntil !== undefined) {
        yield* output.remark(
          `looked at what was enqueued since ${output.time(lookedUntil)}; further back: --after ${next}`
        )
      } else if (next !== undefined) yield* output.remark(`more: --after ${next}`)
    })
    yield* watching(watch, look)
  }))).pipe(
    Command.withDescription("List actions, the newest first"),
    // as lists are asked for elsewhere
    Command.withAlias("list")
  )

/** Signals that nobody has read, in the order in which they came: they are in no step. */
const unreadOf = (id: string) =>
  Effect.gen(function*() {
    const output = yield* Output
    const signals = yield* Effect.flatMap(ActionRepo, (repo) => repo.signals(id))
    const unread = Map.groupBy(signals.filter(({ readBy }) => readBy === undefined), ({ name }) => name)
    for (const [name, { length, [length - 1]: last }] of unread) {
      const sent = length === 1 ? "sent" : `${length} sent, the last one`
      yield* output.remark(`signal ${shown(name)}  not read  ${sent} ${output.ago(last!.sentAt)}`)
    }
  })

/** What a step has given, as far as it is printed. */
const givenBy = ({ isLeftOut, result }: StepResultRecord): unknown => isLeftOut ? "<left out: it is large>" : result

const show = Command.make("show", {
  id,
  limit: Flag.Int("limit").pipe(
    Flag.withDescription("At most so many actions of the tree: 1,000 if not given, 100,000 at most"),
    Flag.withDefault(1000)
  )
}, ({ id, limit }) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const found = yield* tree(id, { limit })
    if (Option.isNone(found)) return yield* noAction(id)
    const seen = output.hasPayloads ? found.value : openTree(found.value)
    const results = output.hasPayloads ? yield* Effect.flatMap(ActionRepo, (repo) => repo.stepResults(id)) : []
    const steps = seen.steps.map((step) => {
      const given = results.find(({ index }) => index === step.index)
      return given === undefined ? step : { ...step, result: givenBy(given) }
    })
    yield* output.value({ ...seen, steps }, renderTree(seen, { details: output.hasPayloads }))
    if (output.isJson) return
    const { arguments: args, endedAt, result } = found.value.action
    yield* unreadOf(id)
    if (output.hasPayloads) {
      yield* Console.log(`arguments  ${JSON.stringify(args)}`)
      for (const step of results) yield* Console.log(`${step.name} gave  ${JSON.stringify(givenBy(step))}`)
      if (endedAt !== undefined && result !== undefined) yield* Console.log(`result     ${JSON.stringify(result)}`)
    }
  }))).pipe(Command.withDescription("Show an action, its steps and attempts, and all that is below it"))

const why = Command.make("why", { id }, ({ id }) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const found = yield* Effect.catchTag(whyOf(id), "UnknownAction", () => noAction(id))
    const reasons = output.hasPayloads ? found : openWhy(quietly(found))
    yield* output.value(reasons, renderWhy(reasons))
  }))).pipe(Command.withDescription("Say why an action is not finished: what it waits for, and what that waits for"))

export const readingCommands = [ls, show, why] as const
