import { assert, it } from "@effect/vitest"
import { isActionId } from "../../src/domain/Phase.ts"
import * as ActionId from "../../src/engine/ActionId.ts"

/** What RFC 9562 has in the first 48 bits. */
const timeOf = (id: string) => Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)

it("ids have the time that they are made at, and ascend, however many are made at once and whichever way the clock goes", () => {
  const newActionId = ActionId.make()
  const at = Date.UTC(2030, 1, 2)
  const ids = [
    newActionId(0),
    ...Array.from({ length: 5000 }, () => newActionId(at)),
    newActionId(at - 1000),
    newActionId(at + 3)
  ]
  assert.deepStrictEqual([...ids].sort(), ids)
  assert.strictEqual(new Set(ids).size, ids.length)
  assert.isTrue(ids.every(isActionId))
  assert.deepStrictEqual([0, 1, 4096, 4097, 5001, 5002].map((n) => timeOf(ids[n]!)), [
    0,
    at,
    at,
    at + 1,
    at + 1,
    at + 3
  ])
  // of another engine, on another clock
  assert.strictEqual(timeOf(ActionId.make()(at - 5)), at - 5)
})
