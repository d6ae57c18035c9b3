/** The schema's files, and the statements that they consist of. */
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"

export const root = resolve(import.meta.dirname, "../../..")

/** Where the files are, below the root of the repository. */
export const folder = "src/sql/schema"

/** The module that the package ships. */
export const generated = `${folder}/generated.ts`

const below = (path: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder, path)).filter((name) => name.endsWith(".sql")).sort().map((name) => join(path, name))

/** Tables and views, which stay, in the order in which they are made. */
export const tableFiles: ReadonlyArray<string> = ["tables.sql", "action_views.sql", "views.sql"]

/** What an installer installs whole: types, functions, and their settings. */
export const functionFiles: ReadonlyArray<string> = ["types.sql", ...below("functions"), "settings.sql"]

export const readSql = (file: string): string => readFileSync(join(root, folder, file), "utf8")

// what stands between two semicolons: comments, texts, and bodies in dollars may hold some
const tokens = /--[^\n]*|\/\*[^]*?\*\/|'(?:[^']|'')*'|"[^"]*"|(\$\w*\$)[^]*?\1|;|[^;]/g

/** The statements of a text, without what is said above them. */
export const statementsOf = (sql: string): ReadonlyArray<string> => {
  const statements: Array<string> = []
  let statement = ""
  for (const [token] of sql.matchAll(tokens)) {
    if (token === ";") {
      statements.push(statement.trimEnd())
      statement = ""
    } else if (statement !== "" || !/^(--|\/\*|\s)/.test(token)) statement += token
  }
  if (statement !== "") throw new Error(`no semicolon behind:\n${statement}`)
  return statements
}

const statementsIn = (files: ReadonlyArray<string>) => files.flatMap((file) => statementsOf(readSql(file)))

const listed = (statements: ReadonlyArray<string>): string =>
  `[\n${statements.map((text) => `  ${JSON.stringify(text)}`).join(",\n")}\n]`

/** What the generated module says. */
export const moduleText = (): string => {
  const tables = statementsIn(tableFiles)
  const functions = statementsIn(functionFiles)
  const fingerprint = createHash("sha256").update(JSON.stringify([tables, functions])).digest("hex").slice(0, 16)
  return `// Made from the .sql files beside it by \`npm run schema\`: a statement a line.

/** Changes whenever one of the statements does. */
export const fingerprint = "${fingerprint}"

/** What makes the tables and the views. */
export const tables: ReadonlyArray<string> = ${listed(tables)}

/** What installs the functions: their types, themselves, their settings. */
export const functions: ReadonlyArray<string> = ${listed(functions)}
`
}
