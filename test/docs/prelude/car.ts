/** What most blocks of the guides take for granted: a car, what it can do, and the garage that does it. */
import { Context, Effect, Option, Schema } from "effect"
import { AchievementStore, ActionRepo, Step, Stepped } from "stepped"

export class NoParking extends Schema.TaggedError<NoParking>()("NoParking", { at: Schema.String }) {}

export class Garage extends Context.Service<Garage, {
  readonly drive: (miles: number) => Effect.Effect<void>
  readonly move: (location: string) => Effect.Effect<string, NoParking>
}>()("Garage") {}

export class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

export const drive = Stepped.action("drive", { arguments: [Schema.Int] })
export const changeLocation = Stepped.action("changeLocation", {
  arguments: [Schema.String],
  success: Schema.String,
  error: NoParking
})
export const visit = Stepped.action("visit", { arguments: [Schema.String], success: Schema.String })
  .step("move", (location) => Step.do(changeLocation, location))
  .step((location, { move }) => Effect.as(Effect.log(`asked for ${location}`), move))

export const Cars = Stepped.actions(Car, [drive, changeLocation, visit])
export const latest = Effect.flatMap(ActionRepo, (repo) => repo.list({ limit: 10 }))
export const isPolished = Effect.map(
  Effect.flatMap(AchievementStore, (achievements) => achievements.find("polish")),
  Option.isSome
)
