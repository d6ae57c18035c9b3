/** The command that forgets an actor: first what would go and what would stay, then what has gone. */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { ActionRepo } from "../ActionRepo.ts"
import { counted, forgotten, goes, looked, stays } from "../verbs/answers.ts"
import { verbTable } from "../verbs/table.ts"
import { answer } from "./answer.ts"
import { strangeId } from "./checked.ts"
import { confirmed } from "./confirmed.ts"
import { withEngine } from "./connection.ts"
import { nothing, usage } from "./failures.ts"
import { actorOf, by, operator, reason } from "./given.ts"
import { Output } from "./Output.ts"

const forget = Command.make("forget", {
  actor: Argument.String("actor").pipe(Argument.withDescription("Customer/1: the type of the actor, and its id")),
  limit: Flag.Int("limit").pipe(
    Flag.withDescription("How many are looked at to say what would go: 10,000 if not given, 100,000 at most"),
    Flag.optional
  ),
  yes: Flag.Boolean("yes").pipe(Flag.withDescription("Do not ask"), Flag.withDefault(false)),
  reason,
  by
}, ({ actor, limit, yes, ...given }) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const { actorId, actorType } = actorOf(actor)
    if (actorId === undefined || actorType === "") return yield* usage("whom? Give its type and its id: Customer/1")
    const repo = yield* ActionRepo
    const target = `${actorType}/${actorId}`
    const plan = yield* repo.forget({ actorType, actorId }, { dryRun: true, limit: Option.getOrUndefined(limit) })
    const found = plan.actions + plan.others + plan.answers + plan.achievements
    if (found === 0 && plan.left.count === 0 && !plan.hasMore) {
      return yield* nothing(
        plan.before === 0
          ? `nothing is stored of ${target}${yield* strangeId(actorType, actorId)}`
          : `${target} is forgotten already, with ${counted(plan.before)}`
      )
    }
    const asks = yield* operator(given)
    const seen = `${target}: ${goes(plan)}${stays(plan)}${looked(plan)}`
    yield* output.remark(seen)
    if (!yes) yield* confirmed(`forget ${target}? It cannot be undone`, seen)
    const done = yield* repo.forget({ actorType, actorId }, asks)
    yield* answer("ActionRepo.forget", target, forgotten(done, false))
  }))).pipe(Command.withDescription(verbTable["ActionRepo.forget"].description))

export const forgetCommands = [forget] as const
