/** What `--break` breaks. The definitions know nothing of it: the builder and the host give in to it. */
import { Context, Layer, Schema } from "effect"

export const kinds = ["build", "crash", "silent", "sick"] as const
export type Fault = typeof kinds[number]

/** `shop`, or `shop:crash`. */
export const Breakage = Schema.TemplateLiteralParser([Schema.String, ":", Schema.Literals(kinds)])

export class Faults extends Context.Service<Faults, ReadonlyMap<string, Fault>>()("deploy/Faults") {
  static readonly layer = (faults: ReadonlyMap<string, Fault>) => Layer.succeed(Faults, faults)
}
