/** What actions there are: their steps, signals and schemas, as workers have said, and their versions. */
import { type AskedFor, type Definition, get, type Page, pageMost } from "../api.ts"
import { type Asked, useAsked } from "../live.ts"
import { Copy, Empty, Facts, Section, Shown, Table } from "../parts.tsx"
import { ask, to } from "../route.ts"
import { RunForm } from "../telling/forms.tsx"
import { Ago, lasting } from "../time.tsx"
import { Diagram, mermaidOf } from "./Diagram.tsx"

type Description = Definition["description"]

/** How many of the newest actions are looked at for what steps have asked for. */
const askedAmong = 5000
/** How many versions of one are shown. */
const versionsMost = 100

/** Without regard to case. */
const has = ({ actorType, name }: Definition, search: string): boolean =>
  `${actorType}/${name}`.toLowerCase().includes(search.trim().toLowerCase())

export const Definitions = ({ query: { search = "" } }: { readonly query: Readonly<Record<string, string>> }) => {
  const definitions = useAsked<Page<Definition>>(
    "definitions",
    (signal) => get("definitions", { newest: true, limit: pageMost }, signal),
    15_000
  )
  return (
    <>
      <h1>Definitions</h1>
      <p class="lead">What workers can run, as they have said when they began: of each its newest version.</p>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          Name
          <input
            type="search"
            value={search}
            onInput={({ currentTarget: { value } }) => ask({ search: value })}
          />
        </label>
      </form>
      <Shown asked={definitions}>
        {({ items, next }) =>
          items.length === 0 ? <Empty>No worker has said yet what it has.</Empty> : (
            <>
              <DefinitionsTable rows={items.filter((one) => has(one, search))} />
              {next === undefined ? null : (
                <p class="soft">
                  It is looked for among the first{" "}
                  {pageMost}. One behind these has its page at #/definitions/Actor/name.
                </p>
              )}
            </>
          )}
      </Shown>
    </>
  )
}

const DefinitionsTable = ({ rows }: { readonly rows: ReadonlyArray<Definition> }) =>
  rows.length === 0 ? <p class="empty">None has such a name.</p> : (
    <Table
      caption="Definitions"
      rows={rows}
      keyOf={({ actorType, name }) => `${actorType}/${name}`}
      columns={[
        {
          name: "Action",
          of: ({ actorType, name }) => <a href={to(["definitions", actorType, name])}>{actorType}/{name}</a>,
          isWide: true
        },
        {
          name: "Steps",
          of: ({ description }) => description.steps.map(({ name }) => name).join(", "),
          isWide: true
        },
        { name: "Signals", of: ({ description }) => description.signals.map(({ name }) => name).join(", ") },
        { name: "Queue", of: ({ description }) => description.queue },
        { name: "Version", of: ({ hash }) => <code>{hash.slice(0, 8)}</code> },
        { name: "First seen", of: ({ firstSeen }) => <Ago at={firstSeen} /> }
      ]}
    />
  )

const Json = ({ label, schema }: { readonly label: string; readonly schema: Description["success"] }) => (
  <details class="stored">
    <summary>
      {label}{" "}
      <span class="soft">
        {schema.schema === null ? "opaque" : ""}
        {schema.redacted.length > 0 ? " parts are secret" : ""}
      </span>
    </summary>
    <pre tabIndex={0}>{JSON.stringify(schema.schema, null, 2)}</pre>
  </details>
)

const Current = ({ definition: { description } }: { readonly definition: Definition }) => (
  <>
    <Facts
      facts={[
        { name: "Queue", value: description.queue },
        { name: "Options", value: description.options.join(", ") },
        { name: "May take", value: description.timeoutMs ? lasting(description.timeoutMs) : undefined },
        {
          name: "Heard of within",
          value: description.heartbeatTimeoutMs ? lasting(description.heartbeatTimeoutMs) : undefined
        },
        {
          name: "Achieved for",
          value: description.achievementTtlMs ? lasting(description.achievementTtlMs) : undefined
        },
        { name: "Salt of its checksum", value: description.version }
      ]}
    />
    <Section id="schemas" title="Schemas">
      {description.arguments.map((schema, i) => <Json key={i} label={`Argument ${i + 1}`} schema={schema} />)}
      <Json label="Success" schema={description.success} />
      <Json label="Error" schema={description.error} />
      {description.signals.map(({ name, payload }) => <Json key={name} label={`Signal ${name}`} schema={payload} />)}
    </Section>
  </>
)

/** What its steps have asked for, which only history says: it is in their bodies. */
const Asks = ({ asked }: { readonly asked: Asked<ReadonlyArray<AskedFor>> }) => (
  <Section id="asks" title="What its steps have asked for">
    <Shown asked={asked} rows={1} empty={`Nothing, in the newest ${askedAmong} actions.`}>
      {(all) => (
        <Table
          caption="What its steps have asked for"
          rows={all}
          keyOf={({ child, kind, signal, step }) => JSON.stringify([step, kind, child ?? signal])}
          columns={[
            {
              name: "Step",
              of: ({ kind, step }) =>
                kind === "compensation" ? `undo ${step}` : step
            },
            {
              name: "For",
              of: ({ child, signal }) =>
                child === undefined
                  ? `signal ${signal}`
                  : <a href={to(["definitions", child.actorType, child.name])}>{child.actorType}/{child.name}</a>,
              isWide: true
            },
            {
              name: "Times",
              of: ({ count }) =>
                count,
              isNumber: true
            }
          ]}
        />
      )}
    </Shown>
  </Section>
)

interface Versions {
  readonly newest: Definition | undefined
  readonly all: Page<Definition>
}

export const DefinitionPage = ({ actorType, name }: { readonly actorType: string; readonly name: string }) => {
  const definition = useAsked<Versions>(
    `definition ${actorType}/${name}`,
    async (signal) => {
      const [newest, all] = await Promise.all([
        get<Page<Definition>>("definitions", { actorType, name, newest: true }, signal),
        get<Page<Definition>>("definitions", { actorType, name, limit: versionsMost }, signal)
      ])
      return { newest: newest.items[0], all }
    },
    15_000
  )
  const asked = useAsked<ReadonlyArray<AskedFor>>(
    `asked ${actorType}/${name}`,
    (signal) => get("asked", { actorType, name, limit: askedAmong }, signal),
    60_000
  )
  return (
    <>
      <div class="title">
        <h1>
          <span class="name">
            <b>{name}</b> <span class="actor">{actorType}</span>
          </span>
        </h1>
        <p>
          <a href={to(["actions"], { actorType, name })}>its actions</a>
        </p>
      </div>
      <Shown asked={definition}>
        {({ all, newest: current }) =>
          current === undefined ? <Empty>No worker has said anything of it.</Empty> : (
            <>
              <Section
                id="diagram"
                title="Diagram"
                aside={<Copy label="Copy as Mermaid" text={mermaidOf(current, asked.data ?? [])} />}
              >
                <Diagram definition={current} />
              </Section>
              <Asks asked={asked} />
              <RunForm definition={current} />
              <Section id="current" title="As it is now">
                <Current definition={current} />
              </Section>
              <Section id="versions" title="Versions">
                <Table
                  caption="Versions"
                  rows={all.items}
                  keyOf={({ hash }) => hash}
                  columns={[
                    { name: "Version", of: ({ hash }) => <code class="break">{hash.slice(0, 16)}</code> },
                    {
                      name: "Steps",
                      of: ({ description }) => description.steps.map(({ name }) => name).join(", "),
                      isWide: true
                    },
                    { name: "First seen", of: ({ firstSeen }) => <Ago at={firstSeen} /> },
                    { name: "Last seen", of: ({ lastSeen }) => <Ago at={lastSeen} /> }
                  ]}
                />
                {all.next === undefined ? null : <p class="soft">These are the {versionsMost} that came last.</p>}
              </Section>
            </>
          )}
      </Shown>
    </>
  )
}
