/** What is shown follows what happens, and waits while somebody reads. */
import { effect, signal } from "@preact/signals"
import { useCallback, useEffect, useRef, useState } from "preact/hooks"
import { ApiError, messageOf } from "./api.ts"
import { isLive } from "./settings.ts"

/** Real time, which goes on by the second while somebody looks. */
export const now = signal(Date.now())

setInterval(() => {
  if (!document.hidden) now.value = Date.now()
}, 1000)

/** Nobody is known to the API: it asks who it is. */
export const isUnknown = signal(false)

/** Whether somebody has marked a text, to copy it: it stays as it is meanwhile. */
const isMarking = (): boolean => {
  const selection = getSelection()
  return selection !== null && !selection.isCollapsed && selection.toString() !== ""
}

export interface Asked<A> {
  readonly data: A | undefined
  readonly error: string | undefined
  /** When it was so. */
  readonly at: number | undefined
  readonly refresh: () => void
}

interface State<A> {
  readonly key: string
  readonly data: A | undefined
  readonly error: string | undefined
  readonly at: number | undefined
}

/**
 * Asks, and asks again as long as the page is looked at. What was there stays until something else comes, also when an answer fails.
 */
export const useAsked = <A>(key: string, ask: (signal: AbortSignal) => Promise<A>, everyMs = 3000): Asked<A> => {
  const empty: State<A> = { key, data: undefined, error: undefined, at: undefined }
  const [state, setState] = useState<State<A>>(empty)
  const latest = useRef(ask)
  latest.current = ask
  const again = useRef<() => void>(() => {})
  const refresh = useCallback(() => again.current(), [])
  useEffect(() => {
    const ending = new AbortController()
    let due: number | undefined
    let isAsking = false
    const later = (ms: number) => {
      clearTimeout(due)
      if (!ending.signal.aborted && Number.isFinite(ms)) due = window.setTimeout(() => void run(false), ms)
    }
    const run = async (isWanted: boolean): Promise<void> => {
      if (isAsking) return
      if (!isWanted && (document.hidden || !isLive.peek() || isMarking())) return later(everyMs)
      isAsking = true
      try {
        const data = await latest.current(ending.signal)
        // somebody has begun to mark a text meanwhile
        if (!ending.signal.aborted && (isWanted || !isMarking())) {
          setState({ key, data, error: undefined, at: Date.now() })
        }
      } catch (error) {
        if (ending.signal.aborted) return
        if (error instanceof ApiError && error.status === 401) isUnknown.value = true
        setState((before) => ({ ...before.key === key ? before : { ...empty }, key, error: messageOf(error) }))
      } finally {
        isAsking = false
        later(everyMs)
      }
    }
    again.current = () => void run(true)
    void run(true)
    const seen = () => {
      if (!document.hidden) void run(false)
    }
    document.addEventListener("visibilitychange", seen)
    return () => {
      ending.abort()
      clearTimeout(due)
      document.removeEventListener("visibilitychange", seen)
    }
  }, [key, everyMs])
  const { at, data, error } = state.key === key ? state : empty
  return { data, error, at, refresh }
}

/** Calls as soon as something is live again. */
export const onLive = (then: () => void): () => void =>
  effect(() => {
    if (isLive.value) then()
  })
