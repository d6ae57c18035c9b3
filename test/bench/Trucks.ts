/**
 * What is performed in lanes with policies. Only works about those load it: a worker tells the database of all lanes that its process
 * knows.
 */
import { Schema } from "effect"
import { Stepped } from "stepped"
import { body } from "./Cars.ts"

class Truck extends Stepped.Actor<Truck>()("Truck", { id: Schema.Int }) {}

const gate = Stepped.lane("gate", { whenBusy: "line" })
const docks = Stepped.lane("docks", { limit: 10, whenBusy: "line" })

/** One at a time at each gate, and every call counts. */
export const pass = Stepped.action("pass", { arguments: [Schema.Int], concurrency: (key) => gate(key) }).step(() =>
  body
)
/** Ten at a time at the docks of each yard. */
export const unload = Stepped.action("unload", { arguments: [Schema.Int], concurrency: (key) => docks(key) })
  .step(() => body)

export const Trucks = Stepped.actions(Truck, [pass, unload])
