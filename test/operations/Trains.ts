/** One action in the versions of several deploys, which differ in its steps. Every step waits for a child, so that any worker may go on. */
import { Effect, Layer, Schema } from "effect"
import { Step, Stepped } from "stepped"
import { Garage } from "./Garage.ts"

export class Train extends Stepped.Actor<Train>()("Train", { id: Schema.Int }) {}

const hop = Stepped.action("hop", { arguments: [Schema.String] }).step(() => Effect.void)
const ride = Stepped.action("ride", { arguments: [Schema.Int] })

/** The steps of each version. */
export const versions = {
  first: ["board", "seat", "leave", "arrive"],
  added: ["board", "check", "seat", "leave", "arrive"],
  "added in front": ["wash", "board", "seat", "leave", "arrive"],
  removed: ["board", "leave", "arrive"],
  "removed in front": ["seat", "leave", "arrive"],
  renamed: ["board", "sit", "leave", "arrive"]
} as const
export type Version = keyof typeof versions

/** The definitions of a deploy; a body says the ride and the step. */
export const trains = (version: Version) => {
  const [first, ...rest]: readonly [string, ...ReadonlyArray<string>] = versions[version]
  const body = (step: string) => (n: number) =>
    Effect.andThen(
      Effect.flatMap(Garage, (garage) => garage.run(`${n} ${step}`)),
      Effect.asVoid(Step.on(Train.ref(1_000_000 + n), hop, step))
    )
  // the names are known at run time only
  let action = ride.step(first as "first", body(first))
  for (const step of rest) action = action.step(step as "next", body(step)) as unknown as typeof action
  return Stepped.actions(Train, [hop, action])
}

export const layerTrains = (version: Version, body: (what: string) => Effect.Effect<void>) =>
  trains(version).layer.pipe(Layer.provide(Layer.succeed(Garage, { run: body })))
