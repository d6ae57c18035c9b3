/** The sites, as `sites/manifest.json` lists them. */
import { Context, Effect, FileSystem, Layer, Path, Schema } from "effect"

export const SiteEntry = Schema.Struct({
  /** Of the actor, and the first part of its paths behind the proxy. */
  name: Schema.String.check(Schema.isPattern(/^[a-z][a-z0-9-]*$/)),
  title: Schema.NonEmptyString,
  /** Beside the manifest. */
  folder: Schema.NonEmptyString,
  /** How long its server loads data before it is healthy. */
  warmUp: Schema.DurationFromString
})
export type SiteEntry = typeof SiteEntry.Type

const ManifestFile = Schema.fromJsonString(Schema.Struct({ sites: Schema.NonEmptyArray(SiteEntry) }))

export class Manifest extends Context.Service<Manifest, {
  readonly sites: ReadonlyArray<SiteEntry>
  readonly find: (name: string) => SiteEntry | undefined
}>()("deploy/Manifest") {
  static readonly layer = (folder: string) =>
    Layer.effect(
      Manifest,
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const file = yield* fs.readFileString(path.join(folder, "manifest.json"))
        const { sites } = yield* Schema.decodeEffect(ManifestFile)(file)
        const resolved = sites.map((site) => ({ ...site, folder: path.join(folder, site.folder) }))
        return Manifest.of({ sites: resolved, find: (name) => resolved.find((site) => site.name === name) })
      })
    )
}
