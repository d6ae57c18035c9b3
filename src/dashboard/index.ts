/**
 * The dashboard: a page to look at what the engine does, to see why something does not go on, and to do something about it.
 *
 * It is served beside the API of `stepped/http`, which it asks for all that it shows. It stands apart from `stepped`, so that a program without it
 * does not load it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { gunzipSync } from "node:zlib"
import type { Asset } from "./Asset.ts"
import { assets } from "./assets.generated.ts"
import { headers, page } from "./page.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * Settings of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export interface DashboardOptions {
  /** Where it is served: `/dashboard` if not given. */
  readonly path?: string
  /** Where the API is served (`/api` and what follows), as the browser sees it from the dashboard: beside it if not given, as `../`. */
  readonly api?: string
  /** Where traces are shown: an address with `{traceId}` in it. Actions that are traced have a link to it then. */
  readonly traces?: string
}

/**
 * The dashboard cannot be served as it was asked for.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidDashboardOptions extends Schema.TaggedError<InvalidDashboardOptions>()("InvalidDashboardOptions", {
  /** Which setting. */
  field: Schema.Literals(["path", "api", "traces"]),
  message: Schema.String
}) {}

// -------------------------------------------------------------------------------------------------------------------
// layers
// -------------------------------------------------------------------------------------------------------------------

/**
 * Serves the dashboard by the `HttpRouter` of the program, from memory.
 *
 * **Details**
 *
 * It has no data in it: what it shows it asks the API for, as whoever looks. So it needs no protection of its own; the API says who may see and do what. Its
 * files come from this process alone, and it loads nothing else: the policy that goes with every answer says so. Their names change with their content, and
 * browsers keep them; the page itself is asked for again each time.
 *
 * All addresses in it are relative, and the place within it stands behind `#`: a proxy may put it below a path of its own without being told here.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  { api, path = "/dashboard", traces }: DashboardOptions = {}
): Layer.Layer<never, InvalidDashboardOptions, HttpRouter.HttpRouter> =>
  Layer.unwrap(Effect.gen(function*() {
    if (!isPath(path)) {
      return yield* new InvalidDashboardOptions({
        field: "path",
        message: `path has to be /, or names with a / before each, such as /dashboard: it is ${JSON.stringify(path)}`
      })
    }
    if (api !== undefined && !/^(\.\.?\/|\/(?!\/))/.test(api)) {
      return yield* new InvalidDashboardOptions({
        field: "api",
        message: `api has to be a path of the same host, such as ../ or /stepped/: it is ${JSON.stringify(api)}`
      })
    }
    if (traces !== undefined && !(/^(https?:\/\/|\/(?!\/))/.test(traces) && traces.includes("{traceId}"))) {
      return yield* new InvalidDashboardOptions({
        field: "traces",
        message: `traces has to be an address with {traceId} in it, such as https://traces.example/{traceId}: it is ${
          JSON.stringify(traces)
        }`
      })
    }
    const base = path === "/" ? "" : path
    const { content, etag } = page({
      api: api ?? ("../".repeat(base.split("/").length - 1) || "./"),
      ...traces === undefined ? {} : { traces }
    })
    const shown = HttpServerResponse.text(content, {
      contentType: "text/html; charset=utf-8",
      headers: { ...headers, etag, "cache-control": "no-cache" }
    })
    const unchanged = HttpServerResponse.empty({
      status: 304,
      headers: { ...headers, etag, "cache-control": "no-cache" }
    })
    const missing = HttpServerResponse.redirect(`${base.slice(base.lastIndexOf("/") + 1)}/`, { headers })
    return Layer.mergeAll(
      HttpRouter.add("GET", `${base}/` as HttpRouter.PathInput, (request) =>
        Effect.succeed(
          !request.url.replace(/\?.*/, "").endsWith("/")
            ? missing
            : request.headers["if-none-match"] === etag
            ? unchanged
            : shown
        )),
      ...assets.map((asset) =>
        HttpRouter.add("GET", `${base}/${asset.file}` as HttpRouter.PathInput, (request) =>
          Effect.sync(() =>
            answered(asset, request)
          ))
      )
    )
  }))

/** Names between slashes, which a router takes for nothing but themselves. */
const isPath = (path: string): path is HttpRouter.PathInput => /^(\/|(\/[\w.~-]+)+)$/.test(path)

/** Packed, as it is in memory, for whoever takes that: all browsers do. */
const answered = ({ gzip, type }: Asset, request: HttpServerRequest.HttpServerRequest) => {
  const packed = Buffer.from(gzip, "base64")
  const isPacked = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "")
  return HttpServerResponse.uint8Array(isPacked ? packed : gunzipSync(packed), {
    contentType: type,
    headers: {
      ...headers,
      "cache-control": "public, max-age=31536000, immutable",
      vary: "accept-encoding",
      ...isPacked ? { "content-encoding": "gzip" } : {}
    }
  })
}
