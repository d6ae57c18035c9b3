/** What deploys a program (`examples/deploying`): the image's steps, done in a clean folder, and what Kubernetes, systemd and PgBouncer are told. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schedule } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { parseAllDocuments } from "yaml"
import { freshDatabase, isPooled } from "../harness/Server.ts"
import { run } from "../run.ts"
import { build, type Image, instructionsOf } from "./fixtures/Dockerfile.ts"
import { env, folder, project, root } from "./fixtures/installed.ts"

const files = join(root, "examples/deploying")
const read = (path: string) => readFileSync(join(files, path), "utf8")

/** A project with the files of the example, whose packages are those that are tested. */
const context = async (): Promise<string> => {
  const path = join(folder, "shop")
  mkdirSync(path)
  cpSync(join(files, "src"), join(path, "src"), { recursive: true })
  for (const file of ["package.json", "package-lock.json"]) cpSync(join(project, file), join(path, file))
  return path
}

const freePort = Effect.callback<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { readonly port: number }
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Runs a command of an image; ends with the test. */
const started = (image: Image, command: ReadonlyArray<string>, more: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const [, ...args] = command
      const child = spawn(process.execPath, args, {
        cwd: image.folder,
        env: { ...env, ...image.env, ...more },
        stdio: ["ignore", "pipe", "pipe"]
      })
      let said = ""
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => said += part)
      return { child, said: () => said, ended: ended(child) }
    }),
    ({ child }) => Effect.sync(() => void child.kill("SIGKILL"))
  )
const ended = (child: ChildProcess) => new Promise<number | null>((done) => child.once("exit", (code) => done(code)))

describe("the image", () => {
  it.live.skipIf(isPooled)(
    "is made by the steps of its file in a clean folder, migrates, works, says so, and stops on SIGTERM",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const { url } = yield* freshDatabase()
        const image = yield* Effect.promise(async () =>
          build(read("Dockerfile"), { context: await context(), folder: join(folder, "image"), env })
        )
        assert.deepStrictEqual([image.user, image.ports, image.command], ["node", [9464], ["node", "src/worker.ts"]])
        // what only makes it is not in it
        for (const name of ["typescript", "vitest"]) {
          assert.isFalse(existsSync(join(image.folder, "node_modules", name)), name)
        }
        const DATABASE_URL = Redacted.value(url)
        const migrated = yield* started(image, ["node", "src/migrate.ts"], { DATABASE_URL })
        assert.strictEqual(
          yield* Effect.promise(() => migrated.ended),
          0,
          migrated.said()
        )
        assert.include(migrated.said(), "1 initial")
        // the first step of a deploy, as the guide has it
        const [, ...check] = /`npx (stepped check \S+)`/.exec(read("README.md"))![1]!.split(" ")
        const checked = yield* started(image, ["node", "node_modules/.bin/stepped", ...check], { DATABASE_URL })
        assert.strictEqual(yield* Effect.promise(() => checked.ended), 0, checked.said())
        assert.include(checked.said(), "all of 0 actions fit")
        const PORT = String(yield* freePort)
        const worker = yield* started(image, image.command, { DATABASE_URL, PORT, BUILD: "2026.11.29" })
        const asks = (path: string) =>
          Effect.promise(() =>
            fetch(`http://127.0.0.1:${PORT}${path}`).then(
              async (response) => ({ status: response.status, text: await response.text() }),
              () => ({ status: 0, text: "" })
            )
          )
        yield* Effect.repeat(asks("/ready"), {
          until: ({ status }) => status === 200,
          schedule: Schedule.spaced("50 millis")
        })
        assert.strictEqual((yield* asks("/live")).status, 200)
        assert.include((yield* asks("/metrics")).text, "stepped_lanes_occupied 0")
        worker.child.kill("SIGTERM")
        assert.include([0, 130, 143], yield* Effect.promise(() => worker.ended), worker.said())
        assert.include(worker.said(), "the worker has stopped")
      }))
  )

  it("takes from the folder what its file copies, and nothing else", () => {
    const ignored = read(".dockerignore").split("\n").filter((line) => line !== "")
    assert.strictEqual(ignored[0], "**")
    const taken = ignored.slice(1).map((line) => line.replace(/^!/, ""))
    const copied = instructionsOf(read("Dockerfile")).filter(({ name, text }) =>
      name === "COPY" && !text.startsWith("--from")
    )
      .flatMap(({ text }) => text.split(" ").slice(0, -1))
    assert.deepStrictEqual([...new Set(copied)].sort(), taken.toSorted())
  })
})

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}
interface Container {
  readonly image: string
  readonly command?: ReadonlyArray<string>
  readonly ports?: ReadonlyArray<{ readonly name: string; readonly containerPort: number }>
  readonly env: ReadonlyArray<{ readonly name: string }>
  readonly startupProbe: Probe
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
  readonly securityContext: Readonly<Record<string, unknown>>
}
interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> }
    readonly template: {
      readonly metadata?: {
        readonly labels: Readonly<Record<string, string>>
        readonly annotations: Readonly<Record<string, string>>
      }
      readonly spec: { readonly terminationGracePeriodSeconds: number; readonly containers: readonly [Container] }
    }
  }
}
const manifests = ["migrate", "worker"].flatMap((name) =>
  parseAllDocuments(read(`kubernetes/${name}.yaml`), { strict: true, uniqueKeys: true }).map((document) => {
    assert.deepStrictEqual(document.errors, [])
    return document.toJS() as Manifest
  })
)
const of = (kind: string) => manifests.find((one) => one.kind === kind)!
/** The worker's grace period in its program, in seconds. */
const grace = Number(/gracePeriod: "(\d+) seconds"/.exec(read("src/worker.ts"))![1])

describe("the manifests", () => {
  it("are a migration, workers, and what keeps some of these while nodes are emptied", () => {
    assert.deepStrictEqual(manifests.map(({ kind }) => kind), ["Job", "Deployment", "PodDisruptionBudget"])
    for (const { kind, spec } of manifests.slice(0, 2)) {
      const [container] = spec.template.spec.containers
      assert.include(container.env.map(({ name }) => name), "DATABASE_URL", kind)
      assert.deepInclude(container.securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true })
    }
    const [migration] = of("Job").spec.template.spec.containers
    const [worker] = of("Deployment").spec.template.spec.containers
    assert.strictEqual(migration.image, worker.image)
    assert.isTrue(existsSync(join(files, migration.command![1]!)))
    const labels = of("Deployment").spec.template.metadata!.labels
    assert.deepStrictEqual(of("Deployment").spec.selector!.matchLabels, labels)
    assert.deepStrictEqual(of("PodDisruptionBudget").spec.selector!.matchLabels, labels)
  })

  it("ask the endpoints that the worker has, at its port: alive by what asks no database", () => {
    const { metadata, spec } = of("Deployment").spec.template
    const [container] = spec.containers
    const [port] = container.ports!
    assert.include(read("src/worker.ts"), `Config.Int("PORT"), ${port!.containerPort})`)
    assert.include(read("Dockerfile"), `EXPOSE ${port!.containerPort}`)
    const paths = [container.startupProbe, container.livenessProbe, container.readinessProbe].map(({ httpGet }) => {
      assert.strictEqual(httpGet.port, port!.name)
      return httpGet.path
    })
    assert.deepStrictEqual(paths, ["/ready", "/live", "/ready"])
    assert.strictEqual(metadata!.annotations["prometheus.io/port"], String(port!.containerPort))
    for (const path of [...paths, metadata!.annotations["prometheus.io/path"]!]) {
      assert.include(read("src/worker.ts"), `"${path}"`)
    }
  })

  it("wait for a worker's bodies longer than it does itself, as the unit does", () => {
    assert.isAtLeast(of("Deployment").spec.template.spec.terminationGracePeriodSeconds, grace + 15)
    assert.isAtLeast(Number(/TimeoutStopSec=(\d+)/.exec(read("stepped-worker.service"))![1]), grace + 15)
  })
})

describe("the unit and the pooler", () => {
  it.skipIf(!existsSync("/usr/bin/systemd-analyze"))("are what systemd takes", async () => {
    const unit = read("stepped-worker.service").replace("/usr/bin/node", process.execPath).replace(
      "User=stepped",
      "User=root"
    )
    const path = join(folder, "stepped-worker.service")
    writeFileSync(path, unit)
    assert.strictEqual(await run("systemd-analyze", ["verify", "--man=no", path], { cwd: folder, env }), "")
  })

  it("work by transactions, longer than a statement of the engine takes", () => {
    const settings = new Map(
      read("pgbouncer.ini").split("\n").flatMap((line) => {
        const [, key, value] = /^(\w+) = (.*)$/.exec(line) ?? []
        return key === undefined ? [] : [[key, value!] as const]
      })
    )
    assert.strictEqual(settings.get("pool_mode"), "transaction")
    assert.isAbove(Number(settings.get("query_wait_timeout")), 20)
  })
})
