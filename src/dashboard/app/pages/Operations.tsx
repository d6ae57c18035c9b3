/** What operators have done, to what, and why. */
import { get, type Operation, type Page } from "../api.ts"
import { useAsked } from "../live.ts"
import { Onward, Section, ShortId, Shown, Table } from "../parts.tsx"
import { ask } from "../route.ts"
import { Ago } from "../time.tsx"
import { Verbs } from "../verbs/Verbs.tsx"

const perPage = 100

const isId = (text: string): boolean => /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(text)

export const OperationsTable = ({ rows }: { readonly rows: ReadonlyArray<Operation> }) => (
  <Table
    caption="Operations"
    rows={rows}
    keyOf={({ id }) => String(id)}
    columns={[
      { name: "At", of: ({ at }) => <Ago at={at} /> },
      { name: "By", of: ({ by }) => <span class="break">{by}</span> },
      { name: "Verb", of: ({ verb }) => <b>{verb}</b> },
      {
        name: "Target",
        of: ({ target }) => isId(target) ? <ShortId id={target} /> : <span class="break">{target}</span>,
        isWide: true
      },
      {
        name: "Outcome",
        of: ({ outcome }) => (
          <span class={`status ${outcome === "done" ? "good" : outcome === "denied" ? "bad" : "warn"}`}>
            <span class="sign" aria-hidden="true">{outcome === "done" ? "✓" : "–"}</span>
            {outcome}
          </span>
        )
      },
      { name: "Reason", of: ({ reason }) => reason ?? "", isWide: true },
      { name: "Through", of: ({ through }) => through === undefined ? "" : <ShortId id={through} /> }
    ]}
  />
)

export const Operations = ({ query }: { readonly query: Readonly<Record<string, string>> }) => {
  const { after, by, outcome, target } = query
  const operations = useAsked<Page<Operation>>(
    `operations ${JSON.stringify(query)}`,
    (signal) => get("operations", { by, target, outcome, after, limit: perPage }, signal)
  )
  return (
    <>
      <h1>Operations</h1>
      <p class="lead">Every verb that somebody has asked for, also those that were refused.</p>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        {([["by", "By", by], ["target", "Target", target], ["outcome", "Outcome", outcome]] as const).map((
          [key, label, value]
        ) => (
          <label key={key}>
            {label}
            <input
              type="search"
              value={value ?? ""}
              onChange={({ currentTarget: { value } }) => ask({ [key]: value, after: undefined })}
            />
          </label>
        ))}
      </form>
      <Shown asked={operations}>
        {({ items, next }) => (
          <>
            {items.length === 0
              ? <p class="empty">{after === undefined ? "Nothing is recorded." : "There is nothing before these."}</p>
              : <OperationsTable rows={items} />}
            <Onward path="operations" query={query} next={next} />
          </>
        )}
      </Shown>
      <Section id="clearing" title="Clearing up">
        <p class="soft">What takes something away for good. How much is asked for before it is done.</p>
        <Verbs
          of="history"
          target={{ given: {}, text: "the history", state: "" }}
          label={(label, { verb }) => `${label} ${kept[verb] ?? ""}`.trim()}
          then={operations.refresh}
        />{" "}
        <Verbs
          of="achievement"
          target={{ given: {}, text: "achievements", state: "" }}
          label={(label, { verb }) => verb.endsWith("All") ? `${label}s` : label}
          then={operations.refresh}
        />
      </Section>
    </>
  )
}

const kept: Readonly<Record<string, string>> = {
  "ActionRepo.deleteEnded": "actions",
  "ActionRepo.deleteOutcomes": "answers",
  "ActionRepo.deleteOperations": "operations"
}
