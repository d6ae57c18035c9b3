/** What a step has asked for, as further attempts know it again: a child with its arguments, or a signal (rule 9.1). */
import * as Effect from "effect/Effect"
import { argumentsCodec, type JsonCodec } from "../../domain/Codec.ts"
import type { PlainSchema } from "../../domain/PlainSchema.ts"
import type { EarlierSlots } from "../../store/Answer.ts"
import type { Invocation } from "../../store/Invocation.ts"
import { checksum } from "../checksum.ts"

type EarlierSlot = EarlierSlots["succeeded"][number]

/** What a child is known by to a further attempt; its arguments as they are told apart. */
const requestOf = (
  { actorId, definition }: Pick<Invocation, "actorId" | "definition">,
  identity: unknown
): string | undefined => checksum([definition, actorId, identity]) ?? undefined

export const requestOfSignal = (name: string): string | undefined => checksum(["signal", name]) ?? undefined

/** What an earlier slot has asked for. */
export const requestIn = (slot: EarlierSlot): string | undefined => {
  if (slot[1] !== null) return slot[1]
  const [, , definition, actorId, args, signal] = slot
  return signal === null ? checksum([definition, actorId, args]) ?? undefined : requestOfSignal(signal)
}

/** The same of a child that somebody asks for just now, where arguments are encrypted: what was stored says nothing until it is read. */
const readRequest = (
  slot: EarlierSlot,
  { actorId, definition }: Invocation,
  codec: JsonCodec
): Effect.Effect<EarlierSlot> => {
  if (slot[1] !== null || slot[2] !== definition || slot[3] !== actorId) return Effect.succeed(slot)
  const [n, , , , stored] = slot
  return codec.decode(stored).pipe(
    Effect.flatMap((args) => codec.identify(args, stored)),
    Effect.map((identity) => [n, requestOf({ actorId, definition }, identity) ?? ""] as const),
    // of what cannot be read nobody knows whether it is the same
    Effect.catchCause(() => Effect.succeed(slot))
  )
}

/** What a child is known by that is asked for now; of earlier slots that it may be like, and that are encrypted, it is found out as well. */
export const requestOfChild = (
  earlier: Array<EarlierSlot>,
  invocation: Invocation,
  schemas: ReadonlyArray<PlainSchema>,
  args: ReadonlyArray<unknown>
): Effect.Effect<string | undefined> => {
  const codec = argumentsCodec(schemas)
  if (!codec.isEncrypting) return Effect.succeed(requestOf(invocation, invocation.arguments))
  return Effect.gen(function*() {
    const read = yield* Effect.forEach(earlier, (slot) => readRequest(slot, invocation, codec))
    earlier.splice(0, earlier.length, ...read)
    return requestOf(invocation, yield* codec.identify(args, invocation.arguments))
  })
}
