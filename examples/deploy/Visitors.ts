/** People who keep asking for pages while their sites are being replaced, and count what they get. */
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import { Proxy } from "./Proxy.ts"

export interface Tally {
  answered: number
  failed: number
}

/** Asks for each site's first page twenty times a second from the moment there is one, until it is interrupted. */
export const visit = Effect.fnUntraced(function*(sites: ReadonlyArray<string>, tally: Tally) {
  const client = yield* HttpClient.HttpClient
  const proxy = yield* Proxy
  const ask = Effect.fnUntraced(function*(site: string) {
    if ((yield* proxy.current(site)) === undefined) return
    const isAnswered = yield* client.get(`${proxy.url}/${site}/`).pipe(
      Effect.flatMap((response) => Effect.as(response.text, response.status === 200)),
      Effect.orElseSucceed(() => false)
    )
    if (isAnswered) tally.answered++
    else tally.failed++
  })
  return yield* Effect.forever(Effect.andThen(
    Effect.forEach(sites, ask, { concurrency: "unbounded", discard: true }),
    Effect.sleep("50 millis")
  ))
})
