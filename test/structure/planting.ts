/** Sources that are written into a test. */
import { createVirtualFileSystem, type FileSystem } from "typescript/unstable/fs"
import { openSources } from "./Sources.ts"

/** A project that exists in memory only. */
export const plant = (files: Record<string, string>, include: ReadonlyArray<string> = ["src"]) => {
  const tsconfig = JSON.stringify({
    compilerOptions: { module: "NodeNext", noLib: true, types: [], allowImportingTsExtensions: true, noEmit: true },
    include
  })
  const virtual: FileSystem = createVirtualFileSystem(
    Object.fromEntries(
      Object.entries({ "tsconfig.json": tsconfig, "package.json": `{ "type": "module" }`, ...files }).map(
        ([path, content]) => [`/planted/${path}`, content]
      )
    )
  )
  return openSources("/planted", virtual)
}
