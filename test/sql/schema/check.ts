/**
 * Has `plpgsql_check` look at every function: `npm run schema:check`. It finds names that do not exist, ambiguous ones, values that do not
 * fit, and variables that nobody uses, which the server tells of only when a line runs.
 *
 * It needs the server and the extension of a distribution (Debian: `postgresql-15` and `postgresql-15-plpgsql-check`), found in `PG_BIN`
 * or where Debian has them, and makes a database in a temporary folder.
 */
import { execFile } from "node:child_process"
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { findUser } from "../../harness/PostgresServer.ts"
import { functionFiles, readSql, tableFiles } from "./Files.ts"

const binaries = process.env.PG_BIN ?? "/usr/lib/postgresql/15/bin"
const folder = mkdtempSync(join(tmpdir(), "stepped-check-"))
const user = await findUser()
if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid)

const run = async (program: string, ...args: ReadonlyArray<string>): Promise<string> => {
  const { stdout } = await promisify(execFile)(join(binaries, program), args, { ...user, cwd: folder })
  return stdout
}
const psql = (...args: ReadonlyArray<string>) =>
  run(
    "psql",
    "--host",
    folder,
    "--username=postgres",
    "--no-psqlrc",
    "--quiet",
    "--set=ON_ERROR_STOP=1",
    ...args,
    "postgres"
  )

const findings = `
  select p.proname || coalesce(', line ' || c.lineno, '') || ': ' || c.level || ': ' || concat_ws('; ', c.message, c.detail, c.hint)
  from pg_catalog.pg_proc p
  cross join lateral public.plpgsql_check_function_tb(p.oid, other_warnings => true, extra_warnings => true) c
  where
    p.pronamespace = 'stepped'::regnamespace
    and p.prolang = (select l.oid from pg_catalog.pg_language l where l.lanname = 'plpgsql')
  order by p.proname, c.lineno`

const check = async () => {
  const file = join(folder, "schema.sql")
  writeFileSync(
    file,
    [
      "create extension plpgsql_check; begin; create schema stepped; set local search_path = stepped, pg_temp;",
      ...[...tableFiles, ...functionFiles].map(readSql),
      "commit;"
    ].join("\n")
  )
  await psql("--file", file)
  const said =
    (await psql("--tuples-only", "--no-align", "--command", `set search_path = stepped, pg_temp; ${findings}`)).trim()
  const checked = await psql(
    "--tuples-only",
    "--command",
    "select count(*) from pg_catalog.pg_proc where pronamespace = 'stepped'::regnamespace"
  )
  console.log(said === "" ? `plpgsql_check finds nothing in ${checked.trim()} functions` : said)
  return said === ""
}

try {
  await run(
    "initdb",
    `--pgdata=${join(folder, "data")}`,
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--no-sync"
  )
  // reached through a socket in this folder alone
  await run(
    "pg_ctl",
    `--pgdata=${join(folder, "data")}`,
    "--wait",
    "-o",
    `-c listen_addresses= -k ${folder}`,
    "-l",
    join(folder, "log"),
    "start"
  )
  try {
    if (!(await check())) process.exitCode = 1
  } finally {
    await run("pg_ctl", `--pgdata=${join(folder, "data")}`, "--mode=immediate", "stop")
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
