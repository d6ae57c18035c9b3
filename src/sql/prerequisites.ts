/**
 * What the engine needs of a client, a database and a role, told before anything fails for the lack of it: where a layer is built, a worker
 * starts, or tables are made.
 */
import { PgClient, type PgClientConfig } from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { SqlError } from "effect/sql/SqlError"
import { isOwnKey, oneCopy } from "../domain/copies.ts"
import { InvalidOption, MissingPrivileges, SequenceBehind, UnsuitableDatabase } from "../SteppedError.ts"
import { Storage } from "../store/Storage.ts"

/** A statement's rows by the names that it gives them, whatever the client makes of names. */
const rowsOf = <Row extends object>(sql: PgClient, text: string, params: ReadonlyArray<unknown> = []) =>
  sql.unsafe<Row>(text, params).withoutTransform

// -------------------------------------------------------------------------------------------------------------------
// the client
// -------------------------------------------------------------------------------------------------------------------

/** The hosts of a client, as they are given; undefined where it needs none, and null where its url is none. */
const hostsOf = ({ host, path, stream, url }: PgClientConfig): string | null | undefined => {
  if (stream !== undefined || path !== undefined) return undefined
  if (host !== undefined || url === undefined) return host
  // by hand: what names two ports does not parse
  const found = /^postgres(?:ql)?:\/\/(?:[^/?#]*@)?([^/?#]*)[^?#]*(?:\?([^#]*))?/i.exec(Redacted.value(url))
  return found === null ? null : new URLSearchParams(found[2]).get("host") ?? found[1]
}

/** Where a client's database is, for people: `localhost:5432/garage`. */
export const databaseOf = (config: PgClientConfig): string | undefined => {
  if (config.stream !== undefined) return undefined
  const found = /\/\/[^/?#]*?(?::(\d+))?(?:\/([^?#]*))?(?:[?#]|$)/.exec(
    config.url === undefined ? "" : Redacted.value(config.url)
  )
  const host = config.path ?? hostsOf(config)?.replace(/:\d+$/, "") ?? "localhost"
  return `${host}:${config.port ?? found?.[1] ?? 5432}/${config.database ?? found?.[2] ?? config.username ?? ""}`
}

/**
 * Refuses a client whose errors and transactions would not be known as such, and what it would fail at with each connection, which looks
 * like a database that is away.
 */
export const checkClient = ({ config, transactionService }: PgClient): Effect.Effect<void, InvalidOption> => {
  if (!isOwnKey(transactionService)) {
    return Effect.fail(
      new InvalidOption({
        option: "the PgClient",
        value: "one of another copy of effect",
        takes: `one of the copy that stepped uses. ${oneCopy}`
      })
    )
  }
  const hosts = hostsOf(config)
  if (hosts === null) {
    return Effect.fail(
      new InvalidOption({
        option: "the url of the PgClient",
        value: "none of Postgres",
        takes: "postgres://user:password@host:5432/database"
      })
    )
  }
  return hosts?.includes(",") === true
    ? Effect.fail(
      new InvalidOption({
        option: "the host of the PgClient",
        value: hosts,
        takes: "one host, since the client connects to no other: give a name or an address that leads to the server " +
          "that takes writes, as a proxy or a virtual address does"
      })
    )
    : Effect.void
}

// -------------------------------------------------------------------------------------------------------------------
// the database
// -------------------------------------------------------------------------------------------------------------------

const encoded = (encoding: string): Effect.Effect<void, UnsuitableDatabase> =>
  encoding === "UTF8" ? Effect.void : Effect.fail(
    new UnsuitableDatabase({
      problem: `The encoding of the database is ${encoding}, which cannot store every text: stepped needs UTF8`,
      advice: "create the database with `encoding 'UTF8' template template0`"
    })
  )

const listed = (privilege: string, names: ReadonlyArray<string>, schema: string) =>
  names.length === 0 ? [] : [`${privilege} on ${names.map((name) => `${schema}.${name}`).join(", ")}`]

/** A table is open to a role if a policy shows it every row, and no other one takes any away. */
const isOpen =
  `exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid and p.polpermissive and p.polcmd = '*'
      and pg_catalog.pg_get_expr(p.polqual, c.oid) = 'true' and coalesce(pg_catalog.pg_get_expr(p.polwithcheck, c.oid), 'true') = 'true'
      and exists (select from unnest(p.polroles) r where r = 0 or pg_catalog.pg_has_role(r, 'usage')))
    and not exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid and not p.polpermissive)`

const relations = (kinds: string, where: string) =>
  `array(select c.relname::text from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relkind in (${kinds}) and ${where} order by 1)`

interface Found {
  readonly role: string
  readonly encoding: string
  /** Null where there is no schema. */
  readonly usable: boolean | null
  readonly unreadable: ReadonlyArray<string>
  readonly unwritable: { readonly [Privilege in "insert" | "update" | "delete"]: ReadonlyArray<string> }
  readonly callable: boolean
  readonly hidden: ReadonlyArray<string>
}

const finding = `select quote_ident(current_user) as role, current_setting('server_encoding') as encoding,
    pg_catalog.has_schema_privilege(n.oid, 'usage') as usable,
    ${relations("'r', 'v'", "not pg_catalog.has_table_privilege(c.oid, 'select')")} as unreadable,
    json_build_object(${
  ["insert", "update", "delete"].map((privilege) =>
    `'${privilege}', ${
      relations("'r'", `c.relname <> 'migrations' and not pg_catalog.has_table_privilege(c.oid, '${privilege}')`)
    }`
  ).join(", ")
}) as unwritable,
    not exists (select from pg_catalog.pg_proc p where p.pronamespace = n.oid and not pg_catalog.has_function_privilege(p.oid, 'execute')) as callable,
    ${relations("'r'", `pg_catalog.row_security_active(c.oid) and not (${isOpen})`)} as hidden
  from (select) x left join pg_catalog.pg_namespace n on n.nspname = $1`

/**
 * Whether the database, and the schema if it is there, can be used: looked at and asked by everybody, and written by a worker.
 */
export const checkUse = (
  as: "client" | "worker"
): Effect.Effect<void, SqlError | MissingPrivileges | UnsuitableDatabase, PgClient | Storage> =>
  Effect.gen(function*() {
    const sql = yield* PgClient
    const { schema } = yield* Storage
    const [found] = yield* rowsOf<Found>(sql, finding, [schema])
    const { callable, encoding, hidden, role, unreadable, unwritable, usable } = found!
    yield* encoded(encoding)
    if (usable === null) return
    const to = `in schema ${schema} to ${role}`
    const missing: Array<string> = []
    const grants: Array<string> = []
    if (!usable) {
      missing.push(`usage on schema ${schema}`)
      grants.push(`grant usage on schema ${schema} to ${role}`)
    }
    if (usable && unreadable.length > 0) {
      missing.push(...listed("select", unreadable, schema))
      grants.push(`grant select on all tables ${to}`)
    }
    if (usable && !callable) {
      missing.push(`execute on functions in ${schema}`)
      grants.push(`grant execute on all functions ${to}`)
    }
    const writes = as === "worker"
      ? Object.entries(unwritable).flatMap(([privilege, names]) => listed(privilege, names, schema))
      : []
    if (writes.length > 0) {
      missing.push(...writes)
      grants.push(`grant insert, update, delete on all tables ${to}`)
    }
    if (missing.length > 0) return yield* new MissingPrivileges({ role, missing, grants })
    if (hidden.length > 0) {
      return yield* new UnsuitableDatabase({
        problem: `Row security is on for ${role} in ${hidden.map((name) => `${schema}.${name}`).join(", ")}, so that ` +
          "rows are hidden from the engine",
        advice: "run `alter table … disable row level security`, or give the role a policy `using (true)` for all " +
          "commands or `bypassrls`"
      })
    }
  })

interface Making {
  readonly role: string
  readonly encoding: string
  readonly database: string
  /** Null where the schema is to be made. */
  readonly within: boolean | null
  readonly usable: boolean | null
  readonly allowed: boolean
  /** Tables that only their owner may change. */
  readonly foreign: ReadonlyArray<string>
}

const making =
  `select quote_ident(current_user) as role, current_setting('server_encoding') as encoding, quote_ident(current_database()) as database,
    pg_catalog.has_schema_privilege(n.oid, 'create') as within, pg_catalog.has_schema_privilege(n.oid, 'usage') as usable,
    pg_catalog.has_database_privilege(current_database(), 'create') as allowed,
    ${relations("'r', 'v'", "not pg_catalog.pg_has_role(c.relowner, 'usage')")} as foreign
  from (select) x left join pg_catalog.pg_namespace n on n.nspname = $1`

/** Whether this role can make or change the tables in this database; gives whether the schema is there. */
export const checkMaking: Effect.Effect<
  boolean,
  SqlError | MissingPrivileges | UnsuitableDatabase,
  PgClient | Storage
> = Effect.gen(function*() {
  const sql = yield* PgClient
  const { schema } = yield* Storage
  const [found] = yield* rowsOf<Making>(sql, making, [schema])
  const { allowed, database, encoding, foreign, role, usable, within } = found!
  yield* encoded(encoding)
  const isThere = within !== null
  const lacking = isThere
    ? [
      ...within ? [] : [`create on schema ${schema}`],
      ...usable === true ? [] : [`usage on schema ${schema}`]
    ]
    : allowed
    ? []
    : [`create on database ${database}`]
  if (lacking.length > 0) {
    return yield* new MissingPrivileges({
      role,
      missing: lacking,
      grants: lacking.map((privilege) => `grant ${privilege} to ${role}`)
    })
  }
  if (foreign.length > 0) {
    return yield* new MissingPrivileges({ role, missing: listed("ownership", foreign, schema), grants: [] })
  }
  return isThere
})

// -------------------------------------------------------------------------------------------------------------------
// sequences
// -------------------------------------------------------------------------------------------------------------------

/**
 * The columns that count, each with the highest number in its table as a query that reads a few rows of an index, or all of a table that
 * has only what is live.
 */
const counted = (schema: string): ReadonlyArray<readonly [table: string, column: string, highest: string]> => [
  ["workers", "token", `select max(token) from ${schema}.workers`],
  // the index begins with the queue and the priority: of each pair the last one
  [
    "jobs",
    "id",
    `with recursive k(queue, priority) as (
        (select queue, priority from ${schema}.jobs order by queue, priority limit 1)
        union all
        select n.queue, n.priority from k cross join lateral (
          select j.queue, j.priority from ${schema}.jobs j where (j.queue, j.priority) > (k.queue, k.priority) order by j.queue, j.priority limit 1) n)
      select max(m.id) from k cross join lateral (
        select j.id from ${schema}.jobs j where j.queue = k.queue and j.priority = k.priority order by j.id desc limit 1) m`
  ],
  ["seats", "place", `select max(place) from ${schema}.seats`],
  ["signals", "id", `select max(id) from ${schema}.signals`],
  ["queue_elements", "number", `select max(number) from ${schema}.queue_elements`]
]

export interface Behind {
  readonly table: string
  readonly sequence: string
  /** The last number that it has given. */
  readonly at: number
  /** The highest that its table has. */
  readonly rows: number
}

/**
 * Sequences that have given less than their tables have. Logical replication copies rows and no sequences. One that the role may not look
 * at is taken for right.
 */
export const behind = (sql: PgClient, quoted: string): Effect.Effect<ReadonlyArray<Behind>, SqlError> =>
  rowsOf<Behind>(
    sql,
    `select x.name as "table", x.sequence::text, x.at::float8 as at, x.highest::float8 as rows from (${
      counted(quoted).map(([table, column, highest], i) =>
        `select ${i} as n, '${table}' as name, s.sequence, coalesce(pg_catalog.pg_sequence_last_value(s.sequence), 0) as at, (${highest}) as highest
        from (select pg_catalog.pg_get_serial_sequence('${quoted}.${table}', '${column}')::regclass as sequence) s
        where pg_catalog.has_sequence_privilege(s.sequence, 'usage, select')`
      ).join(" union all ")
    }) x where x.highest > x.at order by x.n`
  )

/** Whether what is inserted gets numbers that nothing has. */
export const checkSequences: Effect.Effect<void, SqlError | SequenceBehind, PgClient | Storage> = Effect.gen(
  function*() {
    const sql = yield* PgClient
    const { quoted, schema } = yield* Storage
    const found = yield* behind(sql, quoted)
    if (found.length > 0) {
      return yield* new SequenceBehind({
        tables: found.map(({ at, rows, table }) => ({ table: `${schema}.${table}`, at, rows }))
      })
    }
  }
)

/** Sets the sequences that are behind, in a transaction that ends soon: nobody inserts meanwhile. */
export const setSequences: Effect.Effect<void, SqlError, PgClient | Storage> = Effect.gen(function*() {
  const sql = yield* PgClient
  const { quoted, schema } = yield* Storage
  const tables = (yield* behind(sql, quoted)).map(({ table }) => table)
  if (tables.length === 0) return
  yield* sql.unsafe(
    `lock table ${tables.map((table) => `${quoted}.${table}`).join(", ")} in share row exclusive mode`
  )
  // under the lock: nobody is about to use a number that it has given meanwhile
  for (const { at, rows, sequence, table } of yield* behind(sql, quoted)) {
    yield* sql.unsafe("select pg_catalog.setval($1::regclass, $2::bigint)", [sequence, String(rows)])
    yield* Effect.logInfo(
      `stepped: the sequence of ${schema}.${table} was at ${at}, behind its rows, and is set to ${rows}`
    )
  }
})
