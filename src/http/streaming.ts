/** Sends what happens to who looks on, as server-sent events. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { realClock } from "../store/RealClock.ts"
import { Api } from "./Api.ts"
import { BadRequest } from "./HttpError.ts"
import { Live, readCursor } from "./Live.ts"
import type { StreamedEvent } from "./models/events.ts"

/** How often something is said where nothing happens, so that whoever is gone is seen to be. */
const beatEvery = "10 seconds"

const beats: Stream.Stream<StreamedEvent> = Stream.fromEffectSchedule(
  Effect.map(Clock.currentTimeMillis, (at): StreamedEvent => ({ event: "beat", data: { at: new Date(at) } })),
  Schedule.spaced(beatEvery)
).pipe(Stream.provideService(Clock.Clock, realClock))

export const EventsLive = HttpApiBuilder.group(
  Api,
  "live",
  Effect.fnUntraced(function*(handlers) {
    const live = yield* Live
    return handlers.handleAll({
      events: ({ headers, query }) =>
        Effect.gen(function*() {
          const given = headers["last-event-id"] ?? query.after
          const after = given === undefined || given === "" ? undefined : readCursor(given)
          if (given !== undefined && given !== "" && after === undefined) {
            return yield* new BadRequest({
              message: `Last-Event-ID is ${JSON.stringify(given.slice(0, 100))}: it takes the id of an event`,
              field: "last-event-id"
            })
          }
          // a proxy that gathers what it passes on would tell it much later, nginx among them
          yield* HttpEffect.appendPreResponseHandler((_, response) =>
            Effect.succeed(HttpServerResponse.setHeader(response, "x-accel-buffering", "no"))
          )
          // nothing is sent before it is looked: what happens after the first beat is told
          return Stream.unwrap(
            Effect.map(live.events(after), (events) =>
              Stream.merge(
                beats,
                Stream.map(events, ({ cursor, event }): StreamedEvent => ({ id: cursor, event: "action", data: event }))
              ))
          )
        })
    })
  })
)
