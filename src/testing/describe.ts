/** Actions in the messages of failing tests. */
import * as Effect from "effect/Effect"
import * as Formatter from "effect/Formatter"
import * as Option from "effect/Option"
import type { AnyAction } from "../Action.ts"
import { argumentsCodec } from "../domain/Codec.ts"

export interface Described {
  readonly actorType: string
  readonly actorId: string
  readonly name: string
  readonly arguments: unknown
}

/**
 * An action as messages show it, with its arguments as its definition reads them, so that what a schema redacts stays out. What no
 * definition reads is left out: nobody knows what of it may be shown.
 */
export const describe = (action: Described, definition: AnyAction | undefined): Effect.Effect<string> =>
  Effect.map(
    definition === undefined
      ? Effect.succeedNone
      : Effect.option(argumentsCodec(definition.arguments).decode(action.arguments)),
    (args) => `${action.name} ${action.actorType}/${action.actorId}(${Option.isSome(args) ? listed(args.value) : "…"})`
  )

/** `"a", 1` without its brackets. */
export const listed = (args: unknown): string => Formatter.format(args).slice(1, -1)
