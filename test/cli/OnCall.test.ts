/**
 * The guide of those who are on call: each of its situations is made on a server, and its commands print what it shows. With
 * `ON_CALL=write` they are written into it.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { hostname, userInfo } from "node:os"
import { clockAhead, openShop } from "./fixtures/shop.ts"
import { failing } from "./situations/failing.ts"
import {
  blockOf,
  commandsOf,
  inGuide,
  linesOf,
  namedAsInGuide,
  situationsOf,
  withBlock,
  withoutTimes
} from "./situations/guide.ts"
import { operating } from "./situations/operating.ts"
import type { Situation } from "./situations/Situation.ts"
import { slow } from "./situations/slow.ts"
import { stuck } from "./situations/stuck.ts"

const path = new URL("../../examples/on-call/README.md", import.meta.url)
const next = new URL("fixtures/shopNext.ts", import.meta.url).pathname
const read = () => readFileSync(path, "utf8")
const situations: ReadonlyArray<Situation> = [...stuck, ...slow, ...failing, ...operating]

const shown = Effect.fnUntraced(function*({ ahead = 0, arrange, name, then }: Situation) {
  const shop = yield* openShop
  const ids = yield* arrange(shop)
  const block = blockOf(read(), name)
  const lines = linesOf(block)
  const byIds = namedAsInGuide(ids)
  const me = `${userInfo().username}@${hostname()}`
  const named = (text: string) => byIds(text.replaceAll(me, "ada@laptop"))
  const printed: Array<string> = []
  for (const [i, command] of commandsOf(block).entries()) {
    const real = command.map((word) => word === "./next.ts" ? next : word).map((word) =>
      ids.reduce((text, id, n) => text.replaceAll(inGuide(n), id), word)
    )
    const { err, out } = yield* Effect.provideService(shop.stepped(...real), Clock.Clock, clockAhead(ahead))
    printed.push(lines[i]!, ...[out, err].filter((text) => text !== "").map(named))
  }
  const text = printed.join("\n")
  if (process.env.ON_CALL === "write") writeFileSync(path, withBlock(read(), name, text))
  else assert.strictEqual(withoutTimes(text), withoutTimes(block))
  if (then !== undefined) yield* then(shop, ids)
})

describe("on call", () => {
  it("each situation of the guide is tried", () => {
    const names = situations.map(({ name }) => name)
    assert.deepStrictEqual([...situationsOf(read())].sort(), names.toSorted())
    const overview = readFileSync(new URL("../../README.md", import.meta.url), "utf8")
    assert.include(overview, ` ${names.length} situations, each with its command`)
  })

  for (const situation of situations) it.live(situation.name, () => shown(situation))
})
