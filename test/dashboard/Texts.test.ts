/** Whatever programs store is text, and nothing else: sixty texts that want to be more, in every field that takes one. */
import { Effect, Exit, Schema, Scope } from "effect"
import type { Browser, Page } from "playwright-core"
import { ActionRepo, JobQueue, PerformanceLane, Step, Stepped } from "stepped"
import { afterAll, assert, beforeAll, it } from "vitest"
import { describeInBrowser, launch, open } from "./fixtures/Browser.ts"
import { scripts } from "./fixtures/scripts.ts"
import { type Served, served } from "./fixtures/served.ts"

class Wall extends Stepped.Actor<Wall>()("Wall", { id: Schema.String }) {}
class Sprayed extends Schema.TaggedError<Sprayed>()("Sprayed", { with: Schema.String }) {
  override get message() {
    return this.with
  }
}

const told = Stepped.signal("told", { payload: Schema.String })

const paint = Stepped.action("paint", {
  arguments: [Schema.String],
  success: Schema.String,
  error: Sprayed,
  concurrencyKey: (text) => ["wall", text],
  checksum: (text) => text,
  checksumKey: (text) => ["paint", text]
}).step(Effect.fn(function*(text) {
  return yield* Effect.fail(new Sprayed({ with: text }))
}))
const say = Stepped.action("say", { arguments: [Schema.String], success: Schema.String }).step((text) =>
  Effect.succeed(text)
)
const listen = Stepped.action("listen", { arguments: [Schema.String], signals: [told] })
  .step("wait", (text) => Effect.andThen(Step.progress(text), Effect.asVoid(Step.waitFor(told))))
/** What it cannot do it says for ever. */
const repeat = Stepped.action("repeat", { arguments: [Schema.String], error: Sprayed })
  .step("again", (text) => Effect.fail(new Sprayed({ with: text })), { onExhausted: "hold" })

const Walls = Stepped.actions(Wall, [paint, say, listen, repeat])

describeInBrowser("texts in the dashboard", () => {
  const scope = Scope.makeUnsafe()
  let wall: Served
  let ids: ReadonlyArray<string>
  let browser: Browser

  const store = (text: string) =>
    Effect.gen(function*() {
      const walls = yield* Walls.client
      const by = text.slice(0, 100)
      const tagged = walls(text).with({ tags: [text.slice(0, 60)] })
      const [painted, said, held, listening] = [
        yield* tagged.paintLater(text),
        yield* tagged.sayLater(text),
        yield* tagged.repeatLater(text),
        yield* tagged.listenLater(text)
      ]
      yield* Stepped.send(listening.id, told, text, { key: by })
      yield* (yield* PerformanceLane).pause(["wall", text], { reason: text, by })
      yield* (yield* JobQueue).pause({ queue: text.slice(0, 50) }, { reason: text, by })
      yield* wall.comesTo(painted.id, "failed")
      yield* wall.comesTo(said.id, "succeeded")
      yield* wall.says(held.id, "held")
      yield* (yield* ActionRepo).retry(painted.id, { reason: text, by })
      return [painted.id, said.id, held.id, listening.id]
    })

  beforeAll(async () => {
    browser = await launch()
    wall = await Effect.runPromise(Scope.provide(
      served({ live: Walls.layer, build: scripts[0]!, worker: { name: scripts[12]! } }),
      scope
    ))
    ids = (await Effect.runPromise(
      Effect.provide(Effect.forEach(scripts, store, { concurrency: 8 }), wall.services)
    )).flat()
  })
  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  /** Opens all that is closed, and says what there is that no text makes. */
  const made = async (page: Page) => {
    await page.getByRole("heading", { level: 1 }).waitFor()
    await page.waitForFunction(() => document.querySelector("main .waiting") === null)
    return page.evaluate(() => {
      for (const one of document.querySelectorAll("main details")) (one as HTMLDetailsElement).open = true
      const strange = [
        ...document.querySelectorAll(
          "main :is(script, style, img, image, iframe, object, embed, video, audio, base, meta, link, template, marquee, math)"
        )
      ]
      const links = [...document.querySelectorAll<HTMLAnchorElement>("main a[href]")].filter((one) =>
        !one.getAttribute("href")!.startsWith("#/")
      )
      return [
        ...strange.map((one) => one.outerHTML.slice(0, 100)),
        ...links.map((one) => one.outerHTML.slice(0, 100)),
        ..."caught" in globalThis ? ["a script has run"] : []
      ]
    })
  }

  it("are sixty, none like another", () => assert.strictEqual(new Set(scripts).size, 60))

  it("stay texts on every page that lists", async () => {
    const { context, page, wrong } = await open(browser, `${wall.origin}/dashboard/`)
    const found: Array<string> = []
    for (
      const place of [
        "",
        "actions",
        "actions?status=failed",
        "lanes",
        "queues",
        "workers",
        "definitions",
        "definitions/Wall/paint",
        "operations",
        "events",
        "activity"
      ]
    ) {
      await page.goto(`${wall.origin}/dashboard/#/${place}`)
      found.push(...(await made(page)).map((one) => `${place}: ${one}`))
    }
    assert.deepStrictEqual([...found, ...wrong], [])
    await context.close()
  })

  it("stay texts on the page of every action that has one, opened altogether, and in what is asked about it", async () => {
    const { context, page, wrong } = await open(browser, `${wall.origin}/dashboard/`)
    const found: Array<string> = []
    for (const [i, id] of ids.entries()) {
      await page.goto(`${wall.origin}/dashboard/#/actions/${id}`)
      await page.getByRole("region", { name: "Steps" }).waitFor()
      found.push(...(await made(page)).map((one) => `${scripts[Math.floor(i / 4)]}: ${one}`))
      const text = scripts[Math.floor(i / 4)]!
      // as it is, and all of it
      if (!(await page.getByRole("heading", { level: 1 }).textContent())!.includes(text)) {
        found.push(`not shown: ${text}`)
      }
      if (i % 20 === 3) {
        await page.locator("[data-verb='Stepped.cancel']").first().click()
        await page.getByRole("dialog").waitFor()
        found.push(...await made(page))
        await page.keyboard.press("Escape")
      }
    }
    assert.deepStrictEqual([...found, ...wrong], [])
    await context.close()
  })

  it("stay texts where they are looked for: in the address, and in the fields", async () => {
    const { context, page, wrong } = await open(browser, `${wall.origin}/dashboard/`)
    const found: Array<string> = []
    for (const text of scripts) {
      await page.goto(
        `${wall.origin}/dashboard/#/actions?tag=${encodeURIComponent(text)}&name=${encodeURIComponent(text)}&failure=${
          encodeURIComponent(text)
        }`
      )
      found.push(...(await made(page)).map((one) => `${text}: ${one}`))
      await page.goto(`${wall.origin}/dashboard/#/actions/${encodeURIComponent(text)}`)
      found.push(...(await made(page)).map((one) => `${text}: ${one}`))
    }
    assert.deepStrictEqual(found, [])
    // an id that is none is refused by the API, which the browser says by itself
    assert.deepStrictEqual(wrong.filter((one) => !one.includes("status of 400") && !one.includes("status of 404")), [])
    await context.close()
  })
})
