/**
 * Whether a process is alive, and ready for work: what whoever runs it asks again and again.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { Engine } from "./Engine.ts"
import type { Live, Ready } from "./Readiness.ts"

/**
 * Whether this process can still do its work: false once a worker of it has come to an end that is a fault, so that nothing but a new process helps.
 *
 * **Details**
 *
 * It asks nothing of the database: an outage ends by itself, and restarting every process in it makes it longer. A thread that a body blocks does not answer
 * at all, which is an answer, too.
 *
 * @category looking
 * @since 0.1.0
 */
export const live: Effect.Effect<Live, never, Engine> = Effect.flatMap(Engine, (engine) => engine.live)

/**
 * Whether this process is ready: its database answers within two seconds, has the engine's tables and takes writes, and each of its workers takes work.
 *
 * **Details**
 *
 * How much waits, or for how long, says nothing of that: more processes are wanted then, and not fewer. A worker that stops, was drained, has no lease or has not begun is not ready; a
 * process without workers is, as soon as its database is. It never fails: what is wrong is in `problems`.
 *
 * **Example** (Endpoints for whoever runs it)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { HttpRouter, HttpServerResponse } from "effect/http"
 * import { Stepped } from "stepped"
 *
 * const Live = HttpRouter.add("GET", "/live", Effect.map(Stepped.live, (live) =>
 *   HttpServerResponse.jsonUnsafe(live, { status: live.isLive ? 200 : 503 })))
 * const Ready = HttpRouter.add("GET", "/ready", Effect.map(Stepped.ready, (ready) =>
 *   HttpServerResponse.jsonUnsafe(ready, { status: ready.isReady ? 200 : 503 })))
 * ```
 *
 * @category looking
 * @since 0.1.0
 */
export const ready: Effect.Effect<Ready, never, Engine> = Effect.flatMap(Engine, (engine) => engine.ready)
