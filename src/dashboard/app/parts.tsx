/** What all pages are made of. */
import type { ComponentChildren } from "preact"
import { useState } from "preact/hooks"
import type { Action, Failure, Pause, Payload } from "./api.ts"
import type { Asked } from "./live.ts"
import { type Query, to, toAction } from "./route.ts"
import { isLive, times } from "./settings.ts"
import { Ago, written } from "./time.tsx"

/** A sign beside the word: what a colour says is never said by that alone. */
const signs: Readonly<Record<string, string>> = {
  queued: "○",
  pending: "◌",
  waits: "◌",
  performing: "●",
  held: "‖",
  succeeded: "✓",
  failed: "✕",
  timed_out: "✕",
  deadlocked: "✕",
  cancelled: "–",
  superseded: "↷",
  skipped: "»"
}

export const signOf = (status: string): string => signs[status] ?? "·"

const tones: Readonly<Record<string, string>> = {
  performing: "live",
  held: "warn",
  succeeded: "good",
  failed: "bad",
  timed_out: "bad",
  deadlocked: "bad"
}

export const toneOf = (status: string): string => tones[status] ?? "calm"

export const Status = ({ status, unwinding = false }: { readonly status: string; readonly unwinding?: boolean }) => (
  <span class={`status ${unwinding ? "warn" : toneOf(status)}`}>
    <span class="sign" aria-hidden="true">{signOf(status)}</span>
    {status.replaceAll("_", " ")}
    {unwinding ? ", unwinding" : ""}
  </span>
)

export const nameOf = ({ actorId, actorType, name }: Pick<Action, "actorId" | "actorType" | "name">): string =>
  `${name} ${actorType}/${actorId}`

/** What is done, and by whom. */
export const Name = ({ action }: { readonly action: Pick<Action, "actorId" | "actorType" | "name"> }) => (
  <span class="name">
    <b>{action.name}</b> <span class="actor">{action.actorType}/{action.actorId}</span>
  </span>
)

/** An id in few characters: all of it is in its title. */
export const ShortId = ({ id }: { readonly id: string }) => (
  <a class="id" href={toAction(id)} title={id}>
    {id.slice(0, 8)}…{id.slice(-6)}
  </a>
)

export const ToAction = ({ id, children }: { readonly id: string; readonly children?: ComponentChildren }) => (
  <a class={children === undefined ? "id" : undefined} href={toAction(id)}>{children ?? id}</a>
)

export const Section = (
  { aside, children, id, title }: {
    readonly id: string
    readonly title: string
    readonly aside?: ComponentChildren
    readonly children: ComponentChildren
  }
) => (
  <section aria-labelledby={id}>
    <div class="head">
      <h2 id={id}>{title}</h2>
      {aside}
    </div>
    {children}
  </section>
)

/** Something that did not work, and what was tried. */
export const Trouble = ({ children }: { readonly children: ComponentChildren }) => (
  <p class="trouble" role="alert">{children}</p>
)

export const Empty = ({ children }: { readonly children: ComponentChildren }) => <p class="empty">{children}</p>

/** What was asked for, or what stands in its place: what is late has the room that it will need. */
export function Shown<A>(
  { asked, children, empty, rows = 3 }: {
    readonly asked: Asked<A>
    readonly children: (data: A) => ComponentChildren
    readonly empty?: ComponentChildren
    readonly rows?: number
  }
) {
  const { at, data, error } = asked
  if (data === undefined) {
    return error === undefined
      ? (
        <div class={`waiting rows-${rows}`} role="status">
          <span class="unseen">Loading</span>
        </div>
      )
      : <Trouble>{error}</Trouble>
  }
  return (
    <>
      {error === undefined
        ? null
        : <Trouble>{error} What is shown is of {at === undefined ? "before" : written(at, true)}.</Trouble>}
      {Array.isArray(data) && data.length === 0 && empty !== undefined ? <Empty>{empty}</Empty> : children(data)}
    </>
  )
}

export const Copy = ({ label, text }: { readonly label: string; readonly text: string }) => {
  const [said, say] = useState("")
  const copy = () => navigator.clipboard.writeText(text).then(() => say("copied"), () => say("not allowed here"))
  return (
    <button type="button" class="small" onClick={() => void copy()}>
      {label}
      <span role="status">{said === "" ? "" : `: ${said}`}</span>
    </button>
  )
}

const hidden: Readonly<Record<string, string>> = {
  notAllowed: "hidden: you may not read what programs store",
  unknown: "hidden: no worker has said what this is, so nobody knows what of it is secret",
  secret: "hidden: it is secret",
  large: "left out: it is large"
}

/** What a program has stored. */
export const Stored = ({ label, payload }: { readonly label: string; readonly payload: Payload | undefined }) => {
  if (payload === undefined) return null
  if (payload._tag === "Hidden") {
    return (
      <div class="stored">
        <span class="label">{label}</span> <span class="soft">{hidden[payload.because]}</span>
      </div>
    )
  }
  const text = JSON.stringify(payload.value, null, 2) ?? "null"
  return (
    <details class="stored">
      <summary>
        {label}{" "}
        <span class="soft">
          {text.length > 2000 ? `${Math.ceil(text.length / 1024)} kB` : ""}
          {payload.isRedacted ? " parts are secret" : ""}
        </span>
      </summary>
      <pre tabIndex={0}>{text}</pre>
      <Copy label="Copy" text={text} />
    </details>
  )
}

/** Why something has failed: where, and with what. */
export const WhyFailed = ({ failure }: { readonly failure: Failure }) => (
  <div class="failure">
    <p class="path">{failure.path}</p>
    <p class="message">{failure.message}</p>
    {failure.reason === undefined ? null : <p>{failure.reason}</p>}
    {(failure.notUndone ?? []).map((one, i) => (
      <p key={i}>
        <b class="bad-text">Not undone</b> {one.step}: {one.message}
      </p>
    ))}
    {(failure.uncertain ?? []).map((step) => (
      <p key={step}>
        <b class="warn-text">Uncertain</b> {step}
      </p>
    ))}
    {(failure.kept ?? []).map((one, i) => (
      <p key={i}>
        <b>Kept</b> {one.action}, of {one.step}
      </p>
    ))}
    {(failure.cycle ?? []).map((one, i) => (
      <p key={i}>{one.action} {one.actor}{one.lane === undefined ? "" : `, in lane ${one.lane}`}</p>
    ))}
    <Stored label="Error" payload={failure.error} />
    <Stored label="Details" payload={failure.details} />
    {failure.pretty === undefined ? null : (
      <details class="stored">
        <summary>As it was thrown</summary>
        <pre tabIndex={0}>{failure.pretty}</pre>
      </details>
    )}
  </div>
)

export const Paused = ({ pause }: { readonly pause: Pause | undefined }) =>
  pause === undefined ? null : (
    <span class="status warn">
      <span class="sign" aria-hidden="true">‖</span>
      paused <Ago at={pause.since} /> by {pause.by}: {pause.reason}
    </span>
  )

export interface Fact {
  readonly name: string
  readonly value: ComponentChildren
}

/** Names with their values; what has none is left out. */
export const Facts = ({ facts }: { readonly facts: ReadonlyArray<Fact> }) => (
  <dl class="facts">
    {facts.filter(({ value }) => value !== undefined && value !== null && value !== "").map(({ name, value }) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)

export interface Column<A> {
  readonly name: string
  readonly of: (row: A) => ComponentChildren
  readonly isNumber?: boolean
  /** It is the last to give room away. */
  readonly isWide?: boolean
}

/** So many rows a table begins with, and as many more are shown at a time: a browser has only what somebody wants to see. */
const rowsAtOnce = 200

/** A table: on a narrow screen each row is a card. */
export function Table<A>(
  { caption, columns, keyOf, rows }: {
    readonly caption: string
    readonly columns: ReadonlyArray<Column<A>>
    readonly rows: ReadonlyArray<A>
    readonly keyOf: (row: A) => string
  }
) {
  const [most, setMost] = useState(rowsAtOnce)
  return (
    <>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ isNumber, name }) => (
              <th key={name} scope="col" class={isNumber ? "number" : undefined}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, most).map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ isNumber, isWide, name, of }) => (
                <td key={name} data-name={name} class={isNumber ? "number" : isWide ? "wide" : undefined}>{of(row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length <= most ? null : (
        <p class="pages">
          <span class="soft">The first {most} of {rows.length}.</span>{" "}
          <button type="button" onClick={() => setMost(most + rowsAtOnce)}>Show more</button>
        </p>
      )}
    </>
  )
}

/** Where a list goes on that comes page by page, and where it has begun. */
export const Onward = (
  { next, path, query }: {
    readonly path: string
    /** What was asked for, with the page that is shown. */
    readonly query: Query
    /** The page behind it. */
    readonly next: string | number | undefined
  }
) => (
  <p class="pages">
    {query.after === undefined
      ? null
      : <a href={to([path], { ...query, after: undefined })}>The first of them</a>}{" "}
    {next === undefined ? null : <a href={to([path], { ...query, after: String(next) })}>More of them</a>}
  </p>
)

/** Whether times are said exactly. */
export const ExactSwitch = () => (
  <button
    type="button"
    class="switch"
    aria-pressed={times.value === "exact"}
    onClick={() => {
      times.value = times.value === "exact" ? "ago" : "exact"
    }}
  >
    Exact times
  </button>
)

/** Whether what is shown follows what happens. */
export const LiveSwitch = () => (
  <button
    type="button"
    class="switch"
    aria-pressed={isLive.value}
    onClick={() => {
      isLive.value = !isLive.value
    }}
  >
    <span class={isLive.value ? "dot on" : "dot"} aria-hidden="true"></span>
    Live
  </button>
)
