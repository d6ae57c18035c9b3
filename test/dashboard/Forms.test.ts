/** Forms made of schemas: what they send is what the worker takes, and what it does not take is said where it was written. */
import { Effect, Exit, Option, Scope } from "effect"
import type { Browser, Page } from "playwright-core"
import { afterAll, assert, beforeAll, it } from "vitest"
import { describeInBrowser, launch, open, picture, tabTo, violations } from "./fixtures/Browser.ts"
import { Mills } from "./fixtures/mill.ts"
import { type Served, served } from "./fixtures/served.ts"

describeInBrowser("forms in the dashboard", () => {
  const scope = Scope.makeUnsafe()
  let bakery: Served
  let browser: Browser

  beforeAll(async () => {
    browser = await launch()
    bakery = await Effect.runPromise(Scope.provide(served({ live: Mills.layer }), scope))
  })
  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  const at = (place = "") => `${bakery.origin}/dashboard/#/${place}`
  const find = (id: string) => Effect.runPromise(Effect.map(bakery.repo.find(id), Option.getOrThrow))

  /** What is sent is often what the action ends by: what has come of it stays, and has the focus. */
  const saidAfterItsEnd = async (page: Page, text: string) => {
    await page.getByRole("heading", { name: "How it ended" }).waitFor()
    await page.getByText(text).waitFor()
    assert.strictEqual(await page.evaluate(() => document.activeElement?.textContent), text)
    assert.strictEqual(await page.getByRole("button", { name: /^(Send|Complete) it/ }).count(), 0)
  }

  it("run an action with a list of texts, and lead to it", async () => {
    const { context, page, wrong } = await open(browser, at("definitions/Order/order"))
    await page.getByText("Run order").click()
    await page.getByLabel("Id of the Order").fill("41")
    await page.getByRole("button", { name: "Add to Argument" }).click()
    await page.getByRole("button", { name: "Add to Argument" }).click()
    await page.getByLabel("Argument 1", { exact: true }).fill("rye")
    await page.getByLabel("Argument 2", { exact: true }).fill("spelt")
    await page.getByLabel("Tags").fill("by hand, early")
    const own = "01900000-0000-7000-8000-0000000000aa"
    await page.getByRole("textbox", { name: /^At\b/ }).fill("2100-05-01T12:00:00Z")
    await page.getByRole("textbox", { name: /^Priority/ }).fill("-5")
    await page.getByRole("textbox", { name: /^Id ?\(/ }).fill(own)
    assert.deepStrictEqual(await violations(page), [])
    await picture(page, "form-light-1280")
    await page.getByRole("button", { name: "Run it" }).click()
    const link = page.getByRole("status").getByRole("link")
    const id = await link.innerText()
    const { arguments: given, dueAt, priority, tags } = await find(id)
    assert.deepStrictEqual([given, tags], [[["rye", "spelt"]], ["by hand", "early"]])
    assert.deepStrictEqual([id, dueAt?.toISOString(), priority], [own, "2100-05-01T12:00:00.000Z", -5])
    await link.click()
    await page.getByRole("heading", { level: 1, name: "order Order/41" }).waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("run an action with a boolean and what is written as JSON: what is none is not sent, what the worker does not take is said", async () => {
    const { context, page } = await open(browser, at("definitions/Mill/polish"))
    const asked: Array<string> = []
    page.on("request", (request) => {
      if (request.url().endsWith("/api/run")) asked.push(request.postData() ?? "")
    })
    await page.getByText("Run polish").click()
    await page.getByLabel("Id of the Mill").fill("5")
    const box = page.getByRole("checkbox", { name: "Argument 1" })
    const json = page.getByLabel("Argument 2 (JSON)")
    const run = page.getByRole("button", { name: "Run it" })
    await json.fill("{ \"edge\": ")
    await run.click()
    assert.match(await json.evaluate((area: HTMLTextAreaElement) => area.validationMessage), /^This is not JSON/)
    assert.deepStrictEqual(asked, [])
    await json.fill("{ \"edge\": 9007199254740993 }")
    await run.click()
    assert.include(await json.evaluate((area: HTMLTextAreaElement) => area.validationMessage), "would be rounded")
    assert.deepStrictEqual(asked, [])
    await json.fill("{ \"edge\": \"sharp\" }")
    await run.click()
    assert.match(await page.getByRole("alert").innerText(), /edge/)
    assert.strictEqual(await json.inputValue(), "{ \"edge\": \"sharp\" }")
    assert.deepStrictEqual(await Effect.runPromise(bakery.repo.list({ actorType: "Mill" })), [])
    await json.fill("{ \"edge\": 3 }")
    await box.check()
    assert.deepStrictEqual(await violations(page), [])
    await run.click()
    const id = await page.getByRole("status").getByRole("link").innerText()
    assert.deepStrictEqual((await find(id)).arguments, [true, { edge: 3 }])
    // what is not checked is false
    await box.uncheck()
    await run.click()
    await page.locator(`main [role=status] a:not([href*="${id}"])`).waitFor()
    const other = await page.getByRole("status").getByRole("link").innerText()
    assert.deepStrictEqual((await find(other)).arguments, [false, { edge: 3 }])
    await context.close()
  })

  it("run an action by the keyboard alone", async () => {
    const { context, page, wrong } = await open(browser, at("definitions/Order/order"))
    await page.getByText("Run order").waitFor()
    await tabTo(page, "details.telling > summary")
    await page.keyboard.press("Enter")
    await tabTo(page, "details.telling input")
    await page.keyboard.type("46")
    await tabTo(page, "details.telling fieldset > button")
    await page.keyboard.press("Enter")
    // what has been added has the keyboard
    await page.getByLabel("Argument 1", { exact: true }).waitFor()
    await page.keyboard.type("rye")
    await tabTo(page, "details.telling button.primary")
    await page.keyboard.press("Enter")
    // what has come of it has the focus: from there to the action
    const link = page.getByRole("status").getByRole("link")
    const id = await link.innerText()
    await tabTo(page, "[role=status] a")
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { level: 1, name: "order Order/46" }).waitFor()
    assert.deepStrictEqual((await find(id)).arguments, [["rye"]])
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("send a signal with a union by tag, by the keyboard alone", async () => {
    const { id } = await Effect.runPromise(bakery.orders(42).weddingLater(80))
    await Effect.runPromise(bakery.says(id, "signal"))
    const { context, page, wrong } = await open(browser, at(`actions/${id}`))
    const summary = page.getByText("Send the signal approved")
    await summary.focus()
    await page.keyboard.press("Enter")
    const reach = async (label: string) => {
      const isThere = () =>
        page.evaluate(
          (label) => document.activeElement?.closest("label")?.textContent?.startsWith(label) === true,
          label
        )
      for (let n = 0; n < 20 && !(await isThere()); n++) await page.keyboard.press("Tab")
      assert.isTrue(await isThere(), label)
    }
    await reach("by")
    await page.keyboard.type("anna")
    // the union's tag, and then what comes with it: fields are in the order in which the database keeps them
    await reach("_tag")
    await page.keyboard.press("ArrowDown")
    await page.getByLabel("days").waitFor()
    await reach("days")
    await page.keyboard.type("3")
    await reach("loaves")
    await page.keyboard.type("12")
    await reach("Why")
    await page.keyboard.type("they have called")
    assert.deepStrictEqual(await violations(page), [])
    await page.getByRole("button", { name: "Send it" }).focus()
    await page.keyboard.press("Enter")
    await Effect.runPromise(bakery.comesTo(id, "succeeded"))
    await saidAfterItsEnd(page, "It is sent.")
    const [signal] = await Effect.runPromise(bakery.repo.signals(id))
    assert.deepStrictEqual(signal?.payload, { by: "anna", loaves: 12, how: { _tag: "Later", days: 3 } })
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("say what the server refuses, and keep what was written", async () => {
    const { id } = await Effect.runPromise(bakery.orders(43).weddingLater(80))
    await Effect.runPromise(bakery.says(id, "signal"))
    const { context, page } = await open(browser, at(`actions/${id}`))
    await page.getByText("Send the signal approved").click()
    await page.getByLabel("by", { exact: true }).fill("anna")
    await page.getByLabel("loaves").fill("12")
    await page.getByRole("textbox", { name: /^Why/ }).fill("they have called")
    await page.getByLabel("_tag").selectOption("Later")
    // days are left out
    await page.locator("form").evaluateAll((forms) =>
      forms.forEach((form) => ((form as HTMLFormElement).noValidate = true))
    )
    await page.getByRole("button", { name: "Send it" }).click()
    assert.include(await page.getByRole("alert").innerText(), "days")
    assert.strictEqual(await page.getByLabel("by", { exact: true }).inputValue(), "anna")
    assert.lengthOf(await Effect.runPromise(bakery.repo.signals(id)), 0)
    await context.close()
  })

  it("complete what waits outside by the keyboard alone, as cancelled, with a reason", async () => {
    const { id } = await Effect.runPromise(bakery.orders(47).deliverLater())
    await Effect.runPromise(bakery.says(id, "outside"))
    const { context, page, wrong } = await open(browser, at(`actions/${id}`))
    await page.getByText("Complete it from outside").waitFor()
    await tabTo(page, "details.telling > summary")
    await page.keyboard.press("Enter")
    await tabTo(page, "details.telling select")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await tabTo(page, "details.telling input[type=text]")
    await page.keyboard.type("by phone")
    await page.keyboard.press("Tab")
    await page.keyboard.type("the courier is ill")
    await tabTo(page, "details.telling button.primary")
    await page.keyboard.press("Enter")
    await Effect.runPromise(bakery.comesTo(id, "cancelled"))
    await saidAfterItsEnd(page, "It is completed.")
    const [operation] = await Effect.runPromise(bakery.repo.operations({ target: id }))
    assert.strictEqual(operation?.reason, "the courier is ill")
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("complete what waits outside", async () => {
    const { id } = await Effect.runPromise(bakery.orders(44).deliverLater())
    await Effect.runPromise(bakery.says(id, "outside"))
    const { context, page, wrong } = await open(browser, at(`actions/${id}`))
    await page.getByText("Complete it from outside").click()
    const complete = page.getByRole("button", { name: "Complete it" })
    // not without a reason
    await complete.click()
    await page.getByRole("textbox", { name: /^Key/ }).fill("by hand")
    await page.getByRole("textbox", { name: /^Why/ }).fill("it was brought")
    await complete.click()
    await Effect.runPromise(bakery.comesTo(id, "succeeded"))
    await saidAfterItsEnd(page, "It is completed.")
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })
})
