/** Transitions that nobody's body asks for: what time and cleaning up bring, as much at a time as the database takes. */
import * as Effect from "effect/Effect"
import type { StorageError } from "../../SteppedError.ts"
import { type Pass, tookTooLong } from "../../store/Store.ts"
import * as BatchSize from "../BatchSize.ts"
import type { Read } from "./Answers.ts"
import type { Work, WorkerContext } from "./context.ts"
import type { WorkQueue } from "./InHand.ts"

export interface Passes {
  /** One of them; the work that it hands over goes to `queue`. */
  readonly run: (pass: Pass, queue: WorkQueue<Work>) => Effect.Effect<Read, StorageError>
}

const passMax = 500

export const make = (worker: WorkerContext): Passes => {
  const { catalogs, connections, failpoint, gate, now } = worker
  const size = BatchSize.make(passMax)
  return {
    run: (pass, queue) =>
      Effect.gen(function*() {
        const token = yield* worker.lease.register
        const at = yield* now
        const asked = failpoint("ticked", connections.ask(pass(token, at, catalogs.own(), size.get())))
        const passed = Effect.flatMap(asked, (answer) =>
          Effect.map(worker.answers.read(answer, at, false), (read) => {
            size.passed()
            worker.reconciler.handTo(token, queue, read.work)
            return read
          }))
        return yield* gate.shared(worker.reconciler.keeping([], () => passed)).pipe(
          Effect.tapError((error) => Effect.sync(() => tookTooLong(error) ? size.refused(size.get()) : undefined))
        )
      })
  }
}
