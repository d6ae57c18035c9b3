/**
 * Makes of `src/dashboard/app` the module from which the dashboard is served: its script in one file, its styles, and the
 * licences of what is in them. `npm run bundle`; `--watch` does it again after each change.
 */
import { createHash } from "node:crypto"
import { readFileSync, watch, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import { gzipSync } from "node:zlib"
import { rolldown } from "rolldown"

const root = resolve(import.meta.dirname, "../..")
const app = resolve(root, "src/dashboard/app")
const generated = resolve(root, "src/dashboard/assets.generated.ts")

/** What the script has within, whose licences ask to be named. */
const inside = ["preact", "@preact/signals", "@preact/signals-core", "uplot", "d3-hierarchy"]

const licences = (): string =>
  inside.map((name) => `${name}\n\n${readFileSync(resolve(root, "node_modules", name, "LICENSE"), "utf8").trim()}\n`)
    .join("\n----\n\n")

const script = async (): Promise<string> => {
  const bundle = await rolldown({
    input: resolve(app, "main.tsx"),
    platform: "browser",
    tsconfig: resolve(app, "tsconfig.json")
  })
  const { output: [chunk, ...others] } = await bundle.generate({
    format: "esm",
    minify: true,
    comments: { legal: false }
  })
  await bundle.close()
  if (others.length > 0) throw new Error(`the script is in more than one file: ${others.map((one) => one.fileName)}`)
  return chunk.code
}

const asset = (name: string, extension: string, type: string, content: string): string => {
  const hash = createHash("sha256").update(content).digest("base64url").slice(0, 16)
  const packed = gzipSync(content, { level: 9 }).toString("base64")
  const fields = { name, file: `${name}-${hash}.${extension}`, type, gzip: packed }
  return `  ${JSON.stringify(fields)}`
}

/** Writes it where it has changed, and says so. */
const write = async (): Promise<void> => {
  const began = performance.now()
  const styles = ["node_modules/uplot/dist/uPlot.min.css", "src/dashboard/app/style.css"]
    .map((path) => readFileSync(resolve(root, path), "utf8")).join("\n")
  const assets = [
    asset("app", "js", "text/javascript; charset=utf-8", await script()),
    asset("app", "css", "text/css; charset=utf-8", styles),
    asset("licences", "txt", "text/plain; charset=utf-8", licences())
  ]
  const text = [
    "/** Made of `app` by `npm run bundle`. */",
    "import type { Asset } from \"./Asset.ts\"",
    "",
    "export const assets: ReadonlyArray<Asset> = [",
    assets.join(",\n"),
    "]",
    ""
  ].join("\n")
  const before = (() => {
    try {
      return readFileSync(generated, "utf8")
    } catch {
      return undefined
    }
  })()
  if (text === before) return
  writeFileSync(generated, text)
  console.error(
    `the dashboard is bundled: ${Math.round(text.length / 1024)} kB in ${Math.round(performance.now() - began)} ms`
  )
}

await write()

if (process.argv.includes("--watch")) {
  const state = { due: undefined as NodeJS.Timeout | undefined }
  watch(app, { recursive: true }, () => {
    clearTimeout(state.due)
    state.due = setTimeout(() => void write().catch((error: unknown) => console.error(error)), 100)
  })
}
