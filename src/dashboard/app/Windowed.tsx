/** A long list of which only what is seen is there, and a little above and below. */
import type { ComponentChildren } from "preact"
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"

interface Range {
  readonly from: number
  readonly until: number
}

const margin = 12
const narrow = matchMedia("(max-width: 760px)")

/** How high a row is, which the styles hold it to. */
const useRowHeight = (wide: number, small: number): number => {
  const [isNarrow, setNarrow] = useState(narrow.matches)
  useEffect(() => {
    const change = () => setNarrow(narrow.matches)
    narrow.addEventListener("change", change)
    return () => narrow.removeEventListener("change", change)
  }, [])
  return isNarrow ? small : wide
}

/** Up and down go from row to row of a list; who has scrolled away from the one that has the keyboard comes back to it first. */
const walk = (event: KeyboardEvent): void => {
  const step = event.key === "ArrowDown" || event.key === "j"
    ? 1
    : event.key === "ArrowUp" || event.key === "k"
    ? -1
    : 0
  const row = event.target instanceof Element ? event.target.closest(".row") : null
  const slot = row?.closest(".slot")
  if (step === 0 || !row || !slot || event.altKey || event.ctrlKey || event.metaKey) return
  event.preventDefault()
  const place = Number(slot.getAttribute("aria-posinset")) + step
  const next = slot.parentElement?.querySelector<HTMLElement>(`:scope > [aria-posinset="${place}"] .row`)
  if (next) next.focus({ preventScroll: true })
  const seen = next ?? row
  seen.scrollIntoView({ block: "nearest" })
}

export interface WindowedProps<A> {
  readonly items: ReadonlyArray<A>
  readonly keyOf: (item: A) => string
  readonly label: string
  /** In pixels: on a wide screen, and on a narrow one. */
  readonly heights: readonly [wide: number, narrow: number]
  readonly role?: "list" | "tree"
  readonly children: (item: A, index: number) => ComponentChildren
  /** One that has to be there, since it has the focus, or is to have it. */
  readonly needed?: number
  /** Its end was reached. */
  readonly onEnd?: () => void
}

export function Windowed<A>(
  { children, heights, items, keyOf, label, needed, onEnd, role = "list" }: WindowedProps<A>
) {
  const height = useRowHeight(...heights)
  const box = useRef<HTMLDivElement>(null)
  const [{ from, until }, setRange] = useState<Range>({ from: 0, until: 60 })
  const ended = useRef(onEnd)
  ended.current = onEnd
  /** One that has the keyboard stays, wherever it is: it would be lost otherwise. */
  const [held, setHeld] = useState<string>()
  useLayoutEffect(() => {
    const look = () => {
      if (box.current === null) return
      const { top } = box.current.getBoundingClientRect()
      const first = Math.max(0, Math.floor(-top / height) - margin)
      const last = Math.min(items.length, Math.ceil((innerHeight - top) / height) + margin)
      setRange((before) => before.from === first && before.until === last ? before : { from: first, until: last })
      if (last >= items.length && items.length > 0) ended.current?.()
    }
    look()
    addEventListener("scroll", look, { passive: true })
    addEventListener("resize", look)
    return () => {
      removeEventListener("scroll", look)
      removeEventListener("resize", look)
    }
  }, [items.length, height])
  const isOut = (index: number | undefined): index is number =>
    index !== undefined && index >= 0 && index < items.length && (index < from || index >= until)
  const at = (index: number) => ({ item: items[index]!, index })
  const extra = [...new Set([needed, held === undefined ? undefined : items.findIndex((item) => keyOf(item) === held)])]
    .filter(isOut)
  // in their order: what is moved about in the document loses the keyboard
  const shown = [
    ...extra.filter((index) => index < from).sort((a, b) => a - b).map(at),
    ...items.slice(from, Math.max(from, until)).map((_, i) => at(from + i)),
    ...extra.filter((index) => index >= from).sort((a, b) => a - b).map(at)
  ]
  return (
    <div
      ref={box}
      class="windowed"
      role={role}
      onKeyDown={role === "list" ? walk : undefined}
      aria-label={label}
      style={{ height: `${items.length * height}px` }}
    >
      {shown.map(({ index, item }) => (
        <div
          key={keyOf(item)}
          onFocusIn={() => setHeld(keyOf(item))}
          onFocusOut={() => setHeld(undefined)}
          class="slot"
          role={role === "list" ? "listitem" : "none"}
          {...role === "list" ? { "aria-setsize": items.length, "aria-posinset": index + 1 } : {}}
          style={{ height: `${height}px`, transform: `translateY(${index * height}px)` }}
        >
          {children(item, index)}
        </div>
      ))}
    </div>
  )
}
