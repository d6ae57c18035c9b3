/** A language model of this program's own, behind the interface of `effect/ai`: one of a provider is another layer. */
import { Console, Duration, Effect, Layer, Stream } from "effect"
import { AiError, LanguageModel, type Prompt, type Response } from "effect/ai"

const finish: Response.PartEncoded = {
  type: "finish",
  reason: "stop",
  usage: { inputTokens: { total: 100 }, outputTokens: { total: 20 } }
}

const calls = (name: string, params: Record<string, unknown>): ReadonlyArray<Response.PartEncoded> => [
  { type: "tool-call", id: name, name, params },
  finish
]

/** What tools have given so far, the latest last. */
const resultsIn = ({ content }: Prompt.Prompt): ReadonlyArray<string> =>
  content.flatMap((message) =>
    message.role === "tool"
      ? message.content.flatMap((part) => part.type === "tool-result" ? [String(part.result)] : [])
      : []
  )

export const ModelLive = Layer.effect(
  LanguageModel.LanguageModel,
  Effect.suspend(() => {
    /** When each question was asked first, of those of this process. */
    const asked = new Map<number, number>()
    const generate = Effect.fn("generate")(function*(prompt: Prompt.Prompt) {
      const results = resultsIn(prompt)
      const number = results.length + 1
      const isFirst = !asked.has(number)
      if (isFirst) asked.set(number, Date.now())
      if (isFirst && number === 2) {
        yield* Console.log(`the model is asked question ${number}: too many questions, ask again in a moment`)
        return yield* AiError.make({
          module: "Example",
          method: "generateText",
          reason: new AiError.RateLimitError({ retryAfter: Duration.millis(250) })
        })
      }
      const since = asked.get(number)! - (asked.get(number - 1) ?? -Infinity)
      const pause = number < 3 ? "" : since > 700 ? ", a second later" : ", too soon"
      const said = number === 1
        ? calls("lookUp", { order: 7 })
        : number === 2
        ? calls("refund", { order: 7, cents: 4200 })
        : [{ type: "text", text: `I am sorry for the kite: ${results.at(-1)}.` } as const, finish]
      yield* Console.log(`the model is asked question ${number}${pause}: ${describe(said[0]!)}`)
      return [...said]
    })
    return LanguageModel.make({
      generateText: ({ prompt }) => generate(prompt),
      streamText: () => Stream.die("nobody streams here")
    })
  })
)

const describe = (part: Response.PartEncoded): string =>
  part.type === "tool-call"
    ? `${part.name} ${JSON.stringify(part.params)}`
    : part.type === "text"
    ? "an answer"
    : part.type
