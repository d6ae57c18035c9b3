/** Schedules in the dashboard: when each fires, which do not and why, what one has enqueued, and what is done about it. */
import { Context, Effect, Exit, Scope } from "effect"
import { SqlClient } from "effect/sql"
import type { Browser } from "playwright-core"
import { Schedules } from "stepped"
import { afterAll, assert, beforeAll, it } from "vitest"
import { Orders, wedding } from "../../examples/dashboard/bakery.ts"
import { describeInBrowser, launch, open, violations } from "./fixtures/Browser.ts"
import { aDay, type Served, served } from "./fixtures/served.ts"

describeInBrowser("schedules in the dashboard", () => {
  const scope = Scope.makeUnsafe()
  let bakery: Served
  let schedules: Schedules["Service"]
  let browser: Browser

  beforeAll(async () => {
    browser = await launch()
    bakery = await Effect.runPromise(Scope.provide(served(), scope))
    schedules = Context.get(bakery.services, Schedules)
    await Effect.runPromise(aDay(bakery))
  })
  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  const at = (place = "") => `${bakery.origin}/dashboard/#/${place}`

  it("are listed with when they fire next, or why they do not, and lead to one", async () => {
    const { context, page, wrong } = await open(browser, at("schedules"))
    const row = (name: string) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) })
    // a worker says some seconds after its start what it has
    await row("epiphany").getByText("active").waitFor()
    const said = async (name: string) => (await row(name).innerText()).replaceAll(/\s+/g, " ")
    assert.match(await said("epiphany"), /0 5 6 1 \*.*Europe\/Berlin.*order.*Order\/6.*in \d+.*code.*Pause/)
    assert.match(await said("jubilee"), /paused.*by anna: that is long until then.*once.*row.*Resume/)
    assert.match(await said("ripening"), /orphaned.*no living worker has its action.*every 1 d/)
    await row("shelf/white?").getByRole("link", { name: "shelf/white?" }).click()
    await page.getByRole("heading", { level: 1, name: "shelf/white?" }).waitFor()
    const next = page.getByRole("table", { name: "Slots that come next" })
    await next.waitFor()
    assert.strictEqual(await next.getByRole("row").count(), 6)
    await page.getByText("America/New_York").waitFor()
    await page.getByText("Nothing, or its history has been deleted.").waitFor()
    // by its name, as its address has it
    await page.goto(at("schedules"))
    await page.getByLabel("Name").fill("jubilee")
    await page.getByLabel("Name").press("Enter")
    await page.getByRole("heading", { level: 1, name: "jubilee" }).waitFor()
    await page.getByText("It is paused: none of them fires as it is.").waitFor()
    // what nobody can read is not over
    const trouble = (text: string | null) =>
      Effect.runPromise(Effect.provide(
        Effect.flatMap(
          SqlClient.SqlClient,
          (sql) => sql`update stepped.schedules set trouble = ${text} where name = 'jubilee'`
        ),
        bakery.services
      ))
    await trouble("the zone Mars/Base is not known here")
    await page.reload()
    await page.getByText("It cannot be read, and fires nothing: the zone Mars/Base is not known here").waitFor()
    await trouble(null)
    assert.deepStrictEqual(wrong, [])
    await page.goto(at("schedules/nowhere"))
    await page.getByRole("alert").first().waitFor()
    await context.close()
  })

  it("need attention where they do not fire", async () => {
    const { context, page, wrong } = await open(browser, at())
    const region = page.getByRole("region", { name: "Does not fire" })
    // a worker says some seconds after its start what it has; what is paused is not among them
    await region.locator(".count").getByText("1", { exact: true }).waitFor()
    const found = region.getByRole("listitem")
    const text = (await found.innerText()).replaceAll(/\s+/g, " ")
    assert.match(text, /Nobody fires it ripening .*no living worker has Cellar\/ripen.*not due yet/)
    assert.deepStrictEqual(await violations(page), [])
    await found.getByRole("link", { name: "ripening" }).click()
    await page.getByRole("heading", { level: 1, name: "ripening" }).waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("are all paused by a button, say so, and go on by another", async () => {
    const { context, page, wrong } = await open(browser, at("schedules"))
    const asked = async (label: string) => {
      await page.getByRole("button", { name: `${label}: schedules` }).click()
      const dialog = page.getByRole("dialog", { name: label })
      await dialog.getByLabel("Reason").fill("a copy of the bakery")
      await dialog.getByRole("button", { name: label }).click()
      const said = await dialog.getByRole("status").innerText()
      await dialog.getByRole("button", { name: "Close" }).click()
      return said
    }
    const row = (name: string) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) })
    assert.include(await asked("Pause all"), "done")
    await page.getByText("All schedules are paused").waitFor()
    await row("epiphany").getByText("with all others, by ").waitFor()
    assert.match(await row("epiphany").innerText(), /paused/)
    // one that has a pause of its own can be resumed, and the others be paused
    await row("jubilee").getByRole("button", { name: /^Resume/ }).waitFor()
    await row("epiphany").getByRole("button", { name: /^Pause/ }).waitFor()
    assert.deepStrictEqual(await violations(page), [])
    await page.goto(at())
    await page.getByRole("region", { name: "Around them" }).getByRole("link", { name: "schedules" }).waitFor()
    await page.goto(at("queues"))
    await page.getByRole("table", { name: "Pauses" }).getByRole("button", { name: "Resume all: schedules" }).waitFor()
    await page.goto(at("schedules"))
    assert.include(await asked("Resume all"), "none was to fire meanwhile")
    await row("epiphany").getByText("active").waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("are listed page by page", async () => {
    const many = Array.from({ length: 110 }, (_, i) => `wedding ${String(i).padStart(3, "0")}`)
    await Effect.runPromise(
      Effect.forEach(
        many,
        (name) =>
          schedules.put(name, { at: new Date("2100-01-01"), actions: Orders, actor: 8, action: wedding, args: [9] })
      )
    )
    const { context, page, wrong } = await open(browser, at("schedules"))
    await page.getByRole("link", { name: "More of them" }).click()
    await page.getByRole("link", { name: "wedding 109" }).waitFor()
    await page.getByRole("link", { name: "The first of them" }).click()
    await page.getByRole("link", { name: "epiphany" }).waitFor()
    assert.deepStrictEqual(wrong, [])
    await Effect.runPromise(Effect.forEach(many, (name) => schedules.remove(name)))
    await context.close()
  })

  it("enqueue a range after they have said which slots that is, and what was enqueued is there", async () => {
    const { context, page, wrong } = await open(browser, at(`schedules/${encodeURIComponent("shelf/white?")}`))
    await page.getByRole("button", { name: "Backfill: schedule shelf/white?" }).click()
    const dialog = page.getByRole("dialog", { name: "Backfill" })
    await dialog.getByLabel("from").fill("2024-01-01T00:00:00Z")
    await dialog.getByLabel("to").fill("2025-12-31T00:00:00Z")
    await dialog.getByRole("button", { name: "Look what it would do" }).click()
    await dialog.getByText(/would be enqueued: 2 slots, 2024-01-06T09:00:00.000Z to 2025-01-06T09:00:00.000Z/).waitFor()
    assert.deepStrictEqual(await violations(page), [])
    // nothing was enqueued by that, or recorded; another range is looked at once more
    assert.deepStrictEqual(await Effect.runPromise(schedules.history("shelf/white?")), [])
    assert.deepStrictEqual(await Effect.runPromise(bakery.repo.operations({ verbs: ["Schedules.backfill"] })), [])
    await dialog.getByLabel("from").fill("2025-01-01T00:00:00Z")
    await dialog.getByRole("button", { name: "Look what it would do" }).click()
    await dialog.getByText(/would be enqueued: 1 slot, 2025/).waitFor()
    await dialog.getByLabel("Reason").fill("the books are gone")
    await dialog.getByRole("button", { name: "Backfill" }).click()
    await dialog.getByText("done: 1 enqueued, and 0 had been before").waitFor()
    await dialog.getByRole("button", { name: "Close" }).click()
    const history = page.getByRole("table", { name: "Slots that were enqueued" })
    await history.getByRole("row").nth(1).waitFor()
    await page.getByRole("region", { name: "What operators have done" }).getByText("the books are gone").waitFor()
    await history.getByRole("link").click()
    await page.getByRole("heading", { level: 1, name: "order Order/7" }).waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })
})
