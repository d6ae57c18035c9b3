/**
 * `npm run test:chaos -- --trees 10000 --kills 1000 --seed 1`: as much chaos as is asked for, with the other faults in proportion, or as
 * much of it as fits in `--minutes 20`.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Effect } from "effect"
import { chaos } from "./Chaos.ts"

const option = <A>(name: string, otherwise: A): number | A => {
  const index = process.argv.indexOf(`--${name}`)
  return index < 0 ? otherwise : Number(process.argv[index + 1])
}
const options = {
  trees: option("trees", 1000),
  kills: option("kills", 100),
  seed: option("seed", 1),
  minutes: option("minutes", undefined)
}
const repeat = `npm run test:chaos -- --trees ${options.trees} --kills ${options.kills} --seed ${options.seed}`

const tell = (line: string) => console.log(line)

const Main = Effect.gen(function*() {
  tell(repeat)
  const { counts, findings, seconds, stories } = yield* chaos({ ...options, tell })
  for (const [what, count] of Object.entries(counts)) tell(`${String(count).padStart(9)} ${what}`)
  tell(`${String(seconds).padStart(9)} seconds`)
  for (const finding of findings) tell(`WRONG: ${finding}`)
  for (const story of stories) tell(story)
  tell(findings.length === 0 ? "nothing is wrong" : `${findings.length} findings; once more: ${repeat}`)
  if (findings.length > 0) process.exitCode = 1
})

NodeRuntime.runMain(Main)
