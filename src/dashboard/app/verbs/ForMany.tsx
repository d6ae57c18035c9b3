/** A verb for all actions that are listed: a plan first, that says how many and which; then, with a reason, an action of the engine's own does it. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { type Action, type Count, messageOf, post } from "../api.ts"
import { type JsonSchema, propertiesOf, resolved } from "../forms/jsonSchema.ts"
import { Fields } from "../forms/SchemaForm.tsx"
import { Name, Status, ToAction, Trouble } from "../parts.tsx"
import { labelOf, loadTable, table } from "./table.ts"

interface Plan extends Count {
  readonly plan: unknown
  readonly samples: ReadonlyArray<Action>
}

type Filter = Readonly<Record<string, unknown>>

/** As the API takes it in a body: there it is JSON, and no text. */
const inBody = ({ status, ...rest }: Filter): Filter => ({
  ...Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, whether.includes(key) ? value === "true" : value])
  ),
  ...status === undefined ? {} : { statuses: status }
})

const whether = ["roots", "callbacksFailed", "held", "toResume", "notUndone"]

export const ForMany = ({ filter, id }: { readonly filter: Filter; readonly id: string }) => {
  useEffect(loadTable, [])
  const [name, setName] = useState("")
  const verbs = (table.value ?? []).filter(({ isAllowed, many }) => many && isAllowed)
  const verb = verbs.find((one) => one.verb === name)
  if (verbs.length === 0) return null
  return (
    <details class="many">
      <summary>Do something with all of these</summary>
      <label class="field">
        <span class="label">What</span>
        <select value={name} onChange={({ currentTarget: { value } }) => setName(value)}>
          <option value="">Choose</option>
          {verbs.map((one) => <option key={one.verb} value={one.verb}>{labelOf(one)}: {one.description}</option>)}
        </select>
      </label>
      {verb === undefined
        ? null
        : (
          <Planned
            key={`${verb.verb} ${id}`}
            filter={inBody(filter)}
            label={labelOf(verb)}
            verb={verb.verb}
            takes={verb.takes as JsonSchema}
          />
        )}
    </details>
  )
}

const Planned = (
  { filter, label, takes, verb }: {
    readonly filter: Filter
    readonly label: string
    readonly verb: string
    readonly takes: JsonSchema
  }
) => {
  const schema = resolved(takes, takes)
  const asked = propertiesOf(schema).filter(([name]) => name !== "id" && name !== "reason")
  const [given, setGiven] = useState<Readonly<Record<string, unknown>>>({})
  const [plan, setPlan] = useState<Plan>()
  const [reason, setReason] = useState("")
  const [started, setStarted] = useState<string>()
  const [error, setError] = useState<string>()
  const why = useRef<HTMLTextAreaElement>(null)
  const said = useRef<HTMLParagraphElement>(null)
  // what has come of it has the keyboard: what is to be filled in behind a plan, and in the end the answer
  useLayoutEffect(() => why.current?.focus(), [plan])
  useLayoutEffect(() => said.current?.focus(), [started])
  const asks = { filter, verb: { verb, ...given } }
  const failed = (failure: unknown) => setError(messageOf(failure))
  const look = (event: Event) => {
    event.preventDefault()
    setError(undefined)
    post<Plan>("many/plan", asks).then(setPlan, failed)
  }
  const start = (event: Event) => {
    event.preventDefault()
    setError(undefined)
    post<{ readonly id: string }>("many/start", { ...asks, plan: plan!.plan, reason }).then(
      ({ id }) => setStarted(id),
      failed
    )
  }
  if (started !== undefined) {
    return (
      <p ref={said} tabIndex={-1} role="status" class="done">
        It is done by an action of its own: <ToAction id={started} />
      </p>
    )
  }
  return (
    <form onSubmit={plan === undefined ? look : start}>
      <Fields
        schema={schema}
        of={asked}
        root={takes}
        given={given}
        onChange={(all) => {
          setGiven(all)
          setPlan(undefined)
        }}
      />
      {plan === undefined ? null : (
        <div class="plan" role="status">
          <p>
            <b>{plan.hasMore ? "More than 10,000" : plan.count}</b> {plan.count === 1 ? "action is" : "actions are"}
            {" "}
            meant.
          </p>
          <ul class="plain">
            {plan.groups.slice(0, 10).map(({ actorType, count, name, status }) => (
              <li key={`${actorType}/${name} ${status}`}>
                {count}× {actorType}/{name} <Status status={status} />
              </li>
            ))}
          </ul>
          {plan.samples.length === 0 ? null : (
            <>
              <p class="soft">Such as:</p>
              <ul class="plain">
                {plan.samples.map((one) => (
                  <li key={one.id}>
                    <ToAction id={one.id}>
                      <Name action={one} />
                    </ToAction>
                  </li>
                ))}
              </ul>
            </>
          )}
          <label class="field">
            <span class="label">Reason</span>
            <textarea
              ref={why}
              rows={2}
              required
              maxLength={1000}
              value={reason}
              onInput={({ currentTarget }) => setReason(currentTarget.value)}
            />
          </label>
        </div>
      )}
      {error === undefined ? null : <Trouble>{error}</Trouble>}
      <div class="buttons">
        {plan === undefined
          ? <button type="submit">Look how many that are</button>
          : (
            <button type="submit" class="primary" disabled={plan.count === 0 || reason.trim() === ""}>
              {label} {plan.hasMore ? "all of them" : plan.count}
            </button>
          )}
      </div>
    </form>
  )
}
