/** What this process commits, for those who ask for some of it: as it is told, or as a stream that keeps the latest for who does not keep up. */
import { isReadonlyArrayNonEmpty, type NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import { asStored } from "../../domain/Phase.ts"
import type { Engine, Listener } from "../../Engine.ts"
import type { ActionEvent, ActionEvents, EventFilter, EventsLost } from "../../Events.ts"
import { type InvalidActorId, InvalidOption } from "../../SteppedError.ts"
import { type Fields, strangeIn } from "../../store/strictly.ts"
import { encodeActorId } from "../invoke/invocation.ts"
import type { Hub } from "./Hub.ts"

const filterFields: Fields<EventFilter> = { actor: true, action: true, id: true, tags: true }

/** A filter with a field that is not known, as one that is misspelt, would take all events. */
const checkFilter = (filter: EventFilter): Effect.Effect<void, InvalidOption> => {
  const strange = strangeIn(filter, filterFields)
  return strange === undefined
    ? Effect.void
    : Effect.fail(
      new InvalidOption({ option: `${strange.field} of Stepped.events`, value: strange.value, takes: strange.takes })
    )
}

/** Whether a filter takes an event. */
const takes = (filter: EventFilter): Effect.Effect<(event: ActionEvent) => boolean, InvalidActorId> =>
  Effect.map(
    filter.actor === undefined ? Effect.undefined : encodeActorId(filter.actor),
    (actorId) => (event) =>
      (filter.id === undefined || event.id === asStored(filter.id)) &&
      (filter.action === undefined || event.name === filter.action.name) &&
      (filter.actor === undefined || (event.actorType === filter.actor.type && event.actorId === actorId)) &&
      (filter.tags === undefined || filter.tags.includes(event._tag))
  )

const bufferOf = (buffer: number | undefined): Effect.Effect<number, InvalidOption> =>
  buffer === undefined || (Number.isSafeInteger(buffer) && buffer >= 1)
    ? Effect.succeed(buffer ?? 1000)
    : Effect.fail(
      new InvalidOption({
        option: "buffer of Stepped.events",
        value: String(buffer),
        takes: "a whole number from 1 on"
      })
    )

/** What a hub tells, as the engine gives it to those who listen. */
export const listening = (hub: Hub): Pick<Engine["Service"], "listen" | "events" | "told"> => {
  const listen: Engine["Service"]["listen"] = <Tag extends keyof ActionEvents>(
    filter: EventFilter<Tag>,
    { closed, told }: Listener<Tag>
  ) =>
    Effect.flatMap(takes(filter), (isTaken) =>
      hub.listen({
        told: (event) => {
          // by the filter's tags
          if (isTaken(event)) told(event as ActionEvent<Tag>)
        },
        ...closed === undefined ? {} : { closed }
      }))
  return { listen, events: streaming(listen), told: hub.told }
}

const streaming =
  (listen: Engine["Service"]["listen"]): Engine["Service"]["events"] =>
  <Tag extends keyof ActionEvents>(
    filter: EventFilter<Tag>,
    options: { readonly buffer?: number }
  ): Stream.Stream<ActionEvent<Tag> | EventsLost, InvalidActorId | InvalidOption> =>
    Stream.unwrap(Effect.gen(function*() {
      yield* checkFilter(filter)
      const most = yield* bufferOf(options.buffer)
      // invariant: `most` events at most, the latest; `lost` of those before them were dropped since the last were taken
      let kept: Array<ActionEvent<Tag> | EventsLost> = []
      let first = 0
      let lost = 0
      let isOver = false
      const latch = Latch.makeUnsafe(false)
      yield* listen(filter, {
        told: (event) => {
          kept.push(event)
          if (kept.length - first > most) {
            first++
            lost++
            // what was dropped goes in one piece, now and then
            if (first > most) {
              kept = kept.slice(first)
              first = 0
            }
          }
          latch.openUnsafe()
        },
        closed: () => {
          isOver = true
          latch.openUnsafe()
        }
      })
      const take: Pull.Pull<NonEmptyReadonlyArray<ActionEvent<Tag> | EventsLost>> = Effect.gen(function*() {
        while (kept.length === first && !isOver) {
          latch.closeUnsafe()
          yield* latch.await
        }
        const taken = first === 0 ? kept : kept.slice(first)
        if (lost > 0) taken.unshift({ _tag: "EventsLost", count: lost })
        kept = []
        first = 0
        lost = 0
        return isReadonlyArrayNonEmpty(taken) ? taken : yield* Cause.done()
      })
      return Stream.fromPull(Effect.succeed(take))
    }))
