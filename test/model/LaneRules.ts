/** What holds in lanes with policies whatever came of it: asked of what was seen, not of the model. */
import { type LaneScenario, lanesOf, type VisitState } from "./LaneModel.ts"

/** All visits, when nothing is left to do at a time. */
export type Look = ReadonlyArray<VisitState>

/**
 * What the looks at a scenario say against the rules, whatever the model says: more perform than may (rule 15.2), somebody has
 * overtaken (rule 15.5), a window saw too many starts (rule 15.6).
 */
export const brokenIn = ({ lanes, ops }: LaneScenario, looks: ReadonlyArray<Look>): ReadonlyArray<string> => {
  const broken: Array<string> = []
  const visits = ops.flatMap((op) => op._tag === "Enqueue" ? [op.visit] : [])
  const taken = visits.map((visit) => lanesOf(lanes, visit))
  for (const [lane, { limit, rate }] of lanes.entries()) {
    const those = [...visits.keys()].filter((n) => taken[n]!.includes(lane))
    for (const look of looks) {
      const performing = those.filter((n) => look[n]?.status === "performing")
      if (performing.length > limit) {
        broken.push(`${performing.join(", ")} perform in lane ${lane}, which takes ${limit}`)
      }
    }
    const starts = those.flatMap((n) => looks.at(-1)?.[n]?.startedAt ?? []).sort((a, b) => a - b)
    for (const [i, start] of starts.entries()) {
      const before = rate === null ? undefined : starts[i - rate.limit]
      if (before !== undefined && start - before < rate!.seconds * 1000) {
        broken.push(`lane ${lane} saw a start at ${start}, after ${rate!.limit} from ${before} on`)
      }
    }
    const since = (n: number) => looks.findIndex((look) => look[n]?.status === "pending")
    for (const [i, look] of looks.entries()) {
      for (const behind of those) {
        if (looks[i - 1]?.[behind]?.status !== "pending" || look[behind]?.startedAt === null) continue
        const first = those.find((n) =>
          look[n]?.status === "pending" && since(n) < since(behind) && visits[n]!.priority <= visits[behind]!.priority
        )
        if (first !== undefined) broken.push(`${behind} has overtaken ${first} in lane ${lane}`)
      }
    }
  }
  return broken
}
