/** The client of an API over HTTP. */
import { Effect, Option, type Redacted, type Schema } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { Api } from "../http/Api.ts"
import type { OperatorOptions } from "../Operation.ts"
import type { InvalidQuery } from "../SteppedError.ts"
import { limitOf } from "../store/asked.ts"
import type { Inputs, OneVerb } from "../verbs/table.ts"
import { type Failure, told } from "./remoteAnswers.ts"

/** A page holds so much at most. */
export const pageMost = 1000

/** Without what is not given. */
export const given = <A extends object>(options: A) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== false))

export const make = (url: string, token: Option.Option<Redacted.Redacted<string>>) =>
  HttpApiClient.make(Api, {
    transformClient: HttpClient.mapRequest((request) => {
      const there = HttpClientRequest.prependUrl(request, url)
      return Option.isSome(token) ? HttpClientRequest.bearerToken(there, token.value) : there
    })
  })

export type Client = Effect.Success<ReturnType<typeof make>>

const reason = ({ reason }: OperatorOptions = {}) => reason ?? "asked from a shell"

/** A verb over HTTP: it is recorded by the name of whose token it is, whatever name is given (`by`). */
export const verbsOf = (client: Client) => {
  // one for each verb of the table, which the client's own type has in a form that no generic function can call
  const verbs = client.verbs as unknown as {
    readonly [V in OneVerb]: (
      request: { readonly payload: Inputs[V] & { readonly reason: string } }
    ) => Effect.Effect<
      { readonly outcome: string; readonly text: string; readonly more: Readonly<Record<string, Schema.Json>> },
      Failure
    >
  }
  return <V extends OneVerb>(verb: V, input: Inputs[V], options?: OperatorOptions) =>
    Effect.mapError(verbs[verb]({ payload: { ...input, reason: reason(options) } }), told(verb))
}

interface Page<Item, Cursor> {
  readonly items: ReadonlyArray<Item>
  readonly next?: Cursor | undefined
}

/** A list, a page after the other, as far as it is asked for. */
export const pages = <Item, Cursor, E>(
  operation: string,
  given: number | undefined,
  first: Cursor | undefined,
  ask: (after: Cursor | undefined, limit: number) => Effect.Effect<Page<Item, Cursor>, E>
): Effect.Effect<ReadonlyArray<Item>, E | InvalidQuery> =>
  Effect.gen(function*() {
    // what a page does not hold the client would refuse in words of its own
    const limit = yield* limitOf(`limit of ${operation}`, given)
    const found: Array<Item> = []
    let after = first
    do {
      const page = yield* ask(after, Math.min(pageMost, limit - found.length))
      found.push(...page.items)
      after = page.next
    } while (after !== undefined && found.length < limit)
    return found.slice(0, limit)
  })
