/** An agent that answers customers: a language model decides, tools do, and a person approves what costs money. */
import { Context, Effect, Result, Schedule, Schema } from "effect"
import { AiError, LanguageModel, Prompt, Tool, Toolkit } from "effect/ai"
import { Step, Stepped } from "stepped"

// -------------------------------------------------------------------------------------------------------------------
// tools
// -------------------------------------------------------------------------------------------------------------------

// #region tools
export class Busy extends Schema.TaggedError<Busy>()("Busy", {}) {}
export class Refused extends Schema.TaggedError<Refused>()("Refused", { by: Schema.String }) {}

export class Orders extends Context.Service<Orders, {
  readonly find: (order: number) => Effect.Effect<string, Busy>
}>()("Orders") {}

export class Bank extends Context.Service<Bank, {
  readonly pay: (payment: { readonly cents: number; readonly reference: string }) => Effect.Effect<void>
}>()("Bank") {}

export class Mail extends Context.Service<Mail, {
  readonly ask: (question: { readonly text: string; readonly refund: string }) => Effect.Effect<void>
}>()("Mail") {}

export class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}

/** Twenty at a time, and the others in line: each call is one, and none takes the place of another. */
const tools = Stepped.lane("tools", { limit: 20 })

export const lookUp = Stepped.action("lookUp", { success: Schema.String, error: Busy, concurrency: () => tools() })
  .step("find", () => Effect.flatMap(Effect.all([Order, Orders]), ([{ id }, orders]) => orders.find(id)), {
    retry: { schedule: Schedule.spaced("200 millis"), times: 5 }
  })

export const approval = Stepped.signal("approval", {
  payload: Schema.Struct({ by: Schema.String, approved: Schema.Boolean })
})

export const refund = Stepped.action("refund", {
  arguments: [Schema.Int],
  success: Schema.String,
  error: Refused,
  signals: [approval],
  concurrency: () => tools()
})
  .step(
    "ask",
    Effect.fn(function*(cents) {
      const { id } = yield* Order
      const { actionId } = yield* Step
      yield* (yield* Mail).ask({ text: `refund ${cents / 100} of order ${id}?`, refund: actionId })
      return yield* Step.waitFor(approval, { timeout: "2 days" })
    })
  )
  .step(
    "pay",
    Effect.fn(function*(cents, { ask }) {
      if (!ask.approved) return yield* new Refused({ by: ask.by })
      const { idempotencyKey } = yield* Step
      yield* (yield* Bank).pay({ cents, reference: idempotencyKey })
      return `${cents / 100} is on its way`
    })
  )
// #endregion

// -------------------------------------------------------------------------------------------------------------------
// the model
// -------------------------------------------------------------------------------------------------------------------

// #region model
const LookUp = Schema.Struct({ order: Schema.Int })
const Refund = Schema.Struct({ order: Schema.Int, cents: Schema.Int })

const Tools = Toolkit.make(
  Tool.make("lookUp", { description: "Looks up an order", parameters: LookUp, success: Schema.String }),
  Tool.make("refund", { description: "Gives money back", parameters: Refund, success: Schema.String })
)

const Call = Schema.Union([
  Schema.Struct({ id: Schema.String, name: Schema.Literal("lookUp"), params: LookUp }),
  Schema.Struct({ id: Schema.String, name: Schema.Literal("refund"), params: Refund })
])

const Answer = Schema.Struct({
  said: Prompt.Prompt,
  text: Schema.String,
  tokens: Schema.Int,
  calls: Schema.Array(Call)
})

/** Asks the model, with the tools that it may call: they are called by steps, and not here. */
const ask = Effect.fn("ask")(function*(conversation: Prompt.Prompt) {
  const response = yield* LanguageModel.generateText({
    prompt: conversation,
    toolkit: { tools: Tools.tools, handle: () => Effect.die("tools are called by steps") },
    disableToolCallResolution: true
  })
  return {
    said: Prompt.fromResponseParts(response.content),
    text: response.text,
    tokens: response.usage.outputTokens.total ?? 0,
    calls: yield* Schema.decodeUnknownEffect(Schema.Array(Call))(response.toolCalls).pipe(Effect.orDie)
  }
})
// #endregion

// -------------------------------------------------------------------------------------------------------------------
// the loop
// -------------------------------------------------------------------------------------------------------------------

// #region think
export class Ledger extends Context.Service<Ledger, {
  readonly book: (entry: { readonly tokens: number; readonly reference: string }) => Effect.Effect<void>
}>()("Ledger") {}

export class Turn extends Stepped.Actor<Turn>()("Turn", { id: Schema.String }) {}

/** What all agents together may spend, in every process: a question a second. */
const budget = Stepped.lane("budget", { limit: 10, rate: { limit: 1, per: "1 second" } })

export const think = Stepped.action("think", {
  arguments: [Prompt.Prompt],
  success: Answer,
  error: AiError.AiError,
  concurrency: () => budget()
})
  .step(
    "ask",
    Effect.fn(function*(conversation) {
      // whatever becomes of this body, the answer is paid for
      const answer = yield* Step.once("answer", ask(conversation), { result: Answer })
      const { idempotencyKey } = yield* Step
      yield* (yield* Ledger).book({ tokens: answer.tokens, reference: idempotencyKey })
      return answer
    }),
    // an error that says so itself (`retryAfter`) has the next attempt wait for longer
    {
      retry: {
        schedule: Schedule.exponential("200 millis"),
        times: 4,
        while: (error) => !AiError.isAiError(error) || error.isRetryable
      },
      timeout: "1 minute"
    }
  )
// #endregion

// #region turn
const turnDeclared = Stepped.action("turn", {
  arguments: [Prompt.Prompt],
  success: Schema.String,
  error: AiError.AiError
})

/** Calls a tool: as a child, whose failure is a value. */
const call = Effect.fn("call")(function*({ name, params }: typeof Call.Type) {
  return name === "lookUp"
    ? yield* Step.attemptOn(Order.ref(params.order), lookUp)
    : yield* Step.attemptOn(Order.ref(params.order), refund, params.cents)
})

export const turn = turnDeclared
  .step("think", (conversation) => Step.do(think, conversation))
  .step("act", (_conversation, { think }) => Effect.forEach(think.calls, call))
  .step(
    "next",
    Effect.fn(function*(conversation, { act, think: { calls, said } }) {
      const { id } = yield* Turn
      const results = calls.map(({ id, name }, index) => {
        const ended: Result.Result<string, Error> = act[index]![0]!
        return Prompt.toolResultPart({
          id,
          name,
          isFailure: Result.isFailure(ended),
          // what a tool has failed with is for the model to read
          result: Result.getOrElse(ended, ({ message }) => message),
          providerExecuted: false
        })
      })
      const heard = Prompt.fromMessages([...said.content, Prompt.toolMessage({ content: results })])
      return yield* Step.on(
        calls.length === 0 ? null : Turn.ref(`${id}+`),
        turnDeclared,
        Prompt.concat(conversation, heard)
      )
    })
  )
  .step((_conversation, { next, think }) => Effect.succeed(next[0] ?? think.text))
// #endregion

export const Turns = Stepped.actions(Turn, [turn, think])
export const OrderActions = Stepped.actions(Order, [lookUp, refund])
