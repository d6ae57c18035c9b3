/** Every verb by mouse and by keyboard alone: asked for with a reason, recorded, and told. */
import { Context, Effect, Exit, Scope } from "effect"
import type { Browser, Page } from "playwright-core"
import { ActionRepo, JobQueue, PerformanceLane } from "stepped"
import { afterAll, assert, beforeAll, it } from "vitest"
import { room } from "../../examples/dashboard/bakery.ts"
import { operatorVerbs } from "../../src/Operation.ts"
import { isOneVerb } from "../../src/verbs/table.ts"
import { describeInBrowser, launch, open, violations } from "./fixtures/Browser.ts"
import { aDay, type Served, served } from "./fixtures/served.ts"

describeInBrowser("verbs in the dashboard", () => {
  const scope = Scope.makeUnsafe()
  let bakery: Served
  let day: Effect.Success<ReturnType<typeof aDay>>
  let browser: Browser

  beforeAll(async () => {
    browser = await launch()
    bakery = await Effect.runPromise(Scope.provide(served(), scope))
    day = await Effect.runPromise(aDay(bakery))
  })
  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  const at = (place = "") => `${bakery.origin}/dashboard/#/${place}`

  const recorded = (verb: string, target?: string) =>
    Effect.runPromise(
      Effect.map(bakery.repo.operations({}), (all) =>
        all.filter((one) => one.verb === verb && (target === undefined || one.target === target)))
    )

  const answered = (page: Page) => page.locator("dialog [role=status]").innerText()

  it("are all there somewhere, as the table of verbs has them", async () => {
    const { context, page } = await open(browser, at())
    const found = new Set<string>()
    const lanes = Context.get(bakery.services, PerformanceLane)
    await Effect.runPromise(lanes.pause(room("north"), { reason: "cleaned", by: "anna" }))
    const places = [
      `actions/${day.held}`,
      `actions/${day.delivered}`,
      "queues",
      "lanes",
      "workers",
      "operations",
      "schedules",
      "schedules/epiphany",
      "schedules/jubilee"
    ]
    for (const place of places) {
      await page.goto(at(place))
      await page.locator("[data-verb]").first().waitFor({ state: "attached" })
      await page.waitForFunction(() => document.querySelector("main .waiting") === null)
      for (const one of await page.locator("[data-verb]").all()) found.add(await one.getAttribute("data-verb") ?? "")
    }
    await page.goto(at("actions"))
    await page.getByText("Do something with all of these").waitFor()
    // of a lane, a queue and a worker what is offered goes by how these are
    const sometimes = ["JobQueue.resume", "AchievementStore.forget", "Schedules.resumeAll"]
    // what an action is told is asked for by forms
    const missing = operatorVerbs.filter((verb) => isOneVerb(verb) && !found.has(verb) && !sometimes.includes(verb))
    assert.deepStrictEqual(missing, [])
    await Effect.runPromise(lanes.resume(room("north"), { by: "anna" }))
    await context.close()
  })

  it("are asked for by mouse: what is held is tried again, with a reason that is recorded", async () => {
    const { context, page, wrong } = await open(browser, at(`actions/${day.held}`))
    await page.getByRole("button", { name: "Try again: step light" }).click()
    const dialog = page.getByRole("dialog", { name: "Try again" })
    await dialog.waitFor()
    assert.deepStrictEqual(await violations(page), [])
    // nothing is done without a reason
    assert.isTrue(await dialog.getByRole("button", { name: "Try again" }).isDisabled())
    await dialog.getByLabel("Reason").fill("the coals are dry now")
    await dialog.getByRole("button", { name: "Try again" }).click()
    await dialog.getByRole("status").waitFor()
    await dialog.getByRole("button", { name: "Close" }).click()
    await page.getByRole("region", { name: "What operators have done" }).getByText("the coals are dry now").waitFor()
    const [operation] = await recorded("ActionRepo.tryStepAgain", day.held)
    assert.strictEqual(operation?.reason, "the coals are dry now")
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("are asked for by the keyboard alone, and left by Escape with nothing done", async () => {
    const { id } = await Effect.runPromise(bakery.orders(2001).weddingLater(12))
    const { context, page, wrong } = await open(browser, at(`actions/${id}`))
    await page.locator("[data-verb='Stepped.cancel']").waitFor()
    const isCancel = () =>
      page.evaluate(() => (document.activeElement as HTMLElement).dataset.verb === "Stepped.cancel")
    const reach = async () => {
      for (let n = 0; n < 40 && !(await isCancel()); n++) await page.keyboard.press("Tab")
      assert.isTrue(await isCancel())
    }
    await reach()
    await page.keyboard.press("Enter")
    await page.getByRole("dialog").waitFor()
    await page.keyboard.press("Escape")
    await page.getByRole("dialog").waitFor({ state: "hidden" })
    assert.isTrue(await isCancel())
    assert.lengthOf(await recorded("Stepped.cancel", id), 0)
    await page.keyboard.press("Enter")
    await page.getByRole("dialog").waitFor()
    const isReason = () => page.evaluate(() => (document.activeElement as HTMLTextAreaElement).name === "reason")
    for (let n = 0; n < 10 && !(await isReason()); n++) await page.keyboard.press("Tab")
    await page.keyboard.type("they have called it off")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.locator("dialog [role=status]").waitFor()
    await page.keyboard.press("Enter")
    await page.getByRole("dialog").waitFor({ state: "hidden" })
    await Effect.runPromise(bakery.comesTo(id, "cancelled"))
    const [operation] = await recorded("Stepped.cancel", id)
    assert.strictEqual(operation?.reason, "they have called it off")
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("take what their schema says: a step is completed with a result", async () => {
    const { id } = await Effect.runPromise(bakery.ovens("south").heatLater())
    await Effect.runPromise(bakery.says(id, "held"))
    const { context, page, wrong } = await open(browser, at(`actions/${id}`))
    await page.getByRole("button", { name: "Complete step: step light" }).click()
    const dialog = page.getByRole("dialog")
    await dialog.getByLabel("result").fill("220")
    await dialog.getByLabel("Reason").fill("lit by hand")
    await dialog.getByRole("button", { name: "Complete step" }).click()
    await dialog.getByRole("status").waitFor()
    await Effect.runPromise(bakery.comesTo(id, "succeeded"))
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("of queues, lanes and workers are asked for where these are", async () => {
    const { context, page, wrong } = await open(browser, at("queues"))
    const queue = Context.get(bakery.services, JobQueue)
    await page.getByRole("button", { name: "Pause everything: everything" }).click()
    await page.getByLabel("Reason").fill("the mill is being moved")
    await page.getByRole("dialog").getByRole("button", { name: "Pause everything" }).click()
    assert.notStrictEqual(await answered(page), "")
    assert.deepStrictEqual((await Effect.runPromise(queue.pauses)).map(({ kind, reason }) => [kind, reason]), [
      ["everything", "the mill is being moved"]
    ])
    await page.getByRole("button", { name: "Close" }).click()
    await page.getByRole("button", { name: /^Resume: everything/ }).click()
    await page.getByLabel("Reason").fill("it stands")
    await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click()
    assert.notStrictEqual(await answered(page), "")
    assert.deepStrictEqual(await Effect.runPromise(queue.pauses), [])
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("of many are planned first, and then done by an action of the engine's own", async () => {
    await Effect.runPromise(
      Effect.forEach([3001, 3002, 3003], (id) => bakery.orders(id).with({ tags: ["called off"] }).weddingLater(9))
    )
    const { context, page, wrong } = await open(
      browser,
      at("actions?tag=called%20off&status=performing,pending,queued")
    )
    await page.locator(".row").nth(2).waitFor()
    await page.getByText("Do something with all of these").click()
    await page.getByLabel("What").selectOption("Stepped.cancel")
    await page.getByRole("button", { name: "Look how many that are" }).click()
    await page.getByText("3 actions are meant.").waitFor()
    await page.getByLabel("Reason").fill("a late frost")
    await page.getByRole("button", { name: "Cancel 3" }).click()
    await page.getByText("It is done by an action of its own").waitFor()
    const repo = Context.get(bakery.services, ActionRepo)
    const cancelled = Effect.map(repo.list({ tag: "called off", statuses: ["cancelled"] }), ({ length }) => length)
    await Effect.runPromise(Effect.repeat(Effect.delay(cancelled, "50 millis"), { until: (count) => count === 3 }))
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("that are refused say why", async () => {
    const { context, page } = await open(browser, at(`actions/${day.delivered}`))
    await page.getByText("More", { exact: true }).click()
    await page.locator("[data-verb='Stepped.cancel']").click()
    await page.getByLabel("Reason").fill("too late")
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click()
    assert.match(await answered(page), /ended|over|nothing/)
    await context.close()
  })
})
