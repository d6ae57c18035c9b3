/** Asks what a verb takes, and why, before it is done; then says what has come of it. */
import { useLayoutEffect, useRef, useState } from "preact/hooks"
import { type Answer, messageOf, post } from "../api.ts"
import { keepFocus } from "../focus.ts"
import { isSchema, type JsonSchema, propertiesOf, resolved } from "../forms/jsonSchema.ts"
import { Fields } from "../forms/SchemaForm.tsx"
import { Trouble } from "../parts.tsx"
import { toAction } from "../route.ts"
import { type Asking, asking } from "./table.ts"

interface ToAsk {
  readonly schema: JsonSchema
  readonly root: JsonSchema
  readonly fields: ReturnType<typeof propertiesOf>
  /** Whether it says first what it would do. */
  readonly hasPlan: boolean
}

/** What is asked beside what is known, and beside the reason, which every verb takes. */
const askedOf = ({ target, verb }: Asking): ToAsk => {
  const root = verb.takes as JsonSchema
  const schema = resolved(isSchema(root.schema) ? root.schema : root, root)
  const all = propertiesOf(schema)
  // of an actor all is forgotten: its limit is one of looking at what that would be
  const ofPlan = verb.verb === "ActionRepo.forget" ? ["dryRun", "limit"] : ["dryRun"]
  const fields = all.filter(([name]) => name !== "reason" && !ofPlan.includes(name) && !(name in target.given))
  return { schema, root, fields, hasPlan: all.some(([name]) => name === "dryRun") }
}

const Answered = ({ answer, close }: { readonly answer: Answer; readonly close: () => void }) => {
  const done = useRef<HTMLButtonElement>(null)
  useLayoutEffect(() => done.current?.focus(), [])
  const id = answer.more.id
  return (
    <>
      <p role="status" class={answer.outcome === "done" ? "done" : "not-done"}>{answer.text}</p>
      {typeof id === "string"
        ? (
          <p>
            <a href={toAction(id)} onClick={close}>{id}</a>
          </p>
        )
        : null}
      <div class="buttons">
        <button ref={done} type="button" class="primary" onClick={close}>Close</button>
      </div>
    </>
  )
}

/** Of what it is asked, and how it is with that now. */
const AskedOf = ({ close, target }: Pick<Asking, "target"> & { readonly close: () => void }) => (
  <dl class="facts">
    <div>
      <dt>Of</dt>
      <dd class="break">
        {typeof target.given.id === "string"
          ? (
            <>
              {target.text} <a class="id" href={toAction(target.given.id)} onClick={close}>{target.given.id}</a>
            </>
          )
          : target.text}
      </dd>
    </div>
    {target.state === "" ? null : (
      <div>
        <dt>Now</dt>
        <dd class="break">{target.state}</dd>
      </div>
    )}
  </dl>
)

/** It has the keyboard where a plan has come first. */
const Reason = (
  { isNext, onChange, value }: {
    readonly isNext: boolean
    readonly value: string
    readonly onChange: (value: string) => void
  }
) => {
  const area = useRef<HTMLTextAreaElement>(null)
  useLayoutEffect(() => {
    if (isNext) area.current?.focus()
  }, [])
  return (
    <label class="field">
      <span class="label">Reason</span>
      <textarea
        ref={area}
        name="reason"
        rows={2}
        required
        maxLength={1000}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
      <span class="hint">It is recorded with your name.</span>
    </label>
  )
}

const Asked = ({ close, of }: { readonly of: Asking; readonly close: () => void }) => {
  const { fields, hasPlan, root, schema } = askedOf(of)
  const [given, setGiven] = useState<Readonly<Record<string, unknown>>>(() => {
    const initial = of.target.initial ?? {}
    return Object.fromEntries(fields.flatMap(([name]) => name in initial ? [[name, initial[name]]] : []))
  })
  const [reason, setReason] = useState("")
  const [answer, setAnswer] = useState<Answer>()
  const [plan, setPlan] = useState<string>()
  const [error, setError] = useState<string>()
  const [isAsking, setAsking] = useState(false)
  const isPlanned = !hasPlan || plan !== undefined
  const submit = (event: Event) => {
    event.preventDefault()
    // it keeps the keyboard meanwhile, which a disabled one loses
    if (isAsking) return
    setAsking(true)
    setError(undefined)
    const input = { ...given, ...of.target.given }
    // who only looks has no reason to give, and nothing is recorded of that
    const asks = isPlanned ? { ...input, reason } : { ...input, dryRun: true, reason: "asked what it would do" }
    post<Answer>(`verbs/${of.verb.verb}`, asks).then((answer) => {
      if (answer.outcome === "planned") return setPlan(answer.text)
      setAnswer(answer)
      of.then()
    }, (failure: unknown) => setError(messageOf(failure))).finally(() => setAsking(false))
  }
  if (answer !== undefined) return <Answered answer={answer} close={close} />
  return (
    <form onSubmit={submit}>
      <p>{of.verb.description}.</p>
      <AskedOf target={of.target} close={close} />
      <Fields
        schema={schema}
        of={fields}
        root={root}
        given={given}
        onChange={(all) => {
          setGiven(all)
          setPlan(undefined)
        }}
      />
      {plan === undefined ? null : <p class="plan break" role="status">{plan}</p>}
      {isPlanned ? <Reason isNext={hasPlan} value={reason} onChange={setReason} /> : null}
      {error === undefined ? null : <Trouble>{error}</Trouble>}
      <div class="buttons">
        <button type="button" onClick={close}>Leave it</button>
        {isPlanned
          ? (
            <button type="submit" class="primary" disabled={reason.trim() === ""} aria-disabled={isAsking}>
              {of.label}
            </button>
          )
          : <button type="submit" aria-disabled={isAsking}>Look what it would do</button>}
      </div>
    </form>
  )
}

/** Of a verb that whoever looks may not ask for: who may. */
const Refused = ({ close, of: { target, verb } }: { readonly of: Asking; readonly close: () => void }) => (
  <>
    <p>{verb.description}.</p>
    <AskedOf target={target} close={close} />
    <p class="not-done">Only who has the role {verb.role} may ask for it.</p>
    <div class="buttons">
      <button type="button" onClick={close}>Leave it</button>
    </div>
  </>
)

export const ConfirmDialog = () => {
  const of = asking.value
  const dialog = useRef<HTMLDialogElement>(null)
  /** For what it is open: that it is closed by Escape is told a moment later, when something else may have been asked. */
  const shown = useRef<Asking | undefined>(undefined)
  const close = () => {
    asking.value = undefined
  }
  useLayoutEffect(() => {
    if (of === undefined) {
      // it gives the keyboard back to what has opened it, unless that has gone by what was done
      dialog.current?.close()
      keepFocus()
    } else if (dialog.current?.open === false) dialog.current.showModal()
    shown.current = of
  }, [of])
  return (
    <dialog ref={dialog} aria-labelledby="asked" onClose={() => shown.current === asking.value && close()}>
      {of === undefined ? null : (
        <>
          <h2 id="asked">{of.label}</h2>
          {of.verb.isAllowed
            ? <Asked key={`${of.verb.verb} ${of.target.text}`} of={of} close={close} />
            : <Refused of={of} close={close} />}
        </>
      )}
    </dialog>
  )
}
