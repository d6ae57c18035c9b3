/** What `--break` breaks. The definitions know nothing of it: the builder and the servers give in to it. */
import { Context, Layer } from "effect"

export const faults = {
  silent: "its server starts and never calls back: a timeout",
  crash: "its server ends before it is ready",
  sick: "its server calls back and never becomes healthy",
  build: "a file that its pages link to is missing"
}
export type Fault = keyof typeof faults

export class Faults extends Context.Service<Faults, ReadonlyMap<string, Fault>>()("deploy/Faults") {
  /** The faults by the names of the sites. */
  static readonly layer = (faults: ReadonlyMap<string, Fault>) => Layer.succeed(Faults, faults)
}
