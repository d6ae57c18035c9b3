/** An execution of a workflow on its page: activities, deferreds and clocks as what they are, and nothing of what is secret. */
import { Effect, Exit, Layer, Redacted, Schema, Scope } from "effect"
import { Activity, DurableClock, DurableDeferred, Workflow } from "effect/workflow"
import type { Browser } from "playwright-core"
import { StepWorkflow } from "stepped/workflow"
import { afterAll, assert, beforeAll, it } from "vitest"
import { describeInBrowser, launch, open, picture, violations } from "./fixtures/Browser.ts"
import { type Served, served, until } from "./fixtures/served.ts"

const Paid = DurableDeferred.make("paid", { success: Schema.String })

const Remind = Workflow.make("Remind", { payload: { guest: Schema.String }, idempotencyKey: ({ guest }) => guest })
const RemindLive = Remind.toLayer(() => DurableClock.sleep({ name: "reminder", duration: "3 days" }))

const Stay = Workflow.make("Stay", {
  payload: { guest: Schema.String, card: Schema.Redacted(Schema.String) },
  success: Schema.String,
  idempotencyKey: ({ guest }) => guest
})
const StayLive = Stay.toLayer(({ guest }) =>
  Effect.gen(function*() {
    yield* Activity.make({ name: "reserve", execute: Effect.void })
    yield* Activity.make({
      name: "ask",
      error: Schema.String,
      execute: Effect.flatMap(Activity.CurrentAttempt, (n) => n === 1 ? Effect.fail("nobody is there") : Effect.void)
    }).pipe(Activity.retry({ times: 1 }), Effect.orDie)
    yield* Remind.execute({ guest }, { discard: true })
    const by = yield* DurableDeferred.await(Paid)
    yield* Remind.execute({ guest })
    return by
  })
)

describeInBrowser("executions in the dashboard", () => {
  const scope = Scope.makeUnsafe()
  let hotel: Served
  let browser: Browser
  let id: string

  beforeAll(async () => {
    browser = await launch()
    const live = Layer.mergeAll(StayLive, RemindLive).pipe(Layer.provide(StepWorkflow.layer))
    hotel = await Effect.runPromise(Scope.provide(served({ live }), scope))
    const executionId = await Effect.runPromise(
      Stay.execute({ guest: "Ada", card: Redacted.make("4111 1111") }, { discard: true }).pipe(
        Effect.provide(StepWorkflow.layer),
        Effect.provide(hotel.services)
      )
    )
    const [action] = await Effect.runPromise(hotel.repo.list({ actorType: "Workflow.Stay" }))
    id = action!.id
    await Effect.runPromise(hotel.says(id, "the deferred paid"))
    assert.strictEqual(action!.actorId, executionId)
  })
  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  it("24.9: have a table of what they have done and wait for, in the place of steps and signals", async () => {
    const { context, page, wrong } = await open(browser, `${hotel.origin}/dashboard/#/actions/${id}`)
    await page.getByRole("heading", { name: "Activities, deferreds, clocks" }).waitFor()
    const table = page.getByRole("table", { name: "What the execution has done and waits for" })
    const rows = async () =>
      (await table.getByRole("row").allInnerTexts()).slice(1).map((text) =>
        text.split(/\t|\n/).map((cell) => cell.trim()).filter((cell) => cell !== "").slice(0, 3).join(" ")
      )
    const shown = await rows()
    assert.deepStrictEqual(shown.slice(0, 4), [
      "Activity reserve ✓succeeded",
      "Activity ask ✕failed",
      "Activity ask ✓succeeded",
      "Deferred paid ◌waits"
    ])
    // one that it has only started
    assert.match(shown[4]!, /^Execution execute Workflow\.Remind\//)
    assert.lengthOf(shown, 5)
    await page.getByText("waits for the deferred paid").first().waitFor()
    await page.getByText("nobody is there").first().waitFor()
    assert.strictEqual(await page.getByRole("heading", { name: "Signals" }).count(), 0)
    const tree = page.getByRole("tree")
    await tree.getByText("deferred paid").waitFor()
    assert.notInclude(await page.locator("body").innerText(), "4111")
    assert.deepStrictEqual([await violations(page), wrong], [[], []])
    await picture(page, "execution")
    const token = DurableDeferred.tokenFromExecutionId(Paid, {
      workflow: Stay,
      executionId: (await Effect.runPromise(hotel.repo.list({ actorType: "Workflow.Stay" })))[0]!.actorId
    })
    await Effect.runPromise(
      DurableDeferred.succeed(Paid, { token, value: "cash" }).pipe(
        Effect.provide(StepWorkflow.layer),
        Effect.provide(hotel.services)
      )
    )
    await Effect.runPromise(hotel.says(id, "waits for an execution"))
    await table.getByRole("link", { name: "execute Workflow.Remind/" }).waitFor()
    await Effect.runPromise(until(
      "the deferred is done there",
      Effect.promise(async () => (await rows()).some((row) => row === "Deferred paid ✓succeeded"))
    ))
    await page.getByText("clock reminder").first().waitFor()
    await context.close()
  })
})
