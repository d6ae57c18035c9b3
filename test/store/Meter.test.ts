/** The metrics' names, as they are documented. */
import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { families } from "../../src/store/Meter.ts"

const guide = readFileSync(join(import.meta.dirname, "../../examples/production/README.md"), "utf8")

it("17.2: every metric is in the guide, with its type, its unit and its labels, and no other one", () => {
  const rows = [...guide.matchAll(/^\| `(stepped_\w+)` \| (\w+) \|([^|]*)\|([^|]*)\|/gm)]
  assert.sameDeepMembers(
    rows.map(([, id, type, unit, labels]) => [id, type, unit!.trim(), labels!.trim()]),
    Object.values(families).map(({ id, labels, type, unit }) => [
      id,
      type.toLowerCase(),
      unit ?? "",
      labels.map((label) => `\`${label}\``).join(", ")
    ])
  )
})

it("17.2: names are as Prometheus has them: counters end in _total, and units are part of a name", () => {
  for (const { id, type, unit } of Object.values(families)) {
    assert.strictEqual(id.endsWith("_total"), type === "Counter", id)
    assert.strictEqual(id.endsWith("_seconds"), unit === "seconds", id)
  }
})
