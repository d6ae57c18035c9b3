/** What the guides' blocks about testing take for granted: bookings, and guests who arrive. */
import { Stepped } from "stepped"
import { performSteppedActions, succeedOutbound } from "stepped/testing"
import { arrive, Booking } from "../../../examples/testing/bookings.ts"

export const come = Stepped.complete(Booking.ref(1), arrive, Stepped.Outcome.succeededVoid)
export const all = performSteppedActions({ outbound: succeedOutbound })
