/** Rule 24.10: Effect's proxies of workflows, and its durable queue, as they are, over Stepped. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { DurableDeferred } from "effect/workflow"
import { Stepped } from "stepped"
import { onlyOf, readable } from "../behaviour/fixtures/shownWorkflows.ts"
import { polled } from "../behaviour/fixtures/workflows.ts"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { until } from "../harness/workers.ts"
import {
  NoPaper,
  Print,
  printClient,
  PrintRpcs,
  rpcClient,
  Stop,
  workflowRoutes,
  WorkflowsLive
} from "./fixtures/proxied.ts"
import { serving } from "./fixtures/serving.ts"

suite("workflows that others call", (engine) => {
  const live = Stepped.worker().pipe(Layer.provideMerge(WorkflowsLive), Layer.provideMerge(engine.layer()))

  it.effect("24.10: over RPC and over HTTP one is executed, started, and resumed, and gives what it gives", () =>
    Effect.gen(function*() {
      const { url } = yield* serving(workflowRoutes)
      const rpcs = yield* rpcClient(PrintRpcs, url)
      const api = yield* printClient(url)
      assert.strictEqual(yield* rpcs.Print({ document: "four" }), 4)
      // whoever executes it again is given the same
      assert.strictEqual(yield* api.workflows.Print({ payload: { document: "four" } }), 4)
      assert.deepStrictEqual(seen, ["spools four", "prints four"])
      assert.deepStrictEqual(yield* Effect.flip(rpcs.Print({ document: "long" })), new NoPaper({ tray: 2 }))
      assert.deepStrictEqual(
        yield* Effect.flip(api.workflows.Print({ payload: { document: "long" } })),
        new NoPaper({ tray: 2 })
      )
      const executionId = yield* api.workflows.PrintDiscard({ payload: { document: "held" } })
      assert.strictEqual(yield* rpcs.PrintDiscard({ document: "held" }), executionId)
      assert.strictEqual(executionId, yield* Print.executionId({ document: "held" }))
      yield* api.workflows.PrintResume({ payload: { executionId } })
      const waiting = yield* Effect.forkChild(rpcs.Print({ document: "held" }))
      yield* until(
        "it waits",
        Effect.map(Print.poll(executionId), (result) => polled(result) === "suspended")
      )
      yield* DurableDeferred.succeed(Stop, {
        token: DurableDeferred.tokenFromExecutionId(Stop, { workflow: Print, executionId }),
        value: undefined
      })
      assert.strictEqual(yield* Fiber.join(waiting), 4)
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(live)))

  it.effect("24.10: what a queue does for it is done once, and shown as what it is", () =>
    Effect.gen(function*() {
      const [one, two] = yield* Effect.all([Print.execute({ document: "a" }), Print.execute({ document: "bb" })], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual([one, two], [1, 2])
      assert.deepStrictEqual([...seen].sort(), ["prints a", "prints bb", "spools a", "spools bb"])
      const tree = yield* Stepped.tree((yield* onlyOf("Print")).id)
      const lines = readable(tree._tag === "Some" ? Stepped.renderTree(tree.value) : "").map((line) =>
        line.replace(/ {2}NOW.*$/, "").replace(/pages\/\S+/, "pages/ID")
      )
      assert.deepStrictEqual(lines, [
        "execute Workflow.Print/ID  succeeded",
        "├─ activity spool  succeeded",
        "└─ queue pages/ID  succeeded"
      ])
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(live)))
})
