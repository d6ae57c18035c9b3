/** Figures become tables: what is compared, with what ratio, and what two checkouts had in turn. The benchmark's own works are complete. */
import { describe, expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { counting } from "./Measured.ts"
import { ratios } from "./pairs.ts"
import { engines, ours, peers } from "./plan.ts"
import { type Figure, figure, markdown, medians } from "./report.ts"

const run = (system: string, work: string, more: Partial<Figure> = {}): Figure => ({
  system,
  work,
  unit: "actions",
  n: 1000,
  perSecond: 1000,
  statementsPerAction: 1,
  commitsPerAction: 1,
  walBytesPerAction: 1000,
  clientCpuSecondsPer1000: 0.01,
  serverCpuSecondsPer1000: 0.02,
  ...more
})

/** The cells of the first row that begins so. */
const row = (text: string, name: string): ReadonlyArray<string> =>
  text.split("\n").find((line) => line.startsWith(`| ${name}`))!.split("|").slice(1, -1).map((cell) => cell.trim())

describe("the comparison", () => {
  const text = markdown([
    run("peer", "W6", {
      perSecond: 26_900,
      clientCpuSecondsPer1000: 0.017,
      serverCpuSecondsPer1000: 0.031,
      walBytesPerAction: 500
    }),
    run("peer", "W2", { p50Ms: 1.2, p99Ms: 3 }),
    run("Stepped", "W2", { p50Ms: 1.68, p99Ms: 4.7 }),
    run("Stepped", "W6", {
      perSecond: 16_300,
      clientCpuSecondsPer1000: 0.031,
      serverCpuSecondsPer1000: 0.0575,
      bytesPerEnded: 321,
      walBytesPerAction: 981
    })
  ])

  it("has the engine's figure as a part of each other one", () => {
    expect(row(text, "W6: steady")).toEqual(["W6: steady state, 200,000 queued, per s", "26,900 (0.61×)", "16,300"])
    expect(row(text, "W2").slice(1)).toEqual(["1.2 / 3.0 (1.4×)", "1.7 / 4.7"])
  })

  it("has what an action costs in the steady state", () => {
    expect(row(text, "W6: client CPU").slice(1)).toEqual(["17 (1.8×)", "31"])
    expect(row(text, "W6: server CPU").slice(1)).toEqual(["31 (1.9×)", "57.5"])
    expect(row(text, "W6: client and server").slice(1)).toEqual(["48 (1.8×)", "88.5"])
    expect(row(text, "W6: WAL").slice(1)).toEqual(["500 (2.0×)", "981"])
  })

  it("leaves out what a system does not have, and works that nobody has", () => {
    expect(row(text, "W6: kept").slice(1)).toEqual(["", "321"])
    expect(text).not.toContain("W4")
  })

  it("has workflows, of which one that stores nothing is no part", () => {
    const work = "workflow of one activity"
    const workflows = markdown([
      run("effect/workflow on a cluster", work, { perSecond: 200, commitsPerAction: 6 }),
      run("effect/workflow in memory", work, { perSecond: 10_000, commitsPerAction: 0 }),
      run("Stepped", work, { perSecond: 4000, commitsPerAction: 0.05 })
    ])
    expect(row(workflows, "workflow of one activity: executions").slice(1)).toEqual([
      "200 (20×)",
      "10,000 (0.40×)",
      "4,000"
    ])
    expect(row(workflows, "workflow of one activity: commits").slice(1)).toEqual(["6 (0.0083×)", "0", "0.05"])
  })

  it("compares systems without variants", () => {
    const varied = markdown([run("peer", "W1", { perSecond: 500 }), run("Stepped", "W1", { variant: "slow" })])
    expect(row(varied, "W1:").slice(1)).toEqual(["500", ""])
  })

  it("shows no rate of what is counted in seconds", () => {
    const idle = markdown([run("Stepped", "idle", { variant: "fifty workers", unit: "seconds", n: 30, perSecond: 1 })])
    expect(row(idle, "Stepped").slice(0, 5)).toEqual(["Stepped", "idle, fifty workers", "30", "", ""])
  })
})

describe("figures", () => {
  it("are divided by the actions of the reading, not by those of the rate", () => {
    const reading = {
      seconds: 2,
      statements: 800,
      commits: 400,
      walBytes: 80_000,
      clientCpuSeconds: 0.8,
      serverCpuSeconds: 1.6,
      othersShare: 0
    }
    const measured = {
      work: "W6",
      unit: "actions",
      count: 750,
      seconds: 1,
      actions: 800,
      reading,
      bytesPerEnded: 300.4
    }
    expect(figure({ system: "Stepped" }, measured)).toMatchObject({
      n: 750,
      perSecond: 750,
      statementsPerAction: 1,
      walBytesPerAction: 100,
      clientCpuSecondsPer1000: 1,
      serverCpuSecondsPer1000: 2,
      bytesPerEnded: 300
    })
  })

  it("of several runs are those of the one in the middle", () => {
    const [one] = medians([7, 1, 3].map((perSecond) => run("Stepped", "W1", { perSecond })))
    expect(one).toMatchObject({ perSecond: 3, slowest: 1, fastest: 7, runs: 3 })
  })
})

describe("two checkouts in turn", () => {
  it("have the median of their pairs' ratios, not the ratio of medians", () => {
    const pair = (before: number, after: number) => ({
      before: [run("Stepped", "W6", { perSecond: before })],
      after: [run("Stepped", "W6", { perSecond: after })]
    })
    const text = ratios([pair(100, 200), pair(1000, 1100), pair(10, 12)])
    expect(row(text, "Stepped, W6 | per s")).toEqual([
      "Stepped, W6",
      "per s",
      "100",
      "200",
      "1.200",
      "1.100 to 2.000",
      "3"
    ])
    expect(row(text, "Stepped, W6 | both CPU").slice(4)).toEqual(["1.000", "1.000 to 1.000", "3"])
  })

  it("leave out works and figures that only one of them has", () => {
    const text = ratios([{
      before: [run("Stepped", "W1")],
      after: [run("Stepped", "W1", { bytesPerEnded: 300 }), run("Stepped", "W6")]
    }])
    expect(text).toContain("Stepped, W1")
    expect(text).not.toContain("W6")
    expect(text).not.toContain("kept")
  })
})

describe("counting bodies", () => {
  it("tells when so many have run, however long it takes to be heard", async () => {
    const bodies = counting(3)
    const reached = bodies.reaches(2)
    bodies.ran()
    const before = performance.now()
    bodies.ran()
    const after = performance.now()
    bodies.ran()
    await bodies.all
    const at = await reached
    expect(at).toBeGreaterThanOrEqual(before)
    expect(at).toBeLessThanOrEqual(after)
    expect(() => bodies.reaches(3)).toThrow("too late")
  })
})

it("every work of the plan is explained", () => {
  const readme = readFileSync(new URL("./README.md", import.meta.url), "utf8")
  const unexplained = [...engines, ...ours, ...peers].filter(({ work }) => !readme.includes(`\n| ${work} | `))
  expect(unexplained).toEqual([])
})
