/** Sends what happens to who looks on, as server-sent events. */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { realClock } from "../store/RealClock.ts"
import { Api } from "./Api.ts"
import { Asking } from "./asking.ts"
import { BadRequest } from "./HttpError.ts"
import { Live, readCursor } from "./Live.ts"
import type { StreamedEvent } from "./models/events.ts"

/** How often something is said where nothing happens, so that whoever is gone is seen to be. */
const beatEvery = "10 seconds"

const said = (event: "beat" | "over"): Effect.Effect<StreamedEvent> =>
  Effect.map(Clock.currentTimeMillis, (at) => ({ event, data: { at: new Date(at) } }))

const beats: Stream.Stream<StreamedEvent> = Stream.fromEffectSchedule(said("beat"), Schedule.spaced(beatEvery)).pipe(
  Stream.provideService(Clock.Clock, realClock)
)

/** The same until its time is over, which it says at last. Who asks is known by the request alone: so there is to be another one now and then. */
const lasting = (events: Stream.Stream<StreamedEvent>, limit: Duration.Duration): Stream.Stream<StreamedEvent> =>
  Stream.merge(
    events,
    Stream.fromEffect(Effect.delay(said("over"), limit)).pipe(Stream.provideService(Clock.Clock, realClock)),
    { haltStrategy: "right" }
  )

export const EventsLive = HttpApiBuilder.group(
  Api,
  "live",
  Effect.fnUntraced(function*(handlers) {
    const live = yield* Live
    const { streamLimit } = yield* Asking
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
          const told = Stream.unwrap(
            Effect.map(live.events(after), (events) =>
              Stream.merge(
                beats,
                Stream.map(events, (news): StreamedEvent =>
                  "gap" in news
                    ? { event: "gap", data: news.gap }
                    : { id: news.cursor, event: "action", data: news.event })
              ))
          )
          return lasting(told, streamLimit)
        })
    })
  })
)
