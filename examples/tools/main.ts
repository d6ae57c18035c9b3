/**
 * Actions as the tools of a language model: one looks something up, one gives money back once a person has approved it.
 *
 * The model calls the tools by a toolkit of `effect/ai`, as any. The refund waits for its approval, longer than the model does: it is told
 * so. A call that is handled a second time is the same action.
 *
 * Run with `npm run example examples/tools/main.ts`.
 */
import { Console, Context, Deferred, Effect, Layer, Schema, Stream } from "effect"
import { LanguageModel, Prompt, type Response, Toolkit } from "effect/ai"
import { Step, Stepped } from "stepped"
import * as Ai from "stepped/ai"
import * as Embedded from "stepped/embedded"

// -------------------------------------------------------------------------------------------------------------------
// the actions
// -------------------------------------------------------------------------------------------------------------------

// #region actions
class Mail extends Context.Service<Mail, {
  readonly ask: (question: string, refund: string) => Effect.Effect<void>
}>()("Mail") {}

class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}

class Refused extends Schema.TaggedError<Refused>()("Refused", { by: Schema.String }) {
  override get message() {
    return `${this.by} has refused it`
  }
}

const lookUp = Stepped.action("lookUp", { success: Schema.String })
  .step(() => Effect.map(Order, ({ id }) => `order ${id} is a kite for 42`))

const approval = Stepped.signal("approval", {
  payload: Schema.Struct({ by: Schema.String, approved: Schema.Boolean })
})

const refund = Stepped.action("refund", {
  arguments: [Schema.Int],
  success: Schema.String,
  error: Refused,
  signals: [approval]
})
  .step(
    "ask",
    Effect.fn(function*(euros) {
      const { id } = yield* Order
      const { actionId } = yield* Step
      yield* (yield* Mail).ask(`refund ${euros} of order ${id}?`, actionId)
      return yield* Step.waitFor(approval, { timeout: "2 days" })
    })
  )
  .step((euros, { ask }) =>
    ask.approved ? Effect.succeed(`${euros} are on their way`) : Effect.fail(new Refused({ by: ask.by }))
  )

const Orders = Stepped.actions(Order, [lookUp, refund])
// #endregion

// -------------------------------------------------------------------------------------------------------------------
// the tools
// -------------------------------------------------------------------------------------------------------------------

// #region tools
const lookingUp = Ai.tool(Orders, lookUp, {
  description: "Looks up an order",
  parameters: Schema.Struct({ order: Schema.Int }),
  call: ({ order }) => ({ actor: order, args: [] })
})

const refunding = Ai.tool(Orders, refund, {
  description: "Gives money back, once somebody has approved it",
  parameters: Schema.Struct({ order: Schema.Int, euros: Schema.Int }),
  call: ({ euros, order }) => ({ actor: order, args: [euros] }),
  patience: "3 seconds"
})

const Tools = Toolkit.make(lookingUp.tool, refunding.tool)
const ToolsLive = Tools.toLayer(Effect.all({ lookUp: lookingUp.handler, refund: refunding.handler }))
// #endregion

// -------------------------------------------------------------------------------------------------------------------
// the model
// -------------------------------------------------------------------------------------------------------------------

const finish: Response.PartEncoded = {
  type: "finish",
  reason: "stop",
  usage: { inputTokens: { total: 100 }, outputTokens: { total: 20 } }
}

const calls = (id: string, name: string, params: Record<string, unknown>): Array<Response.PartEncoded> => [
  { type: "tool-call", id, name, params },
  finish
]

/** One of this program's own: what it says is known. */
const ModelLive = Layer.effect(
  LanguageModel.LanguageModel,
  LanguageModel.make({
    generateText: ({ prompt }) => {
      const last = prompt.content.at(-1)
      const text = last?.role === "user" && last.content[0]?.type === "text" ? last.content[0].text : ""
      return Effect.succeed(
        text.startsWith("What")
          ? calls("call 1", "lookUp", { order: 7 })
          : calls("call 2", "refund", { order: 7, euros: 42 })
      )
    },
    streamText: () => Stream.die("nobody streams here")
  })
)

// -------------------------------------------------------------------------------------------------------------------
// the program
// -------------------------------------------------------------------------------------------------------------------

const asked = Deferred.makeUnsafe<string>()
const MailLive = Layer.succeed(Mail, {
  ask: (question, refund) => Effect.andThen(Console.log(`mail: ${question}`), Deferred.succeed(asked, refund))
})

const Main = Stepped.worker().pipe(
  Layer.provide(Orders.layer),
  Layer.provide(MailLive),
  Layer.provideMerge(ToolsLive),
  Layer.provideMerge(ModelLive),
  Layer.provideMerge(Embedded.layer())
)

// #region program
const ask = Effect.fn("ask")(function*(question: string) {
  const { toolResults } = yield* LanguageModel.generateText({ prompt: Prompt.make(question), toolkit: Tools })
  for (const { isFailure, name, result } of toolResults) {
    yield* Console.log(`${name}${isFailure ? " has not succeeded" : ""}: ${result}`)
  }
})

const program = Effect.gen(function*() {
  yield* ask("What was order 7?")
  // nobody has approved it yet, and the model does not wait for days
  yield* ask("Give the money back, please.")
  yield* Stepped.send(yield* Deferred.await(asked), approval, { by: "Ada", approved: true })
  // the conversation goes on later: it is the same call, and so the same refund
  yield* ask("Give the money back, please.")
})
// #endregion

await Effect.runPromise(program.pipe(Effect.provide(Main)))
