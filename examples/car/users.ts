/** A user whose card somebody else charges. */
import { Effect, Schema } from "effect"
import { Stepped } from "stepped"
import { User } from "./actors.ts"

// #region chargeCard
export const chargeCard = Stepped.action("chargeCard", { arguments: [Schema.Int], outbound: true })
  .step((cents) => Effect.log(`asks the bank for ${cents} cents`))

export const Users = Stepped.actions(User, [chargeCard])
// #endregion
