/** The command that forgets an actor: first what would go and what would stay, then what has gone. */
import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { ActionRepo } from "../ActionRepo.ts"
import type { Forgetting } from "../Operation.ts"
import { answer } from "./answer.ts"
import { strangeId } from "./checked.ts"
import { confirmed } from "./confirmed.ts"
import { withEngine } from "./connection.ts"
import { nothing, usage } from "./failures.ts"
import { actorOf, by, operator, reason } from "./given.ts"
import { Output } from "./Output.ts"

const actions = (count: number) => `${count} action${count === 1 ? "" : "s"}`

/** What goes, in the plan and in the answer. */
const goes = ({ achievements, actions: own, answers, others }: Forgetting): string =>
  `${actions(own)}, ${achievements} achieved, ${answers} kept as answers; what ${actions(others)} of others had of them`

const stays = ({ left }: Forgetting): string =>
  left.count === 0
    ? ""
    : `\n${left.count} stay, until that is over:${
      left.first.map(({ because, id }) => `\n  ${id}: ${because}`).join("")
    }${left.count > left.first.length ? "\n  …" : ""}`

const forget = Command.make("forget", {
  actor: Argument.String("actor").pipe(Argument.withDescription("Customer/1: the type of the actor, and its id")),
  yes: Flag.Boolean("yes").pipe(Flag.withDescription("Do not ask"), Flag.withDefault(false)),
  reason,
  by
}, ({ actor, yes, ...given }) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const { actorId, actorType } = actorOf(actor)
    if (actorId === undefined || actorType === "") return yield* usage("whom? Give its type and its id: Customer/1")
    const repo = yield* ActionRepo
    const target = `${actorType}/${actorId}`
    const plan = yield* repo.forget({ actorType, actorId }, { dryRun: true })
    const found = plan.actions + plan.others + plan.answers + plan.achievements
    if (found === 0 && plan.left.count === 0) {
      return yield* nothing(
        plan.before === 0
          ? `nothing is stored of ${target}${yield* strangeId(actorType, actorId)}`
          : `${target} is forgotten already, with ${actions(plan.before)}`
      )
    }
    const asks = yield* operator(given)
    yield* output.remark(`${target}: ${goes(plan)}${stays(plan)}`)
    if (!yes) yield* confirmed(`forget ${target}? It cannot be undone`)
    const done = yield* repo.forget({ actorType, actorId }, asks)
    const { left, ...counts } = done
    const changed = done.actions + done.others + done.answers + done.achievements > 0
    yield* answer("ActionRepo.forget", target, {
      outcome: changed ? "done" : "live",
      text: changed ? `forgotten: ${goes(done)}${stays(done)}` : `nothing was changed${stays(done)}`,
      more: { ...counts, left }
    })
  }))).pipe(Command.withDescription("Forget what an actor's ended actions were given, and have come to"))

export const forgetCommands = [forget] as const
