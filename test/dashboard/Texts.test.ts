/** Whatever programs store is text, and nothing else: sixty texts that want to be more, in every field that takes one. */
import { Effect, Exit, Redacted, Schema, Scope } from "effect"
import { SqlClient } from "effect/sql"
import type { Browser, Page } from "playwright-core"
import { ActionRepo, JobQueue, PerformanceLane, Schedules, Step, Stepped } from "stepped"
import { afterAll, assert, beforeAll, it } from "vitest"
import { layerUrl } from "../harness/Server.ts"
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
/** What no worker has. */
const crumble = Stepped.action("crumble", { arguments: [Schema.String] }).step(() => Effect.void)
const Ruins = Stepped.actions(Wall, [crumble])

/** A worker of each name and build, that has said nothing else. */
const workers = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) =>
    sql`insert into stepped.workers (name, build, queues, lease_until, started_at)
    select text, text, array[text], now() + interval '1 day', now()
    from jsonb_array_elements_text(${JSON.stringify(scripts)}::jsonb) text`
)

describeInBrowser("texts in the dashboard", () => {
  const scope = Scope.makeUnsafe()
  let wall: Served
  let ids: ReadonlyArray<string>
  let browser: Browser

  /** Every other one is paused; where no worker has the action it says so. */
  const scheduled = (text: string, by: string) =>
    Effect.gen(function*() {
      const schedules = yield* Schedules
      const isOdd = scripts.indexOf(text) % 2 === 1
      const given = { every: "1 day", actor: text, args: [text] } as const
      if (isOdd) yield* schedules.put(text, { ...given, actions: Walls, action: say })
      else yield* schedules.put(text, { ...given, actions: Ruins, action: crumble })
      if (isOdd) yield* schedules.pause(text, { reason: text, by })
    })

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
      yield* wall.says(listening.id, "signal")
      yield* Stepped.heartbeat(listening.id, text)
      yield* Stepped.send(listening.id, told, text, { key: by })
      yield* (yield* PerformanceLane).pause(["wall", text], { reason: text, by })
      yield* (yield* JobQueue).pause({ queue: text.slice(0, 50) }, { reason: text, by })
      yield* scheduled(text, by)
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
    await Effect.runPromise(Effect.provide(workers, layerUrl(Redacted.make(wall.database))))
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
        "schedules",
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
      // lists of which a page has a hundred
      const onward = page.getByRole("link", { name: "More of them" })
      while (await onward.count() > 0) {
        await Promise.all([page.waitForResponse((answer) => answer.url().includes("after=")), onward.click()])
        found.push(...(await made(page)).map((one) => `${place}, further on: ${one}`))
      }
    }
    assert.deepStrictEqual([...found, ...wrong], [])
    await context.close()
  })

  it("stay texts as names, builds and queues of workers, and are all shown", async () => {
    const { context, page, wrong } = await open(browser, `${wall.origin}/dashboard/#/workers`)
    assert.deepStrictEqual(await made(page), [])
    const shown = await page.locator("main td").evaluateAll((cells) =>
      cells.map((cell) => [cell.getAttribute("data-name"), cell.textContent].join(" "))
    )
    assert.deepStrictEqual(
      scripts.flatMap((text) => [`Worker ${text}`, `Build ${text}`, `Queues ${text}`]).filter((one) =>
        !shown.includes(one)
      ),
      []
    )
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("stay texts on the page of every schedule that has one as its name, its actor, its argument and why it is paused", async () => {
    const { context, page, wrong } = await open(browser, `${wall.origin}/dashboard/`)
    const found: Array<string> = []
    for (const text of scripts) {
      await page.goto(`${wall.origin}/dashboard/#/schedules/${encodeURIComponent(text)}`)
      await page.getByRole("region", { name: "About it" }).waitFor()
      found.push(...(await made(page)).map((one) => `${text}: ${one}`))
      const times = (await page.locator("main").textContent())!.split(text).length - 1
      // its name, its actor, and of every other one who has paused it and why
      if (times < 2 + 2 * (scripts.indexOf(text) % 2)) found.push(`shown ${times} times: ${text}`)
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
