/** The charts of the page Activity: what they say is what has happened. */
import { Effect, Exit, Schema, Scope } from "effect"
import type { Browser } from "playwright-core"
import { Stepped } from "stepped"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type Counted, quantile, sumsOf } from "../../src/dashboard/app/sums.ts"
import { describeInBrowser, launch, open } from "./fixtures/Browser.ts"
import { type Served, served } from "./fixtures/served.ts"

const second = 1000
/** Five seconds after a bucket of fifteen has begun. */
const now = Date.parse("2026-03-01T12:00:20Z")

/** One that has ended so many seconds before now, has taken so long, and has waited so long before. */
const ended = (ago: number, took: number, waited: number, status = "succeeded"): Counted => {
  const at = (seconds: number) => new Date(now - seconds * second).toISOString()
  return { status, enqueuedAt: at(ago + took + waited), startedAt: at(ago + took), endedAt: at(ago) }
}

/** Four in the last bucket, five in the one before. */
const all: ReadonlyArray<Counted> = [
  ended(1, 4, 0),
  ended(2, 2, 10),
  ended(4, 30, 20, "failed"),
  ended(5, 6, 1, "cancelled"),
  ended(6, 1, 0),
  ended(7, 2, 0, "timed_out"),
  ended(8, 3, 0, "deadlocked"),
  ended(19, 4, 0, "superseded"),
  ended(20, 100, 50),
  // it began before the time that is looked at, as it ends it counts
  ended(889, 3600, 0),
  // and this one has ended before
  ended(891, 1, 0),
  { status: "cancelled", enqueuedAt: "2026-03-01T11:00:00Z", endedAt: "2026-03-01T12:00:16Z" },
  { status: "performing", enqueuedAt: "2026-03-01T12:00:10Z", startedAt: "2026-03-01T12:00:10Z" }
]

describe("sums of what has ended", () => {
  const sums = sumsOf(all, 900 * second, now)

  it("are of sixty buckets, of which the last one has begun", () => {
    assert.lengthOf(sums.times, 60)
    assert.strictEqual(sums.bucketMs, 15 * second)
    assert.strictEqual(sums.times[59], Date.parse("2026-03-01T12:00:15Z") / second)
    assert.strictEqual(sums.times[0], Date.parse("2026-03-01T11:45:30Z") / second)
  })

  it("count each once, in the time in which it has ended, by what has become of it", () => {
    const { failed, other, succeeded } = sums.outcomes
    assert.deepStrictEqual([succeeded[59], failed[59], other[59]], [2, 1, 2])
    assert.deepStrictEqual([succeeded[58], failed[58], other[58]], [2, 2, 1])
    const sum = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0)
    assert.deepStrictEqual([sum(succeeded), sum(failed), sum(other)], [5, 3, 3])
  })

  it("are a second's: of the last bucket only what has passed counts", () => {
    assert.deepStrictEqual([sums.rate[59], sums.rate[58], sums.rate[57]], [5 / 5, 5 / 15, 0])
    // and a second of it at least
    assert.strictEqual(sumsOf([ended(5, 1, 0)], 900 * second, now - 4999).rate[59], 1)
  })

  it("say how long it took and had waited: nothing where nothing has begun and ended", () => {
    const seconds = (values: ReadonlyArray<number | null>) =>
      values.slice(56).map((value) => value === null ? null : value / second)
    assert.deepStrictEqual(seconds(sums.median), [null, null, 3, 4])
    assert.deepStrictEqual(seconds(sums.p95), [null, null, 100, 30])
    assert.deepStrictEqual(seconds(sums.waited), [null, null, 50, 20])
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
    assert.deepStrictEqual([quantile(hundred, 0.95), quantile(hundred, 0.5), quantile([], 0.5)], [95, 50, null])
    assert.deepStrictEqual([quantile([7], 0.95), quantile([1, 2, 3], 0.5)], [7, 2])
  })
})

class Cellar extends Stepped.Actor<Cellar>()("Cellar", { id: Schema.Int }) {}
/** What no worker has: it stays due. */
const Cellars = Stepped.actions(Cellar, [Stepped.action("ripen").step(() => Effect.void)])

describeInBrowser("activity in the dashboard", () => {
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

  it("is drawn, and said in words, as it is in the window that was chosen", async () => {
    const { context, page, wrong } = await open(browser, at("definitions"))
    await page.getByRole("heading", { level: 1 }).waitFor()
    await page.clock.setFixedTime(now)
    const asked: Array<string | null> = []
    await page.route("**/api/actions?*", (route) => {
      asked.push(new URL(route.request().url()).searchParams.get("since"))
      const items = all.map((one, i) => ({ ...one, id: `0199c2f0-0000-7000-8000-${String(i).padStart(12, "0")}` }))
      return route.fulfill({ json: { items, next: null } })
    })
    await page.getByRole("navigation").getByRole("link", { name: "Activity" }).click()
    const chart = (words: string) => page.getByRole("img", { name: words, exact: true }).waitFor()
    await chart("Throughput, at last: a second: 1.00")
    await chart("Outcomes, at last: succeeded: 2, failed: 1, other: 2")
    await chart("How long it takes, at last: median: 4.0 s, 95 of 100: 30 s")
    await chart("How long it waits, at last: 95 of 100: 20 s")
    // of which one was enqueued an hour before
    await page.getByText("Of 11 actions that have ended in 15 min.").waitFor()
    assert.deepStrictEqual([...new Set(asked)], ["2026-02-28T11:45:20.000Z"])
    // the last of its buckets has begun twenty seconds ago
    await page.getByRole("button", { name: "1 d" }).click()
    await chart("Outcomes, at last: succeeded: 4, failed: 3, other: 3")
    await page.getByText("in 24 min").waitFor()
    assert.strictEqual(asked.at(-1), "2026-02-27T12:00:20.000Z")
    assert.strictEqual(await page.locator("main canvas").count(), 6)
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("says how much is due, and for how long, while the page is open", async () => {
    const { context, page, wrong } = await open(browser, at("activity"))
    const chart = (words: RegExp) => page.getByRole("img", { name: words }).waitFor()
    await chart(/^Due, at last: due: 0$/)
    await Effect.runPromise(Effect.provide(
      Effect.flatMap(Cellars.client, (cellars) => Effect.forEach([1, 2, 3], (n) => cellars(n).ripenLater())),
      bakery.services
    ))
    await chart(/^Due, at last: due: 3$/)
    // by its age in seconds
    await chart(/^The oldest that is due, at last: age: ([2-9]\.\d s|\d\d+ s|\d+ min)/)
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })
})
