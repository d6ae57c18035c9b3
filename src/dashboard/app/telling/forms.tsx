/** Forms made of what workers have said that they take: to have an action run, to send one a signal, to say how one ended outside. */
import type { ComponentChildren } from "preact"
import { useLayoutEffect, useRef, useState } from "preact/hooks"
import { type ActionDetail, type Definition, get, messageOf, type Page, post } from "../api.ts"
import { initialOf, type JsonSchema } from "../forms/jsonSchema.ts"
import { Field } from "../forms/SchemaForm.tsx"
import { useAsked } from "../live.ts"
import { ToAction, Trouble } from "../parts.tsx"

type Described = Definition["description"]["success"]

/** What is opaque takes any JSON. */
const schemaOf = ({ schema }: Described): JsonSchema => schema ?? {}

const firstOf = (described: Described): unknown => initialOf(schemaOf(described), schemaOf(described))

/** A value of what a worker has described. */
const Value = (
  { described, label, onChange, value }: {
    readonly label: string
    readonly described: Described
    readonly value: unknown
    readonly onChange: (value: unknown) => void
  }
) => (
  <Field
    label={label}
    schema={schemaOf(described)}
    root={schemaOf(described)}
    value={value}
    isRequired={true}
    onChange={onChange}
  />
)

const Text = (
  { hint, isRequired = false, label, onChange, value }: {
    readonly label: string
    readonly value: string
    readonly onChange: (value: string) => void
    readonly isRequired?: boolean
    readonly hint?: string
  }
) => (
  <label class="field">
    <span class="label">{label}{isRequired ? null : <span class="soft">(optional)</span>}</span>
    <input
      type="text"
      required={isRequired}
      value={value}
      onInput={({ currentTarget }) => onChange(currentTarget.value)}
    />
    {hint === undefined ? null : <span class="hint">{hint}</span>}
  </label>
)

/** A form that is closed until somebody wants it, and says what has come of it. */
const Telling = (
  { children, isOver = false, label, send, title }: {
    readonly title: string
    readonly label: string
    readonly send: () => Promise<ComponentChildren>
    readonly children: ComponentChildren
    /** Nothing can be sent any more. What has been is often why: what has come of it stays. */
    readonly isOver?: boolean
  }
) => {
  const [answer, setAnswer] = useState<ComponentChildren>()
  const [error, setError] = useState<string>()
  const [isSending, setSending] = useState(false)
  const said = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    if (answer !== undefined) said.current?.focus()
  }, [answer])
  const submit = (event: Event) => {
    event.preventDefault()
    if (isSending) return
    setSending(true)
    setError(undefined)
    setAnswer(undefined)
    send().then(setAnswer, (failure: unknown) => setError(messageOf(failure))).finally(() => setSending(false))
  }
  if (isOver && !isSending && answer === undefined && error === undefined) return null
  return (
    <details class="telling">
      <summary>{title}</summary>
      <form onSubmit={submit}>
        {isOver ? null : children}
        {error === undefined ? null : <Trouble>{error}</Trouble>}
        <div ref={said} tabIndex={-1} role="status">
          {answer === undefined ? null : <p class="done">{answer}</p>}
        </div>
        {isOver ? null : (
          <div class="buttons">
            <button type="submit" class="primary" aria-disabled={isSending}>{label}</button>
          </div>
        )}
      </form>
    </details>
  )
}

const whole = /^\s*(\d+)\s*(s|min|h|d)\s*$/
const units: Readonly<Record<string, number>> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

const delayOf = (text: string): number | undefined => {
  const [, number, unit = ""] = whole.exec(text) ?? []
  if (text.trim() === "") return undefined
  if (number === undefined) throw new Error("Delay takes a number and s, min, h or d: 5 min")
  return Number(number) * units[unit]!
}

const priorityOf = (text: string): number | undefined => {
  if (text.trim() === "") return undefined
  if (!/^\s*-?\d+\s*$/.test(text)) throw new Error("Priority takes a whole number from -100, which comes first, to 100")
  return Number(text)
}

const atOf = (text: string): string | undefined => {
  if (text.trim() === "") return undefined
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw new Error("At takes a time: 2026-05-01T12:00:00Z")
  return new Date(at).toISOString()
}

export const RunForm = ({ definition: { actorType, description, name } }: { readonly definition: Definition }) => {
  const [actorId, setActorId] = useState("")
  const [values, setValues] = useState<ReadonlyArray<unknown>>(() => description.arguments.map(firstOf))
  const [tags, setTags] = useState("")
  const [key, setKey] = useState("")
  const [delay, setDelay] = useState("")
  const [at, setAt] = useState("")
  const [priority, setPriority] = useState("")
  const [ownId, setOwnId] = useState("")
  const send = async () => {
    // what is left out is not sent
    const options = { delayMs: delayOf(delay), at: atOf(at), priority: priorityOf(priority) }
    const { id } = await post<{ readonly id: string }>("run", {
      actorType,
      actorId,
      name,
      arguments: values.map((value) => value === undefined ? null : value),
      ...tags.trim() === "" ? {} : { tags: tags.split(",").map((tag) => tag.trim()) },
      ...key === "" ? {} : { idempotencyKey: key },
      ...ownId.trim() === "" ? {} : { id: ownId.trim() },
      ...options
    })
    return (
      <>
        It is enqueued: <ToAction id={id} />
      </>
    )
  }
  return (
    <Telling title={`Run ${name}`} label="Run it" send={send}>
      <Text
        label={`Id of the ${actorType}`}
        value={actorId}
        onChange={setActorId}
        isRequired
        hint="As it is stored: text."
      />
      {description.arguments.map((described, i) => (
        <Value
          key={i}
          label={description.arguments.length === 1 ? "Argument" : `Argument ${i + 1}`}
          described={described}
          value={values[i]}
          onChange={(value) => setValues(values.map((other, at) => at === i ? value : other))}
        />
      ))}
      <Text label="Tags" value={tags} onChange={setTags} hint="With commas between them." />
      <Text label="Idempotency key" value={key} onChange={setKey} hint="Under it, the action is enqueued once." />
      <Text label="Delay" value={delay} onChange={setDelay} hint="5 min" />
      <Text label="At" value={at} onChange={setAt} hint="In place of a delay: 2026-05-01T12:00:00Z" />
      <Text
        label="Priority"
        value={priority}
        onChange={setPriority}
        hint="From -100, which comes first, to 100: 0, if nothing is given."
      />
      <Text
        label="Id"
        value={ownId}
        onChange={setOwnId}
        hint="A UUIDv7 of your own: under it, too, the action is enqueued once."
      />
    </Telling>
  )
}

const sent: Readonly<Record<string, string>> = {
  sent: "It is sent.",
  repeated: "It was sent before: nothing was changed.",
  none: "Nothing was sent: the action is over, or takes no such signal."
}

const SignalForm = (
  { id, isOver, signal: { name, payload }, then }: {
    readonly id: string
    readonly isOver: boolean
    readonly signal: Definition["description"]["signals"][number]
    readonly then: () => void
  }
) => {
  const [value, setValue] = useState<unknown>(() => firstOf(payload))
  const [key, setKey] = useState("")
  const [reason, setReason] = useState("")
  const send = async () => {
    const { outcome } = await post<{ readonly outcome: string }>(`actions/${id}/signal`, {
      name,
      payload: value === undefined ? null : value,
      ...key === "" ? {} : { key },
      reason
    })
    then()
    return sent[outcome] ?? outcome
  }
  return (
    <Telling title={`Send the signal ${name}`} label="Send it" send={send} isOver={isOver}>
      <Value label="Payload" described={payload} value={value} onChange={setValue} />
      <Text label="Key" value={key} onChange={setKey} hint="Of two with one key the second changes nothing." />
      <Text label="Why" value={reason} onChange={setReason} isRequired hint="Recorded with your name." />
    </Telling>
  )
}

const outcomes = ["succeeded", "failed", "cancelled", "timed_out"] as const

const CompleteForm = (
  { description, id, isOver, then }: {
    readonly id: string
    readonly isOver: boolean
    readonly description: Definition["description"]
    readonly then: () => void
  }
) => {
  const [outcome, setOutcome] = useState<typeof outcomes[number]>("succeeded")
  const [success, setSuccess] = useState<unknown>(() => firstOf(description.success))
  const [error, setError] = useState<unknown>(() => firstOf(description.error))
  const [key, setKey] = useState("")
  const [reason, setReason] = useState("")
  const send = async () => {
    const { outcome: said } = await post<{ readonly outcome: string }>(`actions/${id}/complete`, {
      outcome,
      ...outcome === "succeeded" ? { value: success === undefined ? null : success } : {},
      ...outcome === "failed" && error !== undefined ? { value: error } : {},
      ...key === "" ? {} : { key },
      reason
    })
    then()
    return said === "done" ? "It is completed." : "Nothing was changed: it does not wait to be completed from outside."
  }
  return (
    <Telling title="Complete it from outside" label="Complete it" send={send} isOver={isOver}>
      <label class="field">
        <span class="label">Outcome</span>
        <select
          value={outcome}
          onChange={({ currentTarget: { value } }) => setOutcome(outcomes.find((one) => one === value) ?? "succeeded")}
        >
          {outcomes.map((one) => <option key={one} value={one}>{one.replace("_", " ")}</option>)}
        </select>
      </label>
      {outcome === "succeeded"
        ? <Value key="success" label="Result" described={description.success} value={success} onChange={setSuccess} />
        : null}
      {outcome === "failed"
        ? <Value key="error" label="Error" described={description.error} value={error} onChange={setError} />
        : null}
      <Text label="Key" value={key} onChange={setKey} hint="Completed again with it, it is the same." />
      <Text label="Why" value={reason} onChange={setReason} isRequired hint="Recorded with your name." />
    </Telling>
  )
}

/** What a live action can be told. */
export const TellForms = ({ action, then }: { readonly action: ActionDetail; readonly then: () => void }) => {
  const { actorType, id, name } = action
  const { data } = useAsked<Page<Definition>>(
    `definition of ${id}`,
    (signal) => get("definitions", { actorType, name, newest: true }, signal),
    // a worker says some seconds after its start what it has
    5000
  )
  const description = data?.items[0]?.description
  const isOver = action.endedAt !== undefined
  return description === undefined ? null : (
    <div class="tellings">
      {description.signals.map((signal) => (
        <SignalForm key={signal.name} id={id} signal={signal} then={then} isOver={isOver} />
      ))}
      <CompleteForm
        id={id}
        description={description}
        then={then}
        isOver={isOver || !action.outbound && !description.options.includes("outbound")}
      />
    </div>
  )
}
