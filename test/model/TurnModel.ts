/** What test/RULES.md says of tenants who take turns in a queue (rule 15.7), as a small machine in memory. */
import * as fc from "fast-check"

/** Somebody has come into the queue, or was taken. */
export type Entry = { readonly came: Asked } | { readonly went: Asked }

export interface Asked {
  readonly n: number
  readonly tenant: string | null
  readonly priority: number
  readonly turn: number
}
export type TurnOp = { readonly take: number } | {
  readonly tenant: string | null
  readonly priority: number
  readonly count: number
}

export const turnOps: fc.Arbitrary<TurnOp> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      tenant: fc.constantFrom("a", "a", "b", "c", null),
      priority: fc.constantFrom(0, 0, 0, -1),
      count: fc.integer({ min: 1, max: 6 })
    })
  }
)

export class TurnModel {
  waiting: ReadonlyArray<Asked> = []
  private count = 0

  /** Those that are asked for together. */
  enqueue(tenant: string | null, priority: number, count: number): ReadonlyArray<number> {
    const inTurn = this.waiting.filter((one) => one.priority === priority && one.tenant !== null)
    const turns = (those: ReadonlyArray<Asked>) => those.map(({ turn }) => turn)
    const own = inTurn.filter((one) => one.tenant === tenant)
    const last = own.length > 0 ? Math.max(...turns(own)) : inTurn.length > 0 ? Math.min(...turns(inTurn)) : 0
    const asked = Array.from({ length: count }, (_, i) => ({ n: this.count++, tenant, priority, turn: last + i + 1 }))
    this.waiting = [...this.waiting, ...asked]
    return asked.map(({ n }) => n)
  }

  /** Of each priority those that have tenants in their turns, and between them, as they were enqueued, who has none. */
  take(count: number): ReadonlyArray<Asked> {
    const taken = [...new Set(this.waiting.map(({ priority }) => priority))].sort((a, b) => a - b).flatMap(
      (priority) => {
        const those = this.waiting.filter((one) => one.priority === priority)
        const inTurn = those.filter(({ tenant }) => tenant !== null).sort((a, b) => a.turn - b.turn || a.n - b.n)
        let others = those.filter(({ tenant }) => tenant === null)
        let since = -1
        const merged: Array<Asked> = []
        for (const one of inTurn) {
          since = Math.max(since, one.n)
          merged.push(...others.filter(({ n }) => n < since), one)
          others = others.filter(({ n }) => n > since)
        }
        return [...merged, ...others]
      }
    ).slice(0, count)
    this.waiting = this.waiting.filter((one) => !taken.includes(one))
    return taken
  }
}

/** Of whoever came when its tenant had nothing there: how many of one other tenant were taken before it. */
export const longestWait = (log: ReadonlyArray<Entry>) => {
  let most = 0
  for (const [i, entry] of log.entries()) {
    if (!("came" in entry) || entry.came.tenant === null) continue
    const { n, priority, tenant } = entry.came
    const since = log.slice(0, i)
    const there = since.filter((one) => "came" in one && one.came.tenant === tenant && one.came.priority === priority)
    const gone = since.filter((one) => "went" in one && one.went.tenant === tenant && one.went.priority === priority)
    if (there.length > gone.length) continue
    const before = new Map<string | null, number>()
    for (const one of log.slice(i + 1)) {
      if (!("went" in one) || one.went.priority !== priority) continue
      if (one.went.n === n) break
      before.set(one.went.tenant, (before.get(one.went.tenant) ?? 0) + 1)
    }
    before.delete(null)
    before.delete(tenant)
    most = Math.max(most, ...before.values())
  }
  return most
}
