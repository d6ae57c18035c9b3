/** One run of the compiler over all blocks, each a module of its own, in a folder that is gone afterwards. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { run, tsc } from "../run.ts"
import { type Block, preludeFor } from "./Documents.ts"

/** The compiler's complaints, each with its place in the document. */
export const compile = async (root: string, blocks: ReadonlyArray<Block>): Promise<ReadonlyArray<string>> => {
  const folder = mkdtempSync(join(tmpdir(), "stepped-docs-"))
  try {
    mkdirSync(join(folder, "blocks"))
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir")
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: join(root, "tsconfig.json"),
        compilerOptions: {
          paths: {
            stepped: [join(root, "src/index.ts")],
            "stepped/ai": [join(root, "src/ai/index.ts")],
            "stepped/embedded": [join(root, "src/embedded/index.ts")],
            "stepped/http": [join(root, "src/http/index.ts")],
            "stepped/stores": [join(root, "src/stores/index.ts")],
            "stepped/testing": [join(root, "src/testing/index.ts")],
            "stepped/workflow": [join(root, "src/workflow/index.ts")]
          },
          // a block shows a definition, and leaves its use to the reader
          noUnusedLocals: false,
          rewriteRelativeImportExtensions: false
        },
        include: ["blocks"]
      })
    )
    const offsets = blocks.map(({ code, document, prelude }, index) => {
      const before = prelude === undefined
        ? ""
        : `${relativeTo(join(root, prelude), preludeFor(readFileSync(join(root, prelude), "utf8"), code))}\n`
      writeFileSync(join(folder, "blocks", `${index}.ts`), before + relativeTo(join(root, document), code))
      return before.split("\n").length - 1
    })
    const found = await diagnostics(root, folder)
    return found.map((line) =>
      line.replace(/^blocks\/(\d+)\.ts\((\d+),(\d+)\)/, (_, index: string, at: string, column: string) => {
        const block = blocks[Number(index)]!
        const inBlock = Number(at) - offsets[Number(index)]!
        return inBlock > 0
          ? `${block.document}:${block.line + inBlock - 1}:${column}`
          : `${block.prelude}:${at}:${column}`
      })
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What code imports by a relative path lies beside the file that it was written in. */
const relativeTo = (file: string, code: string): string =>
  code.replaceAll(
    /(\bfrom |\bimport )"(\.[^"]+)"/g,
    (_, word: string, path: string) => `${word}"${resolve(dirname(file), path)}"`
  )

const diagnostics = async (root: string, folder: string): Promise<ReadonlyArray<string>> => {
  try {
    await run(process.execPath, [tsc(root), "--pretty", "false"], { cwd: folder })
    return []
  } catch (error) {
    // the first line is the command
    return (error as Error).message.split("\n").slice(1)
  }
}
