/** What happens, as it happens: the API tells it as long as the page is open. */
import { useEffect, useState } from "preact/hooks"
import { type Action, address, ApiError, get, type Happening, messageOf, newest } from "../api.ts"
import { isUnknown } from "../live.ts"
import { Empty, Name, Status, Trouble } from "../parts.tsx"
import { toAction } from "../route.ts"
import { isLive } from "../settings.ts"
import { written } from "../time.tsx"
import { Windowed } from "../Windowed.tsx"

/** How many are kept. */
const kept = 1000
/** What has come meanwhile is shown together. */
const togetherMs = 250
/** After which time it is asked anew, where it was refused. */
const againMs = 3000
/** The API says something every ten seconds: who hears nothing for so long listens to nobody. */
const silentMs = 30_000

const statuses: Readonly<Record<Happening["kind"], string | undefined>> = {
  enqueued: "queued",
  started: "performing",
  ended: undefined
}

const keyOf = ({ id, kind }: Happening): string => `${id} ${kind}`

/** What has happened with an action before the page was opened, as its row tells. */
const before = (
  { actorId, actorType, cause, endedAt, enqueuedAt, id, name, startedAt, status }: Action
): ReadonlyArray<Happening> => {
  const of = { id, actorType, actorId, name, status }
  return [
    { ...of, kind: "enqueued", at: enqueuedAt },
    ...startedAt === undefined ? [] : [{ ...of, kind: "started", at: startedAt } as const],
    ...endedAt === undefined ? [] : [{ ...of, kind: "ended", at: endedAt, message: cause?.message } as const]
  ]
}

/** The last first, each once. */
const joined = (all: ReadonlyArray<Happening>, more: ReadonlyArray<Happening>): ReadonlyArray<Happening> => {
  const known = new Map([...more, ...all].map((one) => [keyOf(one), one]))
  return [...known.values()].sort((a, b) => b.at.localeCompare(a.at)).slice(0, kept)
}

/** A time of which not all is told. */
interface Gap {
  readonly since: string
  readonly before: string
}

/** One that begins in the other goes on with it. */
const widened = (gap: Gap | undefined, next: Gap): Gap =>
  gap === undefined || next.since < gap.since || next.since > gap.before
    ? next
    : { since: gap.since, before: next.before > gap.before ? next.before : gap.before }

interface Told {
  /** From now on all is told. */
  readonly begin: () => void
  readonly hear: (happening: Happening) => void
  /** Of which time not all is told. */
  readonly miss: (gap: Gap) => void
  /** Since when it is not told, and why; or that it is told again. */
  readonly trouble: (message: string | undefined) => void
}

/**
 * Listens as long as somebody looks, and goes on where it was. A browser connects again by itself where nobody answers; where somebody has answered otherwise, as a proxy does whose
 * server starts anew, it gives up, and is told to.
 */
const listen = ({ begin, hear, miss, trouble }: Told): () => void => {
  let last: string | undefined
  let source: EventSource | undefined
  let heardAt = Date.now()
  let due: number | undefined
  let isOver = false
  const close = () => {
    clearTimeout(due)
    source?.close()
    source = undefined
  }
  const connect = () => {
    close()
    if (isOver || document.hidden) return
    heardAt = Date.now()
    const opened = source = new EventSource(address("events", { after: last }), { withCredentials: true })
    opened.addEventListener("action", ({ data, lastEventId }: MessageEvent<string>) => {
      heardAt = Date.now()
      last = lastEventId
      hear(JSON.parse(data) as Happening)
    })
    opened.addEventListener("gap", ({ data }: MessageEvent<string>) => {
      heardAt = Date.now()
      miss(JSON.parse(data) as Gap)
    })
    opened.addEventListener("beat", () => {
      heardAt = Date.now()
    })
    // it is asked again who looks on
    opened.addEventListener("over", connect)
    opened.addEventListener("open", () => {
      trouble(undefined)
      begin()
    })
    opened.addEventListener("error", () => {
      trouble("The server does not answer. It is asked again.")
      if (opened.readyState === EventSource.CLOSED && opened === source) due = window.setTimeout(ask, againMs)
    })
  }
  /** What it was refused for is not said: perhaps nobody is known any more. */
  const ask = () => {
    get("session").catch((failure: unknown) => {
      if (failure instanceof ApiError && failure.status === 401) isUnknown.value = true
    }).finally(connect)
  }
  const watching = setInterval(() => {
    if (source !== undefined && Date.now() - heardAt > silentMs) connect()
  }, againMs)
  connect()
  document.addEventListener("visibilitychange", connect)
  return () => {
    isOver = true
    close()
    clearInterval(watching)
    document.removeEventListener("visibilitychange", connect)
  }
}

const useHappenings = () => {
  const [all, setAll] = useState<ReadonlyArray<Happening>>()
  const [error, setError] = useState<string>()
  const [gap, setGap] = useState<Gap>()
  useEffect(() => {
    const ending = new AbortController()
    let come: Array<Happening> = []
    const look = () => {
      newest({}, 300, ending.signal).then(
        (actions) => setAll((now) => joined(now ?? [], actions.flatMap(before))),
        (failure: unknown) => {
          if (!ending.signal.aborted) setError(messageOf(failure))
        }
      )
    }
    look()
    const stop = listen({
      // what has happened between the two is in neither of them otherwise
      begin: look,
      miss: (next) => setGap((gap) => widened(gap, next)),
      trouble: setError,
      hear: (happening) => {
        come.push(happening)
        // while it is stopped, as many as are shown at all
        if (come.length > kept) come = come.slice(-kept)
      }
    })
    const show = setInterval(() => {
      if (come.length === 0 || !isLive.peek()) return
      const more = come
      come = []
      setAll((now) => joined(now ?? [], more))
    }, togetherMs)
    return () => {
      ending.abort()
      stop()
      clearInterval(show)
    }
  }, [])
  return { all, error, gap }
}

export const Events = () => {
  const { all, error, gap } = useHappenings()
  return (
    <>
      <h1>Events</h1>
      <p class="lead">
        What happens with actions, the last first. Stop it with <b>Live</b>{" "}
        to read. It is looked for among the newest 5,000 actions each that are queued, live and ended, and among
        failures: what began, or ended well, long after it was enqueued may be missing. The last 1,000 are shown.
      </p>
      {gap === undefined ? null : (
        <p class="soft" role="status">
          More has happened than is told: of what was from {written(gap.since, true)} to {written(gap.before, true)}
          {" "}
          something may be missing here. The list of actions has all of it.
        </p>
      )}
      {error === undefined ? null : <Trouble>{error}</Trouble>}
      {all === undefined
        ? (
          <div class="waiting rows-9" role="status">
            <span class="unseen">Loading</span>
          </div>
        )
        : all.length === 0
        ? <Empty>Nothing has happened yet.</Empty>
        : (
          <div class="listed">
            <Windowed items={all} keyOf={keyOf} label="Events, the last first" heights={[32, 56]}>
              {(one) => (
                <a class="row event" href={toAction(one.id)}>
                  <time dateTime={one.at}>{written(one.at, true)}</time>
                  <Status status={statuses[one.kind] ?? one.status} />
                  <Name action={one} />
                  <span class="note">{one.message ?? ""}</span>
                </a>
              )}
            </Windowed>
          </div>
        )}
    </>
  )
}
