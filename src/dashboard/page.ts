/** The one page of the dashboard, and what every answer says of what may be done with it. */
import { createHash } from "node:crypto"
import { assets } from "./assets.generated.ts"

/** What the page is told, which is the same for everybody. */
export interface Told {
  /** Where the API is, seen from the page. */
  readonly api: string
  /** An address with `{traceId}` in it. */
  readonly traces?: string
}

/**
 * Nothing comes from elsewhere, no text becomes a script or a style, and no other page frames this one.
 */
export const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'"
].join("; ")

export const headers = {
  "content-security-policy": policy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff"
} as const

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** Three steps, the last one not done yet. */
const icon = "data:image/svg+xml," + encodeURIComponent(
  "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><rect width='16' height='16' rx='3' fill='#1c5d99'/>" +
    "<path d='M3 12h3.5V8.5H10V5h3' fill='none' stroke='#fff' stroke-width='2'/></svg>"
)

const fileOf = (extension: string): string => assets.find(({ file }) => file.endsWith(extension))?.file ?? ""

/** It asks for what it needs by addresses beside its own, so that a proxy may put it anywhere. */
export const page = (told: Told): { readonly content: string; readonly etag: string } => {
  const content = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Stepped</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="stepped" content="${escaped(JSON.stringify(told))}">
<link rel="icon" href="${escaped(icon)}">
<link rel="license" type="text/plain" href="${fileOf(".txt")}">
<link rel="stylesheet" href="${fileOf(".css")}">
<script type="module" src="${fileOf(".js")}"></script>
</head>
<body>
<div id="app"></div>
<noscript>This page needs JavaScript. The command line does without: stepped --help.</noscript>
</body>
</html>
`
  return { content, etag: `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"` }
}
