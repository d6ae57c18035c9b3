/** The client of an API over HTTP. */
import { Effect, Option, type Redacted } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { Api } from "../http/Api.ts"
import type { InvalidQuery } from "../SteppedError.ts"
import { limitOf } from "../store/asked.ts"

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
