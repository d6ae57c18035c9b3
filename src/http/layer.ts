/** The API as routes of a program's server. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { FileSystem } from "effect/FileSystem"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type * as Etag from "effect/http/Etag"
import type { HttpPlatform } from "effect/http/HttpPlatform"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type { Path } from "effect/Path"
import { durationOption, type Services } from "../engine/engineLayer.ts"
import type { InvalidOption } from "../SteppedError.ts"
import { Api } from "./Api.ts"
import { Asking } from "./asking.ts"
import { loopback } from "./authorization.ts"
import { BodyLimitLive } from "./bodyLimit.ts"
import { Denials } from "./denials.ts"
import { documentLive } from "./document.ts"
import { type ActionEndpoints, endpointsLive, specsOf } from "./Endpoints.ts"
import { Live } from "./Live.ts"
import { ManyLive } from "./many.ts"
import type { Authorization } from "./Operator.ts"
import { Origins, originsOf } from "./origin.ts"
import { ActionsLive } from "./readActions.ts"
import { OverviewLive } from "./readOverview.ts"
import { SchedulesLive } from "./readSchedules.ts"
import { RequestCheckLive } from "./requestCheck.ts"
import { SessionLive } from "./session.ts"
import { EventsLive } from "./streaming.ts"
import { TellingLive } from "./telling.ts"
import { VerbsLive } from "./verbs.ts"

/**
 * Settings of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export interface LayerOptions<E = never, R = never, ER = never, RR = never> {
  /** Who may: `Http.authorization`, or a layer of the program's own. Whoever asks on this machine, if not given (`Http.loopback`). */
  readonly authorization?: Layer.Layer<Authorization, E, R>
  /** How long one question to the database may take: 5 seconds if not given; finite. Not of forgetting an actor and checking the invariants, which go through all that is stored: each of their statements has the engine's `statementTimeout`. */
  readonly queryTimeout?: Duration.Input
  /**
   * How long a stream of events stays open: 15 minutes if not given; finite. Who looks on connects again by then, where they were, and so is asked again who they are: longer than that
   * nobody looks on who may not any more.
   */
  readonly streamTimeout?: Duration.Input
  /** Where it is looked, if that is not where verbs are asked for: `Stepped.layer` over a client of a replica. */
  readonly reads?: Layer.Layer<Services, ER, RR>
  /** The origins whose pages may ask for verbs, such as `https://ops.example.com`; the host that is asked, if none are given. */
  readonly origins?: ReadonlyArray<string>
  /** Actions that have an endpoint each ({@link endpoints}). */
  readonly endpoints?: ReadonlyArray<ActionEndpoints>
}

/**
 * What a server has that serves it: `NodeHttpServer.layer` has all of it.
 *
 * @category models
 * @since 0.1.0
 */
export type ServerServices = Etag.Generator | FileSystem | HttpPlatform | HttpRouter.HttpRouter | Path

/** What only looks. */
const reading = Layer.mergeAll(ActionsLive, OverviewLive, SchedulesLive, Layer.provide(EventsLive, Live.layer))

/** What is answered is for whoever has asked, as it is now, and is what it says that it is: nobody keeps it, and no browser takes it for something else. */
const Answers = HttpRouter.middleware((answer) =>
  Effect.map(
    answer,
    HttpServerResponse.setHeaders({ "cache-control": "no-store", "x-content-type-options": "nosniff" })
  )
).layer

/**
 * The API: routes for a program's server, over the engine that the program has.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <E = never, R = never, ER = never, RR = never>(
  options: LayerOptions<E, R, ER, RR> = {}
): Layer.Layer<never, InvalidOption | E | ER, R | RR | Services | ServerServices> => {
  const authorization: Layer.Layer<Authorization, E, R> | Layer.Layer<Authorization> = options.authorization ??
    loopback()
  const asking = Layer.effect(
    Asking,
    Effect.all({
      limit: durationOption("queryTimeout", options.queryTimeout, Duration.seconds(5)),
      streamLimit: durationOption("streamTimeout", options.streamTimeout, Duration.minutes(15))
    })
  )
  const reads: Layer.Layer<Services, ER, RR | Services> = options.reads ??
    Layer.effectContext(Effect.context<Services>())
  const endpoints = options.endpoints ?? []
  return Layer.merge(HttpApiBuilder.layer(Api), endpointsLive(endpoints)).pipe(
    Layer.provide(Layer.provide(reading, reads)),
    Layer.provide([SessionLive, VerbsLive, ManyLive, TellingLive]),
    Layer.provide(documentLive(specsOf(endpoints))),
    Layer.provide(authorization),
    Layer.provide([RequestCheckLive, BodyLimitLive, Answers]),
    Layer.provide([asking, Denials.layer]),
    Layer.provide(Layer.effect(Origins, originsOf(options.origins ?? [])))
  )
}
