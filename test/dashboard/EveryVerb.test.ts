/** Every verb of the table is asked for in the dashboard by mouse, and by the keyboard alone, where there is something for it to do. */
import { Effect, Exit, Scope } from "effect"
import type { Browser, Page } from "playwright-core"
import { afterAll, assert, beforeAll, it } from "vitest"
import { operatorVerbs } from "../../src/Operation.ts"
import { isOneVerb, type OneVerb } from "../../src/verbs/table.ts"
import { describeInBrowser, launch, open } from "./fixtures/Browser.ts"
import { Mills } from "./fixtures/mill.ts"
import { type Served, served } from "./fixtures/served.ts"
import { type Occasion, occasions } from "./fixtures/verbs.ts"

const answered = "dialog .done, dialog .not-done, dialog .trouble"

describeInBrowser("every verb in the dashboard", () => {
  const scope = Scope.makeUnsafe()
  let bakery: Served
  let made: ReturnType<typeof occasions>
  let browser: Browser

  beforeAll(async () => {
    browser = await launch()
    bakery = await Effect.runPromise(Scope.provide(served({ live: Mills.layer }), scope))
    made = occasions(bakery)
  })
  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  const selector = (verb: OneVerb, { of }: Occasion) =>
    `[data-verb="${verb}"]${of === undefined ? "" : `[aria-label$=": ${of}"]`}`

  /** It may be behind More. */
  const isThere = async (page: Page, wanted: string): Promise<boolean> => {
    await page.locator(wanted).first().waitFor({ state: "attached" })
    await page.waitForFunction(() => document.querySelector("main .waiting") === null)
    return page.locator(`${wanted}:visible`).first().isVisible()
  }

  const byMouse = async (page: Page, wanted: string, fields: ReadonlyMap<string, string>) => {
    if (!await isThere(page, wanted)) await page.locator("summary", { hasText: /^More$/ }).click()
    await page.locator(`${wanted}:visible`).first().click()
    const dialog = page.getByRole("dialog")
    await dialog.locator("form").waitFor()
    const field = (label: string) =>
      dialog.locator("label.field").filter({ has: page.locator(".label", { hasText: new RegExp(`^${label}\\b`) }) })
        .locator("textarea, input")
    const submit = dialog.locator("button[type=submit]")
    for (const [label, value] of fields) if (label !== "Reason") await field(label).fill(value)
    // who says first what it would do is asked for that, and then for a reason
    if (await field("Reason").count() === 0) await submit.click()
    await field("Reason").fill(fields.get("Reason")!)
    await submit.click()
  }

  /** What has the keyboard: a button by its selector, a field by its label. */
  const focused = (page: Page, wanted: string) =>
    page.evaluate((wanted) => {
      const active = document.activeElement as HTMLElement
      const hides = active.tagName === "SUMMARY" && active.parentElement?.matches(":not([open])") === true &&
        active.parentElement.querySelector(wanted) !== null
      const label = active.closest("label")?.querySelector(".label")?.firstChild?.textContent ?? ""
      const isSubmit = active.matches("dialog button[type=submit]") && !(active as HTMLButtonElement).disabled
      return { isWanted: active.matches(wanted), hides, label: label.trim(), isSubmit }
    }, wanted)

  const byKeyboard = async (page: Page, wanted: string, fields: ReadonlyMap<string, string>) => {
    const isVisible = await isThere(page, wanted)
    for (let n = 0;; n++) {
      assert.isBelow(n, 500, `the keyboard does not come to ${wanted}`)
      const { hides, isWanted } = await focused(page, wanted)
      if (isWanted) break
      await page.keyboard.press(hides && !isVisible ? "Enter" : "Tab")
    }
    await page.keyboard.press("Enter")
    await page.locator("dialog form").waitFor()
    const left = new Map(fields)
    for (let n = 0; left.size > 0 || await page.locator(answered).count() === 0; n++) {
      assert.isBelow(n, 60, `the keyboard does not come to ${[...left.keys()].join(", ")} of ${wanted}`)
      const { isSubmit, label } = await focused(page, wanted)
      const value = left.get(label)
      if (value !== undefined) {
        await page.keyboard.press("Control+A")
        await page.keyboard.type(value)
        left.delete(label)
      } else if (isSubmit) {
        await page.keyboard.press("Enter")
        // either that is the answer, or the reason is asked for
        await page.locator(left.size === 0 ? answered : "dialog .plan").waitFor()
        continue
      }
      await page.keyboard.press("Tab")
    }
  }

  for (const [name, press] of [["by mouse", byMouse], ["by the keyboard alone", byKeyboard]] as const) {
    for (const verb of operatorVerbs.filter(isOneVerb)) {
      it(`${verb} is asked for ${name}, does what it says, and is recorded with its reason`, async () => {
        const own = Scope.makeUnsafe()
        const occasion = await Effect.runPromise(Scope.provide(made[verb], own))
        const { context, page, wrong } = await open(browser, `${bakery.origin}/dashboard/#/${occasion.place}`)
        const reason = `${verb} ${name}`
        await press(page, selector(verb, occasion), new Map(Object.entries({ ...occasion.fields, Reason: reason })))
        const answer = page.locator(answered)
        await answer.waitFor()
        assert.strictEqual(await answer.getAttribute("class"), "done", await answer.innerText())
        const operations = await Effect.runPromise(bakery.repo.operations({ verbs: [verb] }))
        assert.include(operations.map((one) => `${one.reason}: ${one.outcome}`), `${reason}: done`)
        const missing = occasion.takesAway === true ? /404 \(Not Found\)/ : /^$/
        assert.deepStrictEqual(wrong.filter((one) => !missing.test(one)), [])
        await context.close()
        await Effect.runPromise(Scope.close(own, Exit.void))
      })
    }
  }
})
