/** When what was waited for, and when it was performed: every action of a tree on one scale of time. */
import type { Action, Tree } from "../api.ts"
import { now } from "../live.ts"
import { nameOf, Status, toneOf } from "../parts.tsx"
import { toAction } from "../route.ts"
import { lasting, written } from "../time.tsx"
import { Windowed } from "../Windowed.tsx"
import { linesOf } from "./lines.ts"

const timeOf = (text: string): number => new Date(text).getTime()

/** Steps of 1, 2 or 5 of a unit, eight at most. */
const ticksOf = (length: number): ReadonlyArray<number> => {
  const rough = Math.max(1, length) / 6
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? rough
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, i) => i * step)
}

interface Bar {
  readonly from: number
  readonly until: number
  readonly tone: string
  readonly title: string
}

const endOf = (action: Action): number => action.endedAt === undefined ? now.value : timeOf(action.endedAt)

const barsOf = (action: Action): ReadonlyArray<Bar> => {
  const enqueued = timeOf(action.enqueuedAt)
  const started = action.startedAt === undefined ? undefined : timeOf(action.startedAt)
  const until = endOf(action)
  const lanes = action.lanes?.join(", ") ?? action.lane
  const waited = (started ?? until) - enqueued
  return [
    ...waited > 0
      ? [{
        from: enqueued,
        until: started ?? until,
        tone: "waits",
        title: `waited ${lasting(waited)}${lanes === undefined ? "" : `, lane ${lanes}`}`
      }]
      : [],
    ...started === undefined ? [] : [{
      from: started,
      until,
      tone: toneOf(action.status),
      title: `${action.status} ${lasting(until - started)}${lanes === undefined ? "" : `, lane ${lanes}`}`
    }]
  ]
}

export const Waterfall = ({ tree }: { readonly tree: Tree }) => {
  const lines = linesOf(tree, () => true).filter(({ what }) =>
    what._tag !== "Slot" && what._tag !== "Part" && !(what._tag === "Action" && what.isAbove)
  )
  const actions = lines.flatMap(({ what }) => what._tag === "Action" ? [what.action] : [])
  const begin = Math.min(...actions.map(({ enqueuedAt }) => timeOf(enqueuedAt)))
  const length = Math.max(1, Math.max(...actions.map(endOf)) - begin)
  const share = (ms: number): string => `${Math.max(0, Math.min(100, ms / length * 100))}%`
  return (
    <div class="waterfall">
      <div class="scale" aria-hidden="true">
        <span class="label">{written(begin, true)}</span>
        <div class="ticks">
          {ticksOf(length).map((at) => <span key={at} style={{ left: share(at) }}>{at === 0 ? "0" : lasting(at)}
          </span>)}
        </div>
      </div>
      <Windowed items={lines} keyOf={({ key }) => key} label="Waterfall" heights={[30, 46]}>
        {({ level, what }) => {
          if (what._tag === "Slot" || what._tag === "Part") return null
          const bars: ReadonlyArray<Bar> = what._tag === "Action" ? barsOf(what.action) : [{
            from: timeOf(what.step.startedAt),
            until: what.step.endedAt === undefined ? endOf(what.action) : timeOf(what.step.endedAt),
            tone: `part ${toneOf(what.step.status)}`,
            title: `step ${what.step.name}: ${what.step.status}`
          }]
          return (
            <div class="bars">
              <span class="label" style={{ paddingInlineStart: `${Math.min(level - 1, 10) * 0.7}rem` }}>
                {what._tag === "Action"
                  ? (
                    <>
                      <a href={toAction(what.action.id)}>{nameOf(what.action)}</a>{" "}
                      <span class="unseen">
                        <Status status={what.action.status} />
                      </span>
                    </>
                  )
                  : <i>{what.step.name}</i>}
              </span>
              <span class="track">
                {bars.map((bar) => (
                  <span
                    key={bar.tone}
                    class={`bar ${bar.tone}`}
                    title={bar.title}
                    style={{ left: share(bar.from - begin), width: share(bar.until - bar.from) }}
                  >
                    <span class="unseen">{bar.title}</span>
                  </span>
                ))}
              </span>
            </div>
          )
        }}
      </Windowed>
      <p class="soft key">
        <span class="bar waits sample" aria-hidden="true"></span> waits for a worker or its lanes
        <span class="bar live sample" aria-hidden="true"></span> performs
        <span class="bar good sample" aria-hidden="true"></span> succeeded
        <span class="bar bad sample" aria-hidden="true"></span> failed
      </p>
    </div>
  )
}
