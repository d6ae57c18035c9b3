/** What the README's block about completing takes for granted: a user whose card is charged. */
import { Effect, Schema } from "effect"
import { Stepped } from "stepped"

export class User extends Stepped.Actor<User>()("User", { id: Schema.Int }) {}

export const chargeCard = Stepped.action("chargeCard", { arguments: [Schema.Int], outbound: true })
  .step((cents) => Effect.log(`asks the bank for ${cents} cents`))

export const Users = Stepped.actions(User, [chargeCard])
