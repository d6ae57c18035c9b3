/** The OpenAPI document, and a page of it for people: made here, without a script and without anything from elsewhere. */
import * as Effect from "effect/Effect"
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

/** One document of several. */
const merged = (own: OpenApi.OpenAPISpec, others: ReadonlyArray<OpenApi.OpenAPISpec>): OpenApi.OpenAPISpec => ({
  ...own,
  paths: Object.fromEntries([own, ...others].flatMap(({ paths }) => Object.entries(paths))),
  components: {
    ...own.components,
    schemas: Object.fromEntries([own, ...others].flatMap(({ components }) => Object.entries(components.schemas)))
  },
  tags: [own, ...others].flatMap(({ tags }) => tags)
})

/** Serves the document of the API, and of what the program has beside it. */
export const documentLive = (others: ReadonlyArray<OpenApi.OpenAPISpec>) => {
  const spec = merged(OpenApi.fromApi(Api), others)
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
