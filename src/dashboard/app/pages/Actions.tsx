/** All actions: looked for by id, name, actor, tag, status and time, the newest first. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks"
import { type Action, type ActionPage, type Count, get, messageOf, pageMost } from "../api.ts"
import { onLive, useAsked } from "../live.ts"
import { Name, Status, Trouble } from "../parts.tsx"
import { ask, go, toAction } from "../route.ts"
import { isLive } from "../settings.ts"
import { Ago, Lasting, When } from "../time.tsx"
import { ForMany } from "../verbs/ForMany.tsx"
import { Windowed } from "../Windowed.tsx"

const statuses = [
  "queued",
  "pending",
  "performing",
  "succeeded",
  "failed",
  "timed_out",
  "cancelled",
  "superseded",
  "deadlocked"
]

const isId = (text: string): boolean => /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)

type Query = Readonly<Record<string, string>>

/** As the API takes it. */
export const filterOf = ({ actor, since, before, status, ...rest }: Query) => {
  const slash = actor?.indexOf("/") ?? -1
  const times = { since: timeOf(since), before: timeOf(before) }
  const given: Record<string, string | ReadonlyArray<string> | undefined> = {
    ...rest,
    ...times,
    ...status === undefined ? {} : { status: status.split(",") },
    ...actor === undefined
      ? {}
      : slash < 0
      ? { actorType: actor }
      : { actorType: actor.slice(0, slash), actorId: actor.slice(slash + 1) }
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== ""))
}

const units: Readonly<Record<string, number>> = { s: 1000, min: 60_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `2 h` ago, or a time. */
const timeOf = (text: string | undefined): string | undefined => {
  if (text === undefined || text.trim() === "") return undefined
  const [, number, unit = ""] = /^\s*(\d+)\s*(s|min|m|h|d)\s*$/.exec(text) ?? []
  const at = number === undefined ? Date.parse(text) : Date.now() - Number(number) * units[unit]!
  return Number.isNaN(at) ? undefined : new Date(at).toISOString()
}

/** What is asked for with yes or no. */
const flags = [
  ["roots", "only roots"],
  ["held", "held"],
  ["toResume", "to resume"],
  ["notUndone", "not undone"],
  ["callbacksFailed", "callbacks failed"]
] as const

const fields = new Set<string>([
  "name",
  "actor",
  "tag",
  "since",
  "before",
  "status",
  ...flags.map(([key]) => key)
])

const Filters = ({ query }: { readonly query: Query }) => {
  /** What is being written, until it is looked for. */
  const [text, setText] = useState<string>()
  const chosen = query.status?.split(",") ?? []
  const field = (key: string, label: string, hint: string) => (
    <label key={key}>
      {label}
      <input
        type="search"
        name={key}
        placeholder={hint}
        value={query[key] ?? ""}
        onChange={({ currentTarget: { value } }) => ask({ [key]: value.trim() })}
      />
    </label>
  )
  return (
    <form
      class="filters"
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        const given = (text ?? query.name ?? "").trim()
        if (isId(given)) go(["actions", given.toLowerCase()])
        else ask({ name: given })
      }}
    >
      <label class="first">
        Id, or name
        <input
          type="search"
          name="search"
          placeholder="an id leads to the action"
          value={text ?? query.name ?? ""}
          onInput={({ currentTarget: { value } }) => setText(value)}
          onChange={({ currentTarget: { value } }) => {
            if (isId(value.trim())) return
            ask({ name: value.trim() })
            setText(undefined)
          }}
        />
      </label>
      {field("actor", "Actor", "Car/1, or Car")}
      {field("tag", "Tag", "")}
      {field("since", "Since", "2 h, or a time")}
      {field("before", "Before", "")}
      <button type="submit">Find</button>
      <fieldset class="chips">
        <legend>Status</legend>
        {statuses.map((status) => (
          <label key={status} class="chip">
            <input
              type="checkbox"
              checked={chosen.includes(status)}
              onChange={({ currentTarget: { checked } }) =>
                ask({ status: statuses.filter((one) => one === status ? checked : chosen.includes(one)).join(",") })}
            />
            <Status status={status} />
          </label>
        ))}
        {flags.map(([key, label]) => (
          <label key={key} class="chip">
            <input
              type="checkbox"
              checked={query[key] === "true"}
              onChange={({ currentTarget: { checked } }) => ask({ [key]: checked ? "true" : "" })}
            />
            {label}
          </label>
        ))}
      </fieldset>
      <Others query={query} />
    </form>
  )
}

/** What a link has asked for that has no field here: nothing filters unseen. */
const Others = ({ query }: { readonly query: Query }) => {
  const others = Object.keys(query).filter((key) => !fields.has(key) && query[key] !== "")
  return others.length === 0 ? null : (
    <p class="others">
      {others.map((key) => (
        <button key={key} type="button" class="small" onClick={() => ask({ [key]: "" })}>
          {key} {query[key]} <span aria-hidden="true">×</span>
          <span class="unseen">: remove</span>
        </button>
      ))}
    </p>
  )
}

interface Rows {
  /** Which filter they are of: what was shown before is nothing of another one. */
  readonly of: string
  readonly items: ReadonlyArray<Action>
  readonly next: string | undefined
  /** What was enqueued before this was not looked at so far. */
  readonly lookedUntil: string | undefined
  /** Somebody has gone on from the first page. */
  readonly isBeyond: boolean
}

const rowsOf = (
  of: string,
  { items, lookedUntil, next }: ActionPage,
  before: ReadonlyArray<Action> = [],
  isBeyond = false
): Rows => ({ of, items: [...before, ...items], next, lookedUntil, isBeyond })

/** Whether somebody is in the midst of the list: it keeps its order then. */
const isReading = (): boolean =>
  scrollY > 120 || document.activeElement?.closest(".windowed") !== null && document.activeElement !== null

/** What is there stays where it is, as it is now; what is new waits until it is asked for. */
const merged = (before: ReadonlyArray<Action>, fresh: ReadonlyArray<Action>): ReadonlyArray<Action> => {
  const known = new Map(fresh.map((action) => [action.id, action]))
  return before.map((action) => known.get(action.id) ?? action)
}

const useRows = (query: Query) => {
  const key = JSON.stringify(query)
  // how long ago is meant from when it was asked: with each moment it would be another time, and another list
  const filter = useMemo(() => filterOf(query), [key])
  const [shown, setRows] = useState<Rows>()
  const rows = shown?.of === key ? shown : undefined
  const [waiting, setWaiting] = useState<Rows>()
  const [error, setError] = useState<string>()
  const isMore = useRef(false)
  const current = useRef<Rows | undefined>(undefined)
  current.current = rows
  useEffect(() => {
    const ending = new AbortController()
    setRows(undefined)
    setWaiting(undefined)
    setError(undefined)
    isMore.current = false
    let isFirst = true
    const look = async () => {
      if (!isFirst && (document.hidden || !isLive.peek())) return
      try {
        const page: ActionPage = await get("actions", { ...filter, limit: 100 }, ending.signal)
        if (ending.signal.aborted) return
        setError(undefined)
        const fresh = rowsOf(key, page)
        const shown = current.current
        if (isFirst || shown === undefined) setRows(fresh)
        else {
          const known = new Set(shown.items.map(({ id }) => id))
          const isNew = fresh.items.some(({ id }) => !known.has(id))
          const isLonger = shown.isBeyond || shown.items.length > fresh.items.length
          if (isNew && (isReading() || isLonger)) setWaiting(fresh)
          else if (isNew || !isLonger) return setRows(fresh)
          setRows({ ...shown, items: merged(shown.items, fresh.items) })
        }
        isFirst = false
      } catch (failure) {
        if (!ending.signal.aborted) setError(messageOf(failure))
      }
    }
    void look()
    const every = setInterval(() => void look(), 2000)
    const stop = onLive(() => void look())
    return () => {
      ending.abort()
      clearInterval(every)
      stop()
    }
  }, [key])
  const more = async () => {
    if (rows?.next === undefined || isMore.current) return
    isMore.current = true
    try {
      const page: ActionPage = await get("actions", { ...filter, after: rows.next, limit: pageMost / 2 })
      setRows((now) => now === undefined || now.next !== rows.next ? now : rowsOf(key, page, now.items, true))
    } catch (failure) {
      setError(messageOf(failure))
    } finally {
      isMore.current = false
    }
  }
  const isWanted = useRef(false)
  const show = () => {
    isWanted.current = true
    setRows(waiting)
    setWaiting(undefined)
    scrollTo(0, 0)
  }
  // the button is gone: what it has shown has the keyboard
  useEffect(() => {
    if (!isWanted.current) return
    isWanted.current = false
    document.querySelector<HTMLElement>(".windowed .row")?.focus({ preventScroll: true })
  }, [rows])
  const known = new Set(rows?.items.map(({ id }) => id))
  return { rows, error, more, show, fresh: waiting?.items.filter(({ id }) => !known.has(id)).length ?? 0, filter, key }
}

const Row = ({ action }: { readonly action: Action }) => (
  <a class="row" href={toAction(action.id)} data-id={action.id}>
    <Status status={action.status} unwinding={action.unwinding} />
    <Name action={action} />
    <span class="note">
      {action.cause?.message ?? action.lastFailure?.message ??
        action.pause?.reason ?? action.tags.join(", ")}
    </span>
    <span class="took">
      <Lasting from={action.startedAt} until={action.endedAt} />
    </span>
    <span class="at">
      <Ago at={action.enqueuedAt} />
    </span>
  </a>
)

/** How far it was looked, as what is asked for is rare, and what goes on from there. */
const LookedUntil = ({ at, more }: { readonly at: string; readonly more: () => void }) => (
  <p class="soft">
    <span role="status">
      Looked at what was enqueued since <When at={at} />.
    </span>{" "}
    <button type="button" class="small" onClick={more}>Look further back</button>
  </p>
)

const Counted = ({ filter, id }: { readonly filter: Readonly<Record<string, unknown>>; readonly id: string }) => {
  const { data } = useAsked<Count>(
    `count ${id}`,
    (signal) => get("actions/count", filter as Record<string, string>, signal),
    15_000
  )
  return (
    <span class="count">{data === undefined ? " " : data.hasMore ? "10,000+" : data.count.toLocaleString("en")}</span>
  )
}

export const Actions = ({ query }: { readonly query: Query }) => {
  const { error, filter, fresh, key, more, rows, show } = useRows(query)
  return (
    <>
      <div class="head">
        <h1>Actions</h1>
        {rows === undefined
          ? <span class="count">{" "}</span>
          : rows.lookedUntil === undefined
          ? <Counted filter={filter} id={key} />
          : <span class="count">{rows.items.length}+</span>}
      </div>
      <Filters query={query} />
      <ForMany filter={filter} id={key} />
      {error === undefined ? null : <Trouble>{error}</Trouble>}
      <div class="fresh" role="status">
        {fresh === 0 ? null : <button type="button" class="small" onClick={show}>{fresh} new: show</button>}
      </div>
      {rows === undefined
        ? error === undefined
          ? (
            <div class="waiting rows-9" role="status">
              <span class="unseen">Loading</span>
            </div>
          )
          : null
        : rows.items.length > 0
        ? (
          <>
            <Windowed
              items={rows.items}
              keyOf={({ id }) => id}
              label="Actions, the newest first"
              heights={[38, 68]}
              onEnd={() => {
                if (rows.lookedUntil === undefined) void more()
              }}
            >
              {(action) => <Row action={action} />}
            </Windowed>
            {rows.next === undefined
              ? <p class="soft">That is all.</p>
              : rows.lookedUntil === undefined
              ? <p class="soft">Older ones follow as you go on.</p>
              : null}
          </>
        )
        : rows.lookedUntil === undefined
        ? <p class="empty">No action is so. Give less in the fields above, or an earlier time.</p>
        : <p class="empty">No action is so, as far as it was looked.</p>}
      {rows?.lookedUntil === undefined ? null : <LookedUntil at={rows.lookedUntil} more={() => void more()} />}
    </>
  )
}
