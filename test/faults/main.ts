/**
 * Every fault at every boundary of every tree, and a sample over random trees: `npm run test:faults`.
 *
 * ```text
 * --tree 17            one tree, by its number or a part of its name; --list shows them
 * --from 30            the trees from this number on
 * --site worker        one site: worker, worker-place, client or client-place
 * --boundary 5         one boundary of it; 0 for none
 * --fault lost-answer  one fault
 * --in-turn            each boundary with one of the faults, instead of all
 * --random 200         how many random trees, with --seed 1 for the first of them
 * --slots 8            how many trials run beside each other
 * --replay file        what a failing trial has written, once more in the order of that time; --times 5 for more than one try
 * --trials             a line for each trial
 * --rest 15            fails where a way to rest has taken longer than so many seconds; beside other work it takes longer than alone
 * ```
 */
import { Effect, Layer, References } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startServer } from "../harness/PostgresServer.ts"
import { atRandom, boundariesInWords, type Campaign, everywhere, replayed, type Reporter, tooLong } from "./Campaign.ts"
import { canonical, randomTrees } from "./Canonical.ts"
import { slotsOn } from "./Databases.ts"
import { type Fault, type Recording, type Site, sites } from "./Injection.ts"

const option = (name: string): string | undefined => {
  const index = process.argv.indexOf(`--${name}`)
  return index < 0 ? undefined : process.argv[index + 1] ?? ""
}
const numeric = (name: string): number | undefined => {
  const value = option(name)
  return value === undefined ? undefined : Number(value)
}

const tree = option("tree")
const chosen = [...canonical.entries()].filter(([i, { name }]) =>
  i + 1 >= (numeric("from") ?? 1) &&
  (tree === undefined || (/^\d+$/.test(tree) ? i + 1 === Number(tree) : name.includes(tree)))
)

interface Recorded extends Recording {
  readonly number: number
  readonly isRandom: boolean
}

let files = 0

const program = Effect.gen(function*() {
  const count = numeric("slots") ?? 8
  const server = yield* startServer({
    // a trial of sixty actions at once, whose sessions may have to be replaced
    flags: ["fsync=off", "synchronous_commit=off", "full_page_writes=off", `max_connections=${100 + count * 80}`]
  })
  const slots = yield* slotsOn(server.url, count)
  const reporter: Reporter = {
    trial: (millis, what) => {
      if (process.argv.includes("--trials")) console.log(`${Math.round(millis)} ms  ${what}`)
    },
    failure: ({ command, of, problem, recording, seen, what }) => {
      const file = join(tmpdir(), `stepped-fault-${process.pid}-${files++}.json`)
      const { number, tree } = of
      writeFileSync(file, JSON.stringify({ number, isRandom: canonical[number - 1] !== tree, ...recording, seen }))
      const replay = `npm run test:faults -- --replay ${file}`
      console.log(`FAILS: ${what}\n  ${command}\n  in this order: ${replay}\n${problem}\n`)
    }
  }
  const timed = (campaign: Effect.Effect<Campaign>) =>
    Effect.gen(function*() {
      const began = performance.now()
      const done = yield* campaign
      report(done, performance.now() - began)
      return done.failures.length + late(done).length
    })
  const file = option("replay")
  if (file !== undefined) {
    const { isRandom, number, ...recording } = JSON.parse(readFileSync(file, "utf8")) as Recorded
    const [of] = isRandom ? randomTrees(number, 1) : [{ number, tree: canonical[number - 1]! }]
    return yield* timed(replayed(slots, of!, recording, numeric("times") ?? 1, reporter))
  }
  const random = numeric("random")
  const seed = numeric("seed") ?? 1
  const canonically = everywhere(slots, chosen.map(([i, tree]) => ({ number: i + 1, tree })), {
    sites: option("site") === undefined ? sites : [option("site") as Site],
    fault: option("fault") as Fault | undefined,
    boundary: numeric("boundary"),
    inTurn: process.argv.includes("--in-turn")
  }, reporter)
  const randomly = atRandom(slots, randomTrees(seed, random ?? 150), reporter)
  if (random !== undefined) return yield* timed(randomly)
  const failures = yield* timed(canonically)
  return tree === undefined ? failures + (yield* timed(randomly)) : failures
})

const late = (campaign: Campaign) => {
  const seconds = numeric("rest")
  return seconds === undefined ? [] : tooLong(campaign, seconds)
}

const report = (campaign: Campaign, millis: number) => {
  const faults = [...campaign.faults].map(([fault, n]) => `${fault} ${n}`).join(", ")
  if (campaign.orders.size > 0) console.log("outcomes of other orders that are as right:")
  for (const [order, n] of campaign.orders) console.log(`  ${n} times  ${order}`)
  console.log(`the longest ways to rest:`)
  for (const { millis, what } of campaign.slowest) console.log(`  ${Math.round(millis)} ms  ${what}`)
  for (const { millis, what } of late(campaign)) {
    console.log(`TOO LONG: ${Math.round(millis)} ms to come to rest, of ${numeric("rest")} s: ${what}`)
  }
  if (campaign.boundariesOf.size > 0) console.log(`boundaries of each tree: ${boundariesInWords(campaign)}`)
  console.log(
    `${campaign.trees} trees, ${campaign.boundaries} boundaries, ${campaign.runs} runs in ${
      Math.round(millis / 1000)
    } s; faults: ${faults}; failures: ${campaign.failures.length}`
  )
}

if (process.argv.includes("--list")) {
  for (const [i, { name }] of canonical.entries()) console.log(`${i + 1}  ${name}`)
} else {
  const failures = await Effect.runPromise(
    Effect.scoped(program).pipe(Effect.provide(Layer.succeed(References.MinimumLogLevel, "None" as const)))
  )
  // what was killed inside this process has left timers and sockets
  process.exit(failures === 0 ? 0 : 1)
}
