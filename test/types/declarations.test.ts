/** What declaration files say about definitions that a package exports. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { run, tsc } from "../run.ts"

const root = resolve(import.meta.dirname, "../..")
const project = join(import.meta.dirname, "declarations")

let emitted = ""

beforeAll(async () => {
  const outDir = mkdtempSync(join(tmpdir(), "stepped-declarations-"))
  try {
    // errors elsewhere in the sources are another test's to find; what is asked here is the file that comes out
    await run(process.execPath, [tsc(root), "--project", project, "--outDir", outDir], { cwd: project }).catch(() => {})
    emitted = readFileSync(join(outDir, "test/types/declarations/garage.d.ts"), "utf8")
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
})

/** The declaration of one name, without the paths of the modules that its types come from. */
const declarationOf = (name: string): string => {
  const found = new RegExp(`(?:export )?declare (?:const|class) ${name}\\b[^]*?;\\n(?=export |declare |$)`).exec(
    emitted
  )?.[0]
  return (found ?? "").replaceAll(/import\("[^"]+"\)\.|Stepped\./g, "")
}

describe("declaration files", () => {
  it("name the types of definitions, which stay small", () => {
    assert.strictEqual(
      declarationOf("drive"),
      `export declare const drive: Action<"drive", readonly [Schema.Int], Schema.Int, Schema.Never, NoSteps, {}, never>;\n`
    )
    assert.strictEqual(
      declarationOf("tow"),
      `export declare const tow: JobAction<"tow", readonly [ActorReference<"Car", Schema.Int>], Schema.Void, Schema.Never, never>;\n`
    )
    assert.strictEqual(
      declarationOf("charge"),
      `export declare const charge: Action<"charge", [], Schema.Void, Schema.Never, Outbound, {}, never>;\n`
    )
    assert.strictEqual(declarationOf("Van_base"), `declare const Van_base: ActorClass<Van, "Van", Schema.Int>;\n`)
    assert.strictEqual(
      declarationOf("CarsLive"),
      `export declare const CarsLive: Layer<never, never, Engine | Garage>;\n`
    )
    assert.isAbove(declarationOf("visit").length, 100)
    assert.isBelow(declarationOf("visit").length, 500)
    // five actions, one of them with steps that have results
    assert.isAbove(declarationOf("Cars").length, 500)
    assert.isBelow(declarationOf("Cars").length, 1_200)
  })

  it("hold no any, and no unknown", () => {
    assert.notMatch(emitted, /\bany\b/)
    assert.notMatch(emitted, /\bunknown\b/)
  })
})
