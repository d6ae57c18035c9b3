/** Who may what: the dashboard asks who one is, shows what the API shows, and offers what it lets. */
import { Effect, Exit, Redacted, Scope } from "effect"
import type { Browser } from "playwright-core"
import * as Http from "stepped/http"
import { afterAll, assert, beforeAll, it } from "vitest"
import { describeInBrowser, launch, open, tabTo, violations } from "./fixtures/Browser.ts"
import { elsewhere, type Heard, listening, readByScript, sentByForm, sentByScript } from "./fixtures/elsewhere.ts"
import { hasFocus } from "./fixtures/keyboard.ts"
import { type Served, served, until } from "./fixtures/served.ts"

const people: Readonly<Record<string, Http.Operator["Service"]>> = {
  "token-of-vera": { subject: "vera", roles: ["view"], mayReadPayloads: false },
  "token-of-otto": { subject: "otto", roles: ["operate"], mayReadPayloads: true }
}

const authorization = Http.authorization((credential) => Effect.succeed(people[Redacted.value(credential)]))

describeInBrowser("who may what in the dashboard", () => {
  const scope = Scope.makeUnsafe()
  let bakery: Served
  let held: string
  let browser: Browser
  const heard: Array<Heard> = []

  beforeAll(async () => {
    browser = await launch()
    bakery = await Effect.runPromise(Scope.provide(served({ authorization, server: listening(heard) }), scope))
    held = (await Effect.runPromise(bakery.ovens("north").heatLater())).id
    await Effect.runPromise(bakery.says(held, "held"))
  })
  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  const signIn = async (token: string) => {
    const opened = await open(browser, `${bakery.origin}/dashboard/#/actions/${held}`)
    await opened.page.getByRole("heading", { name: "Who are you?" }).waitFor()
    await opened.page.getByLabel("Token").fill(token)
    await opened.page.getByLabel("Token").press("Enter")
    return opened
  }

  it("is asked for, and what is wrong is said; the token is not where scripts could read it", async () => {
    const { context, page } = await signIn("nobody's")
    await page.getByRole("alert").waitFor()
    assert.deepStrictEqual(await violations(page), [])
    await page.getByLabel("Token").fill("token-of-vera")
    await page.getByLabel("Token").press("Enter")
    await page.getByRole("heading", { level: 1, name: "heat Oven/north" }).waitFor()
    assert.strictEqual(await page.evaluate(() => document.cookie), "")
    const [cookie] = await context.cookies()
    assert.deepInclude(cookie, { value: "token-of-vera", httpOnly: true, sameSite: "Strict" })
    await page.reload()
    await page.getByRole("heading", { level: 1, name: "heat Oven/north" }).waitFor()
    await context.close()
  })

  it("is asked for by the keyboard alone, which is in the page then", async () => {
    const { context, page } = await open(browser, `${bakery.origin}/dashboard/#/actions/${held}`)
    await hasFocus(page, "input[type=password]")
    await page.keyboard.type("token-of-otto")
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { level: 1, name: "heat Oven/north" }).waitFor()
    await hasFocus(page, "main")
    await context.close()
  })

  it("is offered as far as the role goes, and what is stored is shown as far as one may read it", async () => {
    const vera = await signIn("token-of-vera")
    await vera.page.getByText("vera").waitFor()
    // what is not allowed can be come to, and says who may
    await tabTo(vera.page, "[data-verb='Stepped.cancel']")
    assert.strictEqual(await vera.page.locator(":focus").getAttribute("aria-disabled"), "true")
    await vera.page.keyboard.press("Enter")
    await vera.page.getByRole("dialog").getByText("Only who has the role operate may ask for it.").waitFor()
    assert.strictEqual(await vera.page.getByLabel("Reason").count(), 0)
    assert.deepStrictEqual(await violations(vera.page), [])
    await vera.page.keyboard.press("Escape")
    await hasFocus(vera.page, "[data-verb='Stepped.cancel']")
    await vera.page.getByText("hidden: you may not read what programs store").first().waitFor()
    await vera.context.close()
    const otto = await signIn("token-of-otto")
    const cancel = otto.page.locator("[data-verb='Stepped.cancel']")
    assert.strictEqual(await cancel.getAttribute("aria-disabled"), "false")
    await otto.page.getByText("More", { exact: true }).click()
    const remove = otto.page.locator("[data-verb='ActionRepo.delete']")
    assert.strictEqual(await remove.getAttribute("aria-disabled"), "true")
    await cancel.click()
    await otto.page.getByLabel("Reason").fill("no more coal")
    await otto.page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click()
    await otto.page.locator("dialog [role=status]").waitFor()
    const [operation] = await Effect.runPromise(bakery.repo.operations({ target: held }))
    assert.deepInclude(operation, { by: "otto", reason: "no more coal" })
    await otto.context.close()
  })

  it("is nobody to a page of another origin: what that sends with the browser of who is signed in does nothing", async () => {
    const { context, page } = await signIn("token-of-otto")
    await page.getByRole("heading", { level: 1, name: "heat Oven/north" }).waitFor()
    const port = await Effect.runPromise(Scope.provide(elsewhere, scope))
    const { id } = await Effect.runPromise(bakery.orders(6100).weddingLater(80))
    const [cancel, leave] = [`${bakery.origin}/api/verbs/Stepped.cancel`, `${bakery.origin}/api/session/end`] as const
    const asked = JSON.stringify({ id, reason: "forged=yes" })
    const forging = await context.newPage()
    // a page of another site has no cookie sent; one of another port of this machine is of the same site, and has
    for (const [host, hasCookie] of [["localhost", false], ["127.0.0.1", true]] as const) {
      heard.length = 0
      const home = `http://${host}:${port}/`
      await forging.goto(home)
      assert.deepStrictEqual(await sentByScript(forging, cancel, asked), ["refused", "opaque"])
      assert.deepStrictEqual(await sentByScript(forging, leave, ""), ["refused", "opaque"])
      const [whole, opaque = ""] = await readByScript(forging, `${bakery.origin}/api/actions/${id}`)
      assert.strictEqual(whole, "refused")
      assert.notInclude(opaque, id)
      await sentByForm(forging, cancel, asked)
      await forging.goto(home)
      await sentByForm(forging, leave, "")
      const posted = () => heard.filter(({ request }) => request.startsWith("POST"))
      await Effect.runPromise(until("all of it is answered", Effect.sync(() => posted().length >= 4)))
      assert.deepStrictEqual(
        posted().map((one) => [one.hasCookie, one.status >= 400 && one.status < 500]),
        posted().map(() => [hasCookie, true])
      )
      assert.deepStrictEqual(
        posted().filter(({ request }) => request.endsWith("/end")).map(({ status }) => status),
        hasCookie ? [403, 403] : [401, 401]
      )
    }
    assert.deepStrictEqual(await Effect.runPromise(bakery.repo.operations({ target: id })), [])
    await page.reload()
    await page.getByRole("heading", { level: 1, name: "heat Oven/north" }).waitFor()
    // the same is done where the dashboard's own page sends it
    const own = await page.evaluate(async ({ asked, cancel }) => {
      const headers = { "content-type": "application/json" }
      return (await fetch(cancel, { method: "POST", headers, body: asked })).status
    }, { asked, cancel })
    assert.strictEqual(own, 200)
    const operations = await Effect.runPromise(bakery.repo.operations({ target: id }))
    assert.deepStrictEqual(operations.map(({ outcome, reason }) => [outcome, reason]), [["done", "forged=yes"]])
    await context.close()
  })

  it("is asked again while somebody looks on, when the stream of events is over, and nothing is said of it", async () => {
    const own = Scope.makeUnsafe()
    const may = new Set(["token-of-vera"])
    const brief = await Effect.runPromise(Scope.provide(
      served({
        authorization: Http.authorization((credential) =>
          Effect.succeed(may.has(Redacted.value(credential)) ? people[Redacted.value(credential)] : undefined)
        ),
        streamTimeout: "2 seconds"
      }),
      own
    ))
    const { context, page } = await open(browser, `${brief.origin}/dashboard/#/events`)
    await page.getByLabel("Token").fill("token-of-vera")
    await page.getByLabel("Token").press("Enter")
    await page.getByRole("heading", { level: 1, name: "Events" }).waitFor()
    await page.evaluate(() => {
      const seen = document.body.dataset
      new MutationObserver(() => {
        if (document.body.innerText.includes("The server does not answer")) seen.trouble = "seen"
      }).observe(document.body, { subtree: true, childList: true })
    })
    const listens = () => page.waitForResponse((answer) => answer.url().includes("/api/events"))
    for (const _ of [1, 2]) assert.strictEqual((await listens()).status(), 200)
    const { id } = await Effect.runPromise(brief.orders(6001).weddingLater(80))
    await page.locator(`.row[href*="${id}"]`).first().waitFor()
    assert.isUndefined(await page.evaluate(() => document.body.dataset.trouble))
    may.clear()
    await page.getByRole("heading", { name: "Who are you?" }).waitFor()
    await context.close()
    await Effect.runPromise(Scope.close(own, Exit.void))
  })
})
