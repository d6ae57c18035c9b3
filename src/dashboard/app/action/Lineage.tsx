/** Where an action comes from, and what has come of it. */
import { type Action, type ActionDetail, get, type Page } from "../api.ts"
import { useAsked } from "../live.ts"
import { Facts, Name, Status, ToAction } from "../parts.tsx"
import { to } from "../route.ts"

const List = ({ actions }: { readonly actions: ReadonlyArray<Action> | undefined }) =>
  actions === undefined || actions.length === 0 ? null : (
    <ul class="plain">
      {actions.map((action) => (
        <li key={action.id}>
          <Status status={action.status} />{" "}
          <ToAction id={action.id}>
            <Name action={action} />
          </ToAction>
        </li>
      ))}
    </ul>
  )

export const Lineage = ({ action }: { readonly action: ActionDetail }) => {
  const { id } = action
  const after = useAsked<ReadonlyArray<Action>>(
    `retries of ${id}`,
    async (signal) => (await get<Page<Action>>("actions", { retryOf: id, limit: 20 }, signal)).items,
    15_000
  )
  const started = useAsked<ReadonlyArray<Action>>(
    `started by ${id}`,
    async (signal) => (await get<Page<Action>>("actions", { startedBy: id, limit: 20 }, signal)).items,
    15_000
  )
  const link = (of: string | undefined) => of === undefined ? undefined : <ToAction id={of} />
  return (
    <Facts
      facts={[
        { name: "Asked for by", value: action.parent === undefined ? "nobody above it: a root" : link(action.parent) },
        { name: "Started by", value: link(action.startedBy) },
        { name: "Goes on for", value: link(action.retryOf) },
        { name: "Superseded by", value: link(action.supersededBy) },
        { name: "Went on as", value: after.data?.length ? <List actions={after.data} /> : undefined },
        { name: "Has started", value: started.data?.length ? <List actions={started.data} /> : undefined },
        {
          name: "Others like it",
          value: (
            <a href={to(["actions"], { actor: `${action.actorType}/${action.actorId}`, name: action.name })}>
              {action.name} of {action.actorType}/{action.actorId}
            </a>
          )
        }
      ]}
    />
  )
}
