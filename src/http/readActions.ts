/** Answers what is asked of actions. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import type { ActionFilter } from "../ActionRecord.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { Engine } from "../Engine.ts"
import { Api } from "./Api.ts"
import { ask, Asking } from "./asking.ts"
import { NotFound } from "./HttpError.ts"
import type { actionStatuses } from "./models/actions.ts"
import { Operator } from "./Operator.ts"
import { pageOtherwise } from "./paging.ts"
import { makePayloads } from "./payloads.ts"
import { actionView, signalView, stepViews, summaryOf, treeView, whyView } from "./views.ts"

type Query =
  & { readonly [K in Exclude<keyof ActionFilter, "statuses" | "limit" | "brief">]?: ActionFilter[K] | undefined }
  & {
    readonly status?: ReadonlyArray<typeof actionStatuses[number]> | undefined
  }

const filterOf = ({ status, ...query }: Query): ActionFilter => ({ ...query, statuses: status })

const noAction = (id: string) => new NotFound({ message: `there is no action ${id}, or its history has been deleted` })

export const ActionsLive = HttpApiBuilder.group(
  Api,
  "actions",
  Effect.fnUntraced(function*(handlers) {
    const asking = yield* Asking
    const repo = yield* ActionRepo
    const engine = yield* Engine
    const payloads = yield* makePayloads

    const found = <A>(id: string, answer: Option.Option<A>) =>
      Option.isSome(answer) ? Effect.succeed(answer.value) : Effect.fail(noAction(id))

    return handlers.handleAll({
      list: ({ query: { limit = pageOtherwise, ...query } }) =>
        Effect.gen(function*() {
          const { mayReadPayloads } = yield* Operator
          const page = yield* ask(asking, repo.page({ ...filterOf(query), limit, brief: true }))
          return { ...page, items: page.items.map((record) => summaryOf(record, mayReadPayloads)) }
        }),
      count: ({ query }) => ask(asking, repo.count(filterOf(query))),
      get: Effect.fnUntraced(function*({ params: { id } }) {
        const { mayReadPayloads } = yield* Operator
        const record = yield* found(id, yield* ask(asking, repo.find(id)))
        return yield* ask(asking, actionView(payloads, record, mayReadPayloads))
      }),
      steps: Effect.fnUntraced(function*({ params: { id } }) {
        const { mayReadPayloads } = yield* Operator
        const record = yield* found(id, yield* ask(asking, repo.find(id)))
        return yield* ask(
          asking,
          Effect.flatMap(
            Effect.zip(repo.steps(id), repo.slots(id)),
            ([steps, slots]) => stepViews(payloads, record, steps, slots, mayReadPayloads)
          )
        )
      }),
      results: Effect.fnUntraced(function*({ params: { id } }) {
        const { mayReadPayloads } = yield* Operator
        const record = yield* found(id, yield* ask(asking, repo.find(id)))
        const shows = yield* ask(asking, payloads.of(record, mayReadPayloads))
        return (yield* ask(asking, repo.stepResults(id))).map((step) => ({
          index: step.index,
          name: step.name,
          result: shows.stepResult(step)
        }))
      }),
      tree: Effect.fnUntraced(function*({ params: { id }, query: { limit = 1000 } }) {
        const { mayReadPayloads } = yield* Operator
        const tree = yield* found(id, yield* ask(asking, repo.tree(id, { limit })))
        return yield* ask(asking, treeView(payloads, tree, mayReadPayloads))
      }),
      why: Effect.fnUntraced(function*({ params: { id } }) {
        const { mayReadPayloads } = yield* Operator
        const asked = Effect.catchTag(Effect.asSome(engine.why(id)), "UnknownAction", () => Effect.succeedNone)
        const why = yield* found(id, yield* ask(asking, asked))
        return yield* ask(asking, whyView(payloads, why, mayReadPayloads))
      }),
      signals: Effect.fnUntraced(function*({ params: { id } }) {
        const { mayReadPayloads } = yield* Operator
        const record = yield* found(id, yield* ask(asking, repo.find(id)))
        const shows = yield* ask(asking, payloads.of(record, mayReadPayloads))
        return (yield* ask(asking, repo.signals(id))).map((signal) => signalView(shows, signal, mayReadPayloads))
      })
    })
  })
)
