/** What `--break` breaks. The definitions know nothing of it: the builder and the servers give in to it. */
import { Context, Effect, Layer, Schema } from "effect"
import { Manifest } from "./Manifest.ts"

export const faults = {
  silent: "its server starts and never calls back: a timeout",
  crash: "its server ends before it is ready",
  sick: "its server calls back and never becomes healthy",
  build: "a file that its pages link to is missing"
}
export type Fault = keyof typeof faults

export class UnknownSite extends Schema.TaggedError<UnknownSite>()("UnknownSite", {
  name: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    return `There is no site ${this.name}: it is one of ${this.known.join(", ")}`
  }
}

/** The faults by the names of the sites. */
export class Faults extends Context.Service<Faults, ReadonlyMap<string, Fault>>()("deploy/Faults") {
  static readonly layer = (faults: ReadonlyMap<string, Fault>) =>
    Layer.effect(
      Faults,
      Effect.gen(function*() {
        const { find, sites } = yield* Manifest
        for (const name of faults.keys()) {
          if (find(name) === undefined) return yield* new UnknownSite({ name, known: sites.map((site) => site.name) })
        }
        return faults
      })
    )
}
