/** Forms made of schemas: what they send is what the worker takes, and what it does not take is said where it was written. */
import { Effect, Exit, Option, Scope } from "effect"
import type { Browser } from "playwright-core"
import { afterAll, assert, beforeAll, it } from "vitest"
import { describeInBrowser, launch, open, picture, violations } from "./fixtures/Browser.ts"
import { type Served, served } from "./fixtures/served.ts"

describeInBrowser("forms in the dashboard", () => {
  const scope = Scope.makeUnsafe()
  let bakery: Served
  let browser: Browser

  beforeAll(async () => {
    browser = await launch()
    bakery = await Effect.runPromise(Scope.provide(served(), scope))
  })
  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  const at = (place = "") => `${bakery.origin}/dashboard/#/${place}`
  const find = (id: string) => Effect.runPromise(Effect.map(bakery.repo.find(id), Option.getOrThrow))

  it("run an action with a list of texts, and lead to it", async () => {
    const { context, page, wrong } = await open(browser, at("definitions/Order/order"))
    await page.getByText("Run order").click()
    await page.getByLabel("Id of the Order").fill("41")
    await page.getByRole("button", { name: "Add to Argument" }).click()
    await page.getByRole("button", { name: "Add to Argument" }).click()
    await page.getByLabel("Argument 1", { exact: true }).fill("rye")
    await page.getByLabel("Argument 2", { exact: true }).fill("spelt")
    await page.getByLabel("Tags").fill("by hand, early")
    assert.deepStrictEqual(await violations(page), [])
    await picture(page, "form-light-1280")
    await page.getByRole("button", { name: "Run it" }).click()
    const link = page.getByRole("status").getByRole("link")
    const id = await link.innerText()
    const { arguments: given, tags } = await find(id)
    assert.deepStrictEqual([given, tags], [[["rye", "spelt"]], ["by hand", "early"]])
    await link.click()
    await page.getByRole("heading", { level: 1, name: "order Order/41" }).waitFor()
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
    assert.deepStrictEqual(await violations(page), [])
    await page.getByRole("button", { name: "Send it" }).focus()
    await page.keyboard.press("Enter")
    await page.getByText("It is sent.").waitFor()
    await Effect.runPromise(bakery.comesTo(id, "succeeded"))
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

  it("complete what waits outside", async () => {
    const { id } = await Effect.runPromise(bakery.orders(44).deliverLater())
    await Effect.runPromise(bakery.says(id, "outside"))
    const { context, page, wrong } = await open(browser, at(`actions/${id}`))
    await page.getByText("Complete it from outside").click()
    await page.getByRole("button", { name: "Complete it" }).click()
    await Effect.runPromise(bakery.comesTo(id, "succeeded"))
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })
})
