/** The OpenAPI document, and a page of it for people: made here, without a script and without anything from elsewhere. */
import * as Effect from "effect/Effect"
import type * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as OpenApi from "effect/http-api/OpenApi"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { createHash } from "node:crypto"
import { Api } from "./Api.ts"

const style = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font:13px/1.4 ui-monospace,monospace}pre{overflow:auto;padding:.5rem;border:1px solid #8885}
summary{cursor:pointer;padding:.2rem 0}b{display:inline-block;min-width:3.5rem}
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#9cf}}`

/** Nothing but its own style, which is known by its digest. */
const policy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; ` +
  `base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;")

const shown = (value: unknown): string => `<pre>${escaped(JSON.stringify(value, null, 2))}</pre>`

const pageOf = (spec: OpenApi.OpenAPISpec): string => {
  const operations = Object.entries(spec.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => {
      const { description, parameters, requestBody, responses } = operation as OpenApi.OpenAPISpecOperation
      return `<details><summary><b>${escaped(method.toUpperCase())}</b> <code>${escaped(path)}</code> ${
        escaped(description ?? "")
      }</summary>${
        Object.entries({ parameters, requestBody, responses }).map(([name, value]) =>
          value === undefined || (Array.isArray(value) && value.length === 0) ? "" : `<h4>${name}</h4>${shown(value)}`
        ).join("")
      }</details>`
    })
  )
  const title = escaped(spec.info.title)
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${title}</title><style>${style}</style><h1>${title}</h1><p>${escaped(spec.info.description ?? "")}</p>` +
    `<p><a href="openapi.json">openapi.json</a></p>${operations.join("\n")}` +
    `<h2>Schemas</h2><details><summary>all</summary>${shown(spec.components.schemas)}</details></html>`
}

/** Serves the document of an API, which may have more than the library's own endpoints. */
export const documentLive = (all: HttpApi.Top) => {
  const spec = OpenApi.fromApi(all)
  const page = pageOf(spec)
  return HttpApiBuilder.group(Api, "document", (handlers) =>
    handlers.handleAll({
      openapi: () => Effect.succeed(HttpServerResponse.jsonUnsafe(spec)),
      page: () =>
        Effect.succeed(
          HttpServerResponse.html(page).pipe(
            HttpServerResponse.setHeaders({
              "content-security-policy": policy,
              "x-content-type-options": "nosniff",
              "referrer-policy": "no-referrer"
            })
          )
        )
    }))
}
