/** `stepped dev`: a program that is changed while it runs, in processes of its own. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { freshDatabase, isPooled, layerUrl } from "../harness/Server.ts"
import { dev, type Developing, type Project, project } from "./fixtures/developing.ts"
import { stepped, until } from "./fixtures/garage.ts"

const app = `
import { Effect, Schema } from "effect"
import { Step, Stepped } from "stepped"
import { label } from "./label.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const go = Stepped.signal("go")
const visit = Stepped.action("visit", { arguments: [Schema.String], signals: [go] })
  .step("leave", (where) => Effect.andThen(Effect.sync(() => console.log(label, "leaves for", where)), Step.waitFor(go)))
  .step("arrive", (where) => Effect.sync(() => console.log(label, "arrives in", where)))
const rest = Stepped.action("rest").step("wait", () => Step.wait("3 days"))
const drive = Stepped.action("drive")
  .step("far", () => Effect.as(Effect.andThen(Effect.sync(() => console.log("drives")), Effect.sleep("4 seconds")), undefined), { timeout: "1 hour" })
const block = Stepped.action("block").step(() => Effect.sync(() => {
  console.log(label, "blocks")
  if (label === "one") for (;;);
}))
export const stepped = Stepped.app({ actions: Stepped.actions(Car, [visit, rest, drive, block]).layer })
`
const cars = project({ "app.ts": app, "label.ts": "export const label: string = \"one\"\n" })
const idOf = (running: Developing) =>
  Effect.map(running.prints(/visit Car\/\d {2}enqueued {2}(\S{36})$/m), ([, id]) => id!)
const hasFolder = ({ folder }: Project) => existsSync(join(folder, ".stepped/lock"))

describe("a program that is written just now", () => {
  it.live("is started again with what has changed, and goes on with what was left", () =>
    Effect.gen(function*() {
      const files = yield* cars
      const running = yield* dev(files)
      yield* running.prints(/^started in /m)
      running.type("run Car/1 visit '\"New York\"'")
      const id = yield* idOf(running)
      yield* running.prints(/^one leaves for New York$/m)
      yield* running.prints(/visit Car\/1 {2}leave waits for signal go$/m)
      files.edit("label.ts", "one", "two")
      yield* running.prints(/^label.ts changed$/m)
      yield* running.prints(/^restarted in \d/m)
      running.type(`signal ${id} go`)
      yield* running.prints(/^two arrives in New York$/m)
      yield* running.prints(/visit Car\/1 {2}succeeded$/m)
      assert.notInclude(running.printed(), "two leaves")
    }))

  it.live("has the dashboard at one address, whichever generation serves it", () =>
    Effect.gen(function*() {
      const files = yield* cars
      const running = yield* dev(files)
      const [, address] = yield* running.prints(/^dashboard: (http:\/\/127\.0\.0\.1:\d+\/dashboard\/)$/m)
      const page = Effect.promise(() => fetch(address!).then((answer) => answer.status, () => 0))
      assert.strictEqual(yield* page, 200)
      running.type("run Car/1 visit '\"Oslo\"'")
      const id = yield* idOf(running)
      // it shows what is stored: the folder is of who writes the program
      const stored = Effect.promise(() =>
        fetch(new URL(`../api/actions/${id}`, address!)).then((answer) => answer.json() as Promise<any>)
      )
      assert.strictEqual((yield* stored).actorId, "1")
      files.edit("label.ts", "one", "two")
      yield* running.prints(/^restarted in \d/m)
      yield* until("the next one serves it", Effect.map(page, (status) => status === 200))
      assert.strictEqual((yield* stored).id, id)
      assert.lengthOf(running.printed().match(/^dashboard:/gm)!, 1)
      running.signal("SIGTERM")
      assert.strictEqual(yield* running.ended, 0)
      assert.strictEqual(yield* page, 0)
    }))

  it.live("leaves the error of a file that does not load, and starts with the next change", () =>
    Effect.gen(function*() {
      const files = yield* cars
      const running = yield* dev(files)
      yield* running.prints(/^started in /m)
      files.write("label.ts", "export const label = {\n")
      yield* running.prints(/does not load: [^]*label\.ts:\d/)
      yield* running.prints(/^it has ended \(code 2\): the next change of a file starts it again$/m)
      // what is typed meanwhile waits for who can hear it
      running.type("run Car/1 visit '\"London\"'")
      files.write("label.ts", "export const label = \"three\"\n")
      yield* running.prints(/^restarted in /m)
      yield* running.prints(/^three leaves for London$/m)
    }))

  it.live("is killed where it does not stop, and what it was at is begun again", () =>
    Effect.gen(function*() {
      const files = yield* cars
      const running = yield* dev(files)
      yield* running.prints(/^started in /m)
      running.type("run Car/1 block")
      yield* running.prints(/^one blocks$/m)
      files.edit("label.ts", "one", "two")
      yield* running.prints(/^it does not stop within 10 seconds: killed$/m)
      yield* running.prints(/^two blocks$/m)
      yield* running.prints(/block Car\/1 {2}succeeded$/m)
    }))

  it.live("ends with its worker and lets go of the folder, by SIGTERM and SIGINT, and where who watches it is killed", () =>
    Effect.gen(function*() {
      const files = yield* cars
      for (const signal of ["SIGTERM", "SIGINT"] as const) {
        const running = yield* dev(files)
        yield* running.prints(/^started in /m)
        const owner = Number(JSON.parse(readFileSync(join(files.folder, ".stepped/lock"), "utf8")).pid)
        const refused = yield* stepped("ls", "--folder", join(files.folder, ".stepped"))
        assert.deepStrictEqual([refused.code, refused.err.includes(`in use by process ${owner}`)], [3, true])
        running.signal(signal)
        assert.strictEqual(yield* running.ended, 0, signal)
        assert.include(running.printed(), "the worker has stopped")
        assert.isFalse(hasFolder(files))
      }
      const running = yield* dev(files)
      yield* running.prints(/^started in /m)
      running.signal("SIGKILL")
      // its output is closed once nobody has it any more
      assert.strictEqual(yield* running.ended, "SIGKILL")
      assert.include(running.printed(), "the worker has stopped")
      assert.isFalse(hasFolder(files))
    }))

  it.live("runs once, without watching, and prints an object a line", () =>
    Effect.gen(function*() {
      const files = yield* cars
      const running = yield* dev(files, "--once", "--json", "--payloads")
      running.type("run Car/1 visit '\"London\"'")
      yield* running.prints(/"event":"StepWaits"/)
      running.type("migrate status")
      yield* running.prints(/migrate status: that is for a shell/)
      running.type("show 'unclosed")
      yield* running.prints(/a quote is not closed/)
      running.type("show")
      yield* running.prints(/Missing required argument: id/i)
      running.type("ls")
      yield* running.prints(/"arguments":\["London"\].*\n/)
      const objects = running.printed().split("\n").filter((line) => line.startsWith("{"))
      const events = objects.map((line) => JSON.parse(line)).filter(({ event }) => event !== undefined)
      assert.deepStrictEqual(events.map(({ event }) => event), [
        "ActionEnqueued",
        "ActionStarted",
        "StepStarted",
        "StepWaits"
      ])
      running.signal("SIGINT")
      assert.strictEqual(yield* running.ended, 0)
    }))
})

describe("waits that are skipped", () => {
  it.live("take no time, but for what a body sleeps; user time never goes back", () =>
    Effect.gen(function*() {
      const files = yield* cars
      const running = yield* dev(files, "--skip-waits")
      yield* running.prints(/^started in /m)
      // beside one that runs nothing is skipped: its hour would be over
      running.type("run Car/1 drive")
      yield* running.prints(/^drives$/m)
      running.type("run Car/2 rest")
      const [, how] = yield* running.prints(/drive Car\/1 {2}(succeeded|failed|timed_out)\b/m)
      assert.strictEqual(how, "succeeded")
      yield* running.prints(/^skipped 2d 23h: user time is /m)
      yield* running.prints(/rest Car\/2 {2}succeeded$/m)
      // leases are on the database's clock, which is nowhere ahead
      running.type("workers")
      // (of a folder nobody else works, so that a lease is for as long as there may be one)
      yield* running.prints(/ \(\d+s ago\) .* \(in 36\d{3}d /)
      assert.notInclude(running.printed(), "dead")
      // who waits for somebody is not given up
      running.type("run Car/3 visit '\"London\"'")
      const id = yield* idOf(running)
      yield* running.prints(/leave waits for signal go$/m)
      running.signal("SIGTERM")
      yield* running.ended

      const later = yield* dev(files, "--json")
      yield* later.prints(/"event":"started"/)
      later.type(`signal ${id} go`)
      const [, at] = yield* later.prints(/"event":"ActionEnded".*"at":"([^"]+)"/)
      const kept = JSON.parse(readFileSync(join(files.folder, ".stepped/user-time.json"), "utf8")).aheadMs
      assert.isAbove(kept, 2 * 24 * 3600_000)
      assert.isAbove(new Date(at!).getTime() - new Date().getTime(), kept - 60_000)
      later.signal("SIGTERM")
      yield* later.ended

      writeFileSync(join(files.folder, ".stepped/user-time.json"), "{")
      const wrong = yield* dev(files, "--once")
      yield* wrong.prints(/user-time.json does not say how far user time is ahead/)
      assert.strictEqual(yield* wrong.ended, 2)
    }))

  it.live("are for a folder, and a folder is for no server", () =>
    Effect.gen(function*() {
      const server = ["--url", "postgres://nobody@localhost:1/nowhere"]
      for (
        const [args, words] of [
          [["--skip-waits"], "--skip-waits and --skip-timeouts are for the database of a folder"],
          [["--skip-timeouts"], "on a server time is everybody's"],
          [["--folder", "data"], "--url and --folder exclude each other"]
        ] as const
      ) {
        const { code, err } = yield* stepped("dev", "app.ts", ...args, ...server)
        assert.deepStrictEqual([code, err.includes(words)], [2, true], err)
      }
    }))
})

describe("what is not there", () => {
  it.live("a module that does not exist ends it, with what is wrong", () =>
    Effect.gen(function*() {
      const { code, err } = yield* stepped("dev", "nowhere/app.ts")
      assert.deepStrictEqual([code, err.includes("nowhere/app.ts is not there")], [2, true], err)
    }))

  it.live.skipIf(isPooled)(
    "a database that does not exist is said, and looked for again, until it is there",
    () =>
      Effect.gen(function*() {
        const files = yield* cars
        const { name, url } = yield* freshDatabase()
        const admin = yield* Effect.map(Layer.build(layerUrl(url)), Context.get(SqlClient.SqlClient))
        const later = `${name}_later`
        yield* Effect.addFinalizer(() => Effect.orDie(admin.unsafe(`drop database if exists ${later} with (force)`)))
        yield* Effect.scoped(Effect.gen(function*() {
          const running = yield* dev(files, "--migrate", "--url", Redacted.value(url).replace(name, later))
          yield* running.prints(new RegExp(`database "${later}" does not exist`))
          yield* running.prints(
            /^it has ended \(code 3\): it is tried again in 5 seconds, and the next change of a file/m
          )
          yield* admin.unsafe(`create database ${later}`)
          yield* running.prints(/^started in /m)
          running.type("run Car/1 rest")
          yield* running.prints(/rest Car\/1 {2}enqueued/)
        }))
      })
  )
})

describe("what is typed", () => {
  it.live("asks whether the program fits what is there, and forgets an actor, without being asked why", () =>
    Effect.gen(function*() {
      const files = yield* cars
      const running = yield* dev(files)
      yield* running.prints(/^started in /m)
      running.type("run Car/1 rest")
      const [, id] = yield* running.prints(/rest Car\/1 {2}enqueued {2}(\S{36})$/m)
      running.type("check")
      yield* running.prints(/^1 action fits/m)
      running.type("explain Car/2 rest")
      yield* running.prints(/^rest Car\/2 begins as soon as a worker takes it$/m)
      running.type(`cancel ${id}`)
      yield* running.prints(/rest Car\/1 {2}cancelled/m)
      running.type("forget Car/1 --yes")
      yield* running.prints(/^forgotten: 1 action/m)
      running.type("schedules list")
      yield* running.prints(/^there are no schedules$/m)
      running.type("schedules pause-all --reason quiet")
      yield* running.prints(/^done$/m)
      // what waits for a pause to be over keeps nothing waiting that is typed after it
      running.type("pause --all --reason quiet")
      yield* running.prints(/^done$[^]*^done$/m)
      running.type("run Car/3 rest")
      yield* running.prints(/rest Car\/3 {2}enqueued/m)
      running.type("cancel --where \"actor=Car/3\" --yes")
      yield* running.prints(/^\S{36} does it: `stepped show /m)
      running.type("ls --actor Car/3")
      yield* running.prints(/queued +rest Car\/3/m)
      running.type("resume --all")
      yield* running.prints(/rest Car\/3 {2}cancelled/m)
      running.type("forget --ys")
      yield* running.prints(/there is no flag --ys here\. Did you mean --yes\? `forget --help` says what it takes/)
    }))
})
