/** Asks what a verb takes, and why, before it is done; then says what has come of it. */
import { useEffect, useRef, useState } from "preact/hooks"
import { type Answer, messageOf, post } from "../api.ts"
import { isSchema, type JsonSchema, propertiesOf, requiredOf, resolved } from "../forms/jsonSchema.ts"
import { Field } from "../forms/SchemaForm.tsx"
import { ToAction, Trouble } from "../parts.tsx"
import { type Asking, asking } from "./table.ts"

/** What is asked beside what is known, and beside the reason, which every verb takes. */
const askedOf = ({ target, verb }: Asking): { readonly schema: JsonSchema; readonly root: JsonSchema } => {
  const root = verb.takes as JsonSchema
  const schema = resolved(isSchema(root.schema) ? root.schema : root, root)
  const properties = propertiesOf(schema).filter(([name]) => name !== "reason" && !(name in target.given))
  return { schema: { ...schema, properties: Object.fromEntries(properties) }, root }
}

const Asked = ({ close, of }: { readonly of: Asking; readonly close: () => void }) => {
  const { root, schema } = askedOf(of)
  const required = requiredOf(schema)
  const [given, setGiven] = useState<Readonly<Record<string, unknown>>>({})
  const [reason, setReason] = useState("")
  const [answer, setAnswer] = useState<Answer>()
  const [error, setError] = useState<string>()
  const [isAsking, setAsking] = useState(false)
  const done = useRef<HTMLButtonElement>(null)
  useEffect(() => done.current?.focus(), [answer])
  const submit = (event: Event) => {
    event.preventDefault()
    setAsking(true)
    setError(undefined)
    post<Answer>(`verbs/${of.verb.verb}`, { ...given, ...of.target.given, reason }).then((answer) => {
      setAnswer(answer)
      of.then()
    }, (failure: unknown) => setError(messageOf(failure))).finally(() => setAsking(false))
  }
  if (answer !== undefined) {
    const id = answer.more.id
    return (
      <>
        <p role="status" class={answer.outcome === "done" ? "done" : "not-done"}>{answer.text}</p>
        {typeof id === "string"
          ? (
            <p>
              <a href={`#/actions/${id}`} onClick={close}>{id}</a>
            </p>
          )
          : null}
        <div class="buttons">
          <button ref={done} type="button" class="primary" onClick={close}>Close</button>
        </div>
      </>
    )
  }
  return (
    <form onSubmit={submit}>
      <p>{of.verb.description}.</p>
      <dl class="facts">
        <div>
          <dt>Of</dt>
          <dd class="break">
            {typeof of.target.given.id === "string"
              ? (
                <>
                  {of.target.text} <ToAction id={of.target.given.id} />
                </>
              )
              : of.target.text}
          </dd>
        </div>
        {of.target.state === "" ? null : (
          <div>
            <dt>Now</dt>
            <dd class="break">{of.target.state}</dd>
          </div>
        )}
      </dl>
      {propertiesOf(schema).map(([name, below]) => (
        <Field
          key={name}
          label={name}
          schema={below}
          root={root}
          value={given[name]}
          isRequired={required.includes(name)}
          onChange={(value) => {
            const { [name]: _, ...rest } = given
            setGiven(value === undefined ? rest : { ...rest, [name]: value })
          }}
        />
      ))}
      <label class="field">
        <span class="label">Reason</span>
        <textarea
          name="reason"
          rows={2}
          required
          maxLength={1000}
          value={reason}
          onInput={({ currentTarget }) => setReason(currentTarget.value)}
        />
        <span class="hint">It is recorded with your name.</span>
      </label>
      {error === undefined ? null : <Trouble>{error}</Trouble>}
      <div class="buttons">
        <button type="button" onClick={close}>Leave it</button>
        <button type="submit" class="primary" disabled={isAsking || reason.trim() === ""}>{of.label}</button>
      </div>
    </form>
  )
}

export const ConfirmDialog = () => {
  const of = asking.value
  const dialog = useRef<HTMLDialogElement>(null)
  const close = () => {
    asking.value = undefined
  }
  useEffect(() => {
    if (of === undefined) dialog.current?.close()
    else if (dialog.current?.open === false) dialog.current.showModal()
  }, [of])
  return (
    <dialog ref={dialog} aria-labelledby="asked" onClose={close}>
      {of === undefined ? null : (
        <>
          <h2 id="asked">{of.label}</h2>
          <Asked key={`${of.verb.verb} ${of.target.text}`} of={of} close={close} />
        </>
      )}
    </dialog>
  )
}
