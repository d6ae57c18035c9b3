/** The elements of programs' own queues. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { ElementState } from "../domain/Phase.ts"
import type { StorageError } from "../SteppedError.ts"
import type { Calls } from "./call.ts"
import { array, at } from "./columns.ts"

const { float8, int2, text, timestamptz, uuid } = PgTypes.OID

/** An element that is offered. */
export interface NewElement {
  readonly queue: string
  readonly id: string
  /** JSON. */
  readonly element: string
  /** Before which nobody takes it, user time in ms. */
  readonly due: number
}

/** An element that was taken, by the token of that time. */
export interface TakenElement {
  readonly number: number
  readonly token: string
  readonly id: string
  readonly element: string
  readonly attempts: number
}

/** What has come of one that was taken: it waits again until `due`, or, without that, is given back as if it had not been taken. */
export interface SettledElement extends Pick<TakenElement, "number" | "token"> {
  readonly state: keyof typeof ElementState
  readonly due?: number | undefined
  readonly failure?: string | undefined
}

/** What was taken, or, where there is none, when the next one is due. */
export interface Taken {
  readonly elements: ReadonlyArray<TakenElement>
  readonly next: number | undefined
}

export const elementsOf = ({ run }: Calls) => ({
  /** Inside an open transaction of the client they are offered with it. */
  offer: (now: number, elements: ReadonlyArray<NewElement>): Effect.Effect<void, StorageError> =>
    Effect.asVoid(run("offerElements", "offer_elements", {
      p_now: at(now),
      element_queue: array(elements.map(({ queue }) => queue), text),
      element_id: array(elements.map(({ id }) => id), text),
      element_element: array(elements.map(({ element }) => element), text),
      element_due: array(elements.map(({ due }) => due), timestamptz)
    })),

  take: (o: {
    readonly now: number
    readonly queue: string
    readonly token: string
    readonly count: number
    readonly attempts: number
    readonly leaseMs: number
  }): Effect.Effect<Taken, StorageError> =>
    Effect.map(
      run("takeElements", "take_elements", {
        p_now: at(o.now),
        p_queue: PgTypes.text(o.queue),
        p_token: PgTypes.uuid(o.token),
        p_count: PgTypes.int4(o.count),
        p_attempts: PgTypes.int4(o.attempts),
        p_lease_ms: PgTypes.float8(o.leaseMs)
      }, "number, id, element, attempts, next_at"),
      (rows) => ({
        elements: rows.flatMap((row) =>
          row[0] === null ? [] : [{
            number: row[0] as number,
            token: o.token,
            id: row[1] as string,
            element: row[2] as string,
            attempts: row[3] as number
          }]
        ),
        next: (rows[0]?.[4] as Date | null | undefined)?.getTime()
      })
    ),

  settle: (now: number, settled: ReadonlyArray<SettledElement>): Effect.Effect<void, StorageError> =>
    Effect.asVoid(run("settleElements", "settle_elements", {
      p_now: at(now),
      element_number: array(settled.map(({ number }) => number), float8),
      element_token: array(settled.map(({ token }) => token), uuid),
      element_state: array(settled.map(({ state }) => ElementState[state]), int2),
      element_due: array(settled.map(({ due }) => due ?? null), timestamptz),
      element_failure: array(settled.map(({ failure }) => failure ?? null), text)
    })),

  renew: (
    elements: ReadonlyArray<Pick<TakenElement, "number" | "token">>,
    leaseMs: number
  ): Effect.Effect<void, StorageError> =>
    Effect.asVoid(run("renewElements", "renew_elements", {
      element_number: array(elements.map(({ number }) => number), float8),
      element_token: array(elements.map(({ token }) => token), uuid),
      p_lease_ms: PgTypes.float8(leaseMs)
    })),

  /** Gives how many were deleted, at most `limit`. */
  forget: (
    state: "completed" | "failed",
    before: number,
    limit: number
  ): Effect.Effect<number, StorageError> =>
    Effect.map(
      run("forgetElements", "forget_elements", {
        p_state: PgTypes.int2(ElementState[state]),
        p_before: at(before),
        p_limit: PgTypes.int4(limit)
      }),
      ([row]) => row![0] as number
    )
})
