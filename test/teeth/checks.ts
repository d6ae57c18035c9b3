/** What is wrong with planted bugs before any of them is planted: text that is gone, and programs that are none. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { API } from "typescript/unstable/sync"
import { innermostMessage } from "../../src/domain/innermostMessage.ts"
import { embedded } from "../harness/databases.ts"
import { statementsOf } from "../sql/schema/Files.ts"
import { type Bug, type Plant, plantedFiles } from "./Bug.ts"

const root = resolve(import.meta.dirname, "../..")
const read = (file: string) => readFileSync(join(root, file), "utf8")
/** Whether the text that is to be replaced is there, and once. */
export const hasPlace = ({ file, find }: Plant) => read(file).split(find).length === 2

/** What is planted of one language, by the name of its bug; what has no place any more is another test's. */
const plantedIn = (extension: string, from: ReadonlyArray<Pick<Bug, "name" | "plants">>) =>
  from.flatMap(({ name, plants }) => {
    // what runs in the browser is a project of its own: the run of the bugs bundles it
    const own = plants.filter((plant) =>
      plant.file.endsWith(extension) && !plant.file.startsWith("src/dashboard/app/") && hasPlace(plant)
    )
    return own.length === 0 ? [] : [{ name, files: plantedFiles({ plants: own }, read) }]
  })

/** What the compiler says of each file that a bug changes; of what it changes for others, the run of the bugs says it. */
export const misspelt = (from: ReadonlyArray<Pick<Bug, "name" | "plants">>): ReadonlyArray<string> => {
  let texts: ReadonlyMap<string, string> = new Map()
  const api = new API({ cwd: root, fs: { readFile: (path) => texts.get(path) } })
  try {
    let snapshot = api.updateSnapshot({ openProjects: [join(root, ".tsconfig.build.json")] })
    return plantedIn(".ts", from).flatMap(({ files, name }) => {
      const before = [...texts.keys()]
      texts = new Map([...files].map(([file, text]) => [join(root, file), text]))
      const next = api.updateSnapshot({ fileChanges: { changed: [...before, ...texts.keys()] } })
      snapshot.dispose()
      snapshot = next
      const { program } = snapshot.getProjects()[0]!
      return [...texts.keys()].flatMap((file) =>
        [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(({ text }) =>
          `${name}: ${text}`
        )
      )
    })
  } finally {
    api.close()
  }
}

/** What the database says of each function and view that a bug changes, before anybody calls it. */
export const refused = (from: ReadonlyArray<Pick<Bug, "name" | "plants">>) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const complaints: Array<string> = []
    for (const { files, name } of plantedIn(".sql", from)) {
      const statements = [...files.values()].flatMap(statementsOf)
      const error = yield* Effect.flip(sql.withTransaction(Effect.gen(function*() {
        yield* sql`set local search_path = stepped, pg_temp`
        for (const statement of statements) {
          yield* sql.unsafe(statement.replace(/^create (?=function|view)/, "create or replace "))
        }
        return yield* Effect.fail("rolled back" as const)
      })))
      if (error !== "rolled back") complaints.push(`${name}: ${innermostMessage(error)}`)
    }
    return complaints
  }).pipe(Effect.provide(embedded.layer()))
