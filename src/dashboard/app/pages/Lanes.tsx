/** Occupied lanes: who performs, who waits. */
import { get, type Lane, type Page } from "../api.ts"
import { useAsked } from "../live.ts"
import { Onward, Paused, ShortId, Shown, Table } from "../parts.tsx"
import { Ago } from "../time.tsx"
import { Verbs } from "../verbs/Verbs.tsx"

const perPage = 100

const nameOf = ({ key, name }: Lane): string => name === undefined ? key : `${name}:${key}`

const Ids = ({ ids, count = ids.length }: { readonly ids: ReadonlyArray<string>; readonly count?: number }) => (
  <span class="ids">
    {ids.slice(0, 3).map((id) => <ShortId key={id} id={id} />)}
    {count > 3 ? <span class="soft">and {count - 3} more</span> : null}
  </span>
)

export const Lanes = ({ query }: { readonly query: Readonly<Record<string, string>> }) => {
  const { after } = query
  const lanes = useAsked<Page<Lane>>(
    `lanes ${after ?? ""}`,
    (signal) => get("lanes", { after, limit: perPage }, signal)
  )
  return (
    <>
      <h1>Lanes</h1>
      <p class="lead">
        Actions of one lane wait for each other. These are occupied, or paused, in the order of their names and keys.
      </p>
      <Shown asked={lanes}>
        {({ items, next }) => (
          <>
            {items.length === 0
              ? <p class="empty">{after === undefined ? "No lane is occupied." : "There are no more of them."}</p>
              : (
                <Table
                  caption="Lanes"
                  rows={items}
                  keyOf={nameOf}
                  columns={[
                    { name: "Lane", of: (lane) => <b class="break">{nameOf(lane)}</b>, isWide: true },
                    {
                      name: "Perform",
                      of: ({ limit, performing }) => `${performing.length} of ${limit}`,
                      isNumber: true
                    },
                    { name: "Performing", of: ({ performing }) => <Ids ids={performing} /> },
                    { name: "Wait", of: ({ waiting }) => waiting, isNumber: true },
                    { name: "Waiting", of: ({ pending, waiting }) => <Ids ids={pending} count={waiting} /> },
                    { name: "Next", of: ({ dueAt }) => <Ago at={dueAt} /> },
                    { name: "State", of: ({ pause }) => <Paused pause={pause} /> },
                    {
                      name: "Do",
                      of: (lane) => (
                        <Verbs
                          of="lane"
                          target={{
                            given: { key: lane.key, ...lane.name === undefined ? {} : { name: lane.name } },
                            text: `lane ${nameOf(lane)}`,
                            state: lane.pause === undefined
                              ? `${lane.performing.length} perform, ${lane.waiting} wait`
                              : "It is paused."
                          }}
                          only={(verb) => verb.endsWith(lane.pause === undefined ? ".pause" : ".resume")}
                          then={lanes.refresh}
                        />
                      )
                    }
                  ]}
                />
              )}
            <Onward path="lanes" query={query} next={next} />
          </>
        )}
      </Shown>
    </>
  )
}
