/** The schema's files, and the module that is made from them. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { functionFiles, generated, moduleText, readSql, root, statementsOf, tableFiles } from "./Files.ts"
import * as Rules from "./rules.ts"

const files = [...tableFiles, ...functionFiles]

/** What breaks a rule, with the file that it is in. */
const broken = (rule: (sql: string) => ReadonlyArray<string>): ReadonlyArray<string> =>
  files.flatMap((file) => rule(readSql(file)).map((found) => `${file}: ${found}`))

describe("the module that the package ships", () => {
  it("is what `npm run schema` makes from the files", () =>
    assert.strictEqual(readFileSync(join(root, generated), "utf8"), moduleText()))

  it("has one file for each function, called like it", () => {
    const wrong = functionFiles.filter((file) => file.startsWith("functions/")).filter((file) => {
      const statements = statementsOf(readSql(file))
      return statements.length !== 1 || !statements[0]!.startsWith(`create function ${basename(file, ".sql")}(`)
    })
    assert.deepStrictEqual(wrong, [])
  })

  it("is cut at semicolons, but for those in texts, remarks and bodies", () => {
    const sql = `-- first; and
      select 'a;''b' /* ; */; do $$ begin; end $$; create function f() as $x$ $$ ; $x$;\nselect ";"; -- the end\n`
    assert.deepStrictEqual(statementsOf(sql), [
      "select 'a;''b' /* ; */",
      "do $$ begin; end $$",
      "create function f() as $x$ $$ ; $x$",
      `select ";"`
    ])
    assert.throws(() => statementsOf("select 1; select 2"))
  })
})

describe("codes", () => {
  it("are those of TypeScript", () => assert.deepStrictEqual(broken(Rules.wrongCodes), []))

  it("have their names beside them", () => {
    assert.deepStrictEqual(broken(Rules.bareCodes), [])
    assert.deepStrictEqual(
      Rules.bareCodes(
        `select news(-8), news_of(-7 /* Kind.interrupt */, a) where status = 1 and phase <> 2 /* Phase.outbound */
        and flags & 16 <> 0 and l.phase in (0, 1 /* Phase.waiting */) and priority < 1000 -- status = 4`
      ),
      ["status = 1", "priority < 1000", "l.phase in (0".slice(2), "flags & 16", "news(-8"]
    )
  })

  it("that are not are found", () =>
    assert.deepStrictEqual(
      Rules.wrongCodes(
        "1 /* Phase.waiting */ 2 /* Phase.waiting */ 'ST001' /* isolationState */ 1 /* Phase.gone */ 3 /* three of them */"
      ),
      ["2 /* Phase.waiting */", "1 /* Phase.gone */", "1 remarks that name no code"]
    ))
})

describe("functions", () => {
  it("state their search path, or inherit it", () => assert.deepStrictEqual(broken(Rules.pathless), []))

  it("that do neither, or both, are found", () => {
    const inner = "-- For other functions only: it inherits their search path and their settings.\n"
    assert.deepStrictEqual(Rules.pathless("create function a() set search_path from current as $$;$$;"), [])
    assert.deepStrictEqual(Rules.pathless(`${inner}create function a() as $$;$$;`), [])
    assert.deepStrictEqual(Rules.pathless("create function a() as $$;$$;"), ["create function a"])
    assert.deepStrictEqual(Rules.pathless(`${inner}create function a() set search_path from current as $$;$$;`), [
      "create function a"
    ])
  })

  it("that TypeScript calls are not inner ones", () => {
    const calls = readdirSync(join(root, "src/sql"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) =>
        [
          ...readFileSync(join(root, "src/sql", name), "utf8").matchAll(
            /\$\{(?:schema|s)\}\.(\w+)\(|\brun\("\w+", "(\w+)"|\bpass\("(\w+)"/g
          )
        ].map(([, ...its]) => its.find((it) => it !== undefined)!)
      )
    assert.include(calls, "finish")
    const inner = new Set(
      functionFiles.filter((file) => / only: it inherits /.test(readSql(file))).map((file) => basename(file, ".sql"))
    )
    assert.isAbove(inner.size, 0)
    assert.deepStrictEqual(calls.filter((name) => inner.has(name)), [])
  })
})

describe("what is written", () => {
  const tables = tableFiles.flatMap((file) => Rules.tablesIn(readSql(file)))

  it("can be read: lines and functions are short", () => {
    assert.deepStrictEqual(broken(Rules.wideLines), [])
    assert.deepStrictEqual(broken(Rules.longFunctions), [])
    const long = `create function f() as $$\n${"-- more\n".repeat(151)}$$;`
    assert.deepStrictEqual(Rules.longFunctions(long), ["create function f has 152 lines"])
    assert.deepStrictEqual(Rules.wideLines(`a\n${"b".repeat(121)}`), ["b".repeat(121)])
  })

  it("in functions names the columns of tables that it needs", () => {
    assert.include(tables, "jobs")
    const found = functionFiles.flatMap((file) => Rules.wholeRows(readSql(file), tables).map((it) => `${file}: ${it}`))
    assert.deepStrictEqual(found, [])
  })

  it("in functions looks rows up in one way", () => {
    const stored = tableFiles.flatMap((file) =>
      [...readSql(file).matchAll(/^create table (\w+)/gm)].map(([, it]) => it!)
    )
    // planned each time, for what the tables hold then
    const replanned = ["blocked_pending.sql"]
    const found = functionFiles
      .filter((file) => !replanned.includes(basename(file)))
      .flatMap((file) => Rules.reversible(readSql(file), stored).map((it) => `${file}: ${it}`))
    assert.deepStrictEqual(found, [])
  })

  it("in functions is found where a look-up can be turned around", () => {
    const sql = `select 1 from jobs j join slots o on o.child = j.action where j.kind = 0;
      select 1 from p left join steps s on s.ctid = p.place;
      select 1 from jobs j cross join lateral (select o.step from slots o where o.child = j.action offset 0) o;
      select exists (select 1 from slots o where o.child = j.action and o.status = any(array(select 1)));
      select exists (select 1 from slots o where o.child = j.action offset 0), exists (select 1 from slots o where o.child = p_id);`
    assert.deepStrictEqual(Rules.reversible(sql, tables), [
      "join slots o on o.child = j.action",
      "select 1 from slots o where o.child = j.action and o.status = any(array(select 1))"
    ])
  })

  it("in functions is found where it takes whole rows", () => {
    const sql = `create function f(p_job jobs, p_steps steps[]) as $$ declare m jobs; n slots := null; begin
      select * from jobs; select j.* from jobs j; delete from jobs returning jobs as j; update steps set a = 1 returning *;
      insert into jobs values (1); insert into steps overriding system value select 1; select row(1)::jobs[];
      select t.* from taken t; select * from taken(1); insert into slots (action) select 1 from steps; perform 1 from jobs where a; $$;`
    assert.sameMembers([...new Set(Rules.wholeRows(sql, tables))], [
      "* from jobs",
      "returning jobs",
      "returning *",
      "j.*",
      "::jobs",
      "p_job jobs,",
      "p_steps steps[])",
      "m jobs;",
      "n slots :=",
      "insert into jobs values",
      "insert into steps overriding"
    ])
  })
})

describe("tables and views", () => {
  it("have a comment each", () => {
    assert.deepStrictEqual(broken(Rules.uncommented), [])
    assert.deepStrictEqual(Rules.uncommented("create table a (b int); create view c as select;"), ["table a", "view c"])
  })
})

it("no column of a conclusion is lost where steps alone are stored: it is null there, or handed on", () => {
  const finish = readSql("functions/finish.sql")
  const columns = [...finish.slice(0, finish.indexOf("returns setof")).matchAll(/conclusion_\w+/g)].map(([name]) =>
    name
  )
  const branch = finish.slice(finish.indexOf("\n  elsif "), finish.indexOf("\n  end if;", finish.indexOf("\n  elsif ")))
  const said = new Set([...branch.matchAll(/conclusion_\w+/g)].map(([name]) => name))
  assert.isAbove(columns.length, 30)
  assert.deepStrictEqual(columns.filter((column) => !said.has(column)), [])
})
