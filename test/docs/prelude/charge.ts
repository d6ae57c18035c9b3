/** What the guide's block about completing takes for granted: a user whose card is charged. */
import { Effect } from "effect"
import { Stepped } from "stepped"
import { User } from "../../../examples/car/actors.ts"
import { chargeCard, Users } from "../../../examples/car/users.ts"

export const completed = Stepped.complete(User.ref(1), chargeCard, Stepped.Outcome.succeededVoid)
export const client = Effect.map(Users.client, (users) => users(1))
