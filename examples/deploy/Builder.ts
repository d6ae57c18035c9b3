/** Makes releases of sources: pages with their links checked and their placeholders filled in, and everything gzipped. */
import { Context, Effect, FileSystem, Layer, Path } from "effect"
import { createHash, randomUUID } from "node:crypto"
import { gzipSync } from "node:zlib"
import { Faults } from "./Faults.ts"
import type { SiteEntry } from "./Manifest.ts"
import { DeadLink, type Release } from "./models.ts"

export class Builder extends Context.Service<Builder, {
  /** Tells this folder of releases from others. */
  readonly workspace: string
  /** Of everything that a release depends on. */
  readonly fingerprint: (site: SiteEntry) => Effect.Effect<string>
  readonly build: (site: SiteEntry, fingerprint: string) => Effect.Effect<Release, DeadLink>
  /** Where a release lies. */
  readonly folder: (site: string, release: string) => string
}>()("deploy/Builder") {
  static readonly layer = (releases: string) => Layer.effect(Builder, make(releases))
}

const make = Effect.fnUntraced(function*(releases: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const faults = yield* Faults

  yield* fs.makeDirectory(releases, { recursive: true })
  const idFile = path.join(releases, "workspace")
  if (!(yield* fs.exists(idFile))) yield* fs.writeFileString(idFile, randomUUID())
  const workspace = yield* fs.readFileString(idFile)

  const folder = (site: string, release: string) => path.join(releases, site, release)

  const read = Effect.fnUntraced(function*(site: SiteEntry) {
    const names = yield* fs.readDirectory(site.folder, { recursive: true })
    const sources = new Map<string, Uint8Array>()
    for (const name of names.sort()) {
      const file = path.join(site.folder, name)
      if ((yield* fs.stat(file)).type === "File") sources.set(name, yield* fs.readFile(file))
    }
    if (faults.get(site.name) === "build") {
      for (const name of sources.keys()) if (!name.endsWith(".html")) sources.delete(name)
    }
    return sources
  }, Effect.orDie)

  const fingerprint = (site: SiteEntry) =>
    Effect.map(read(site), (sources) => {
      const hash = createHash("sha256").update(site.title)
      for (const [name, content] of sources) hash.update(`\n${name} ${content.length}\n`).update(content)
      return hash.digest("hex").slice(0, 12)
    })

  const build = Effect.fn("Builder.build")(function*(site: SiteEntry, id: string) {
    const sources = yield* read(site)
    const draft = folder(site.name, `${id}.${randomUUID()}`)
    yield* Effect.orDie(fs.makeDirectory(draft, { recursive: true }))
    let bytes = 0
    for (const [name, source] of sources) {
      const content = name.endsWith(".html")
        ? yield* page(name, source, sources, { title: site.title, release: id })
        : source
      const file = path.join(draft, name)
      yield* Effect.orDie(fs.makeDirectory(path.dirname(file), { recursive: true }))
      yield* Effect.orDie(fs.writeFile(file, content))
      yield* Effect.orDie(fs.writeFile(`${file}.gz`, gzipSync(content, { level: 9 })))
      bytes += content.length
    }
    // under its name from the moment it is complete: a build that is begun twice does no harm
    const final = folder(site.name, id)
    yield* Effect.orDie(fs.remove(final, { recursive: true, force: true }))
    yield* Effect.orDie(fs.rename(draft, final))
    return { id, files: sources.size, bytes }
  })

  return Builder.of({ workspace, fingerprint, build, folder })
})

const page = (
  name: string,
  source: Uint8Array,
  sources: ReadonlyMap<string, Uint8Array>,
  values: Readonly<Record<string, string>>
): Effect.Effect<Uint8Array, DeadLink> => {
  const text = new TextDecoder().decode(source)
  for (const [, link] of text.matchAll(/(?:href|src)="([^":#?]+)"/g)) {
    if (!sources.has(link!)) return Effect.fail(new DeadLink({ page: name, link: link! }))
  }
  const filled = text.replaceAll(/{{(\w+)}}/g, (placeholder, key: string) => values[key] ?? placeholder)
  return Effect.succeed(new TextEncoder().encode(filled))
}
