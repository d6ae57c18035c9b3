/** The tree as an outline that the keyboard walks: up, down, in, out, and Enter goes there. */
import { useEffect, useRef, useState } from "preact/hooks"
import type { Tree } from "../api.ts"
import { Name, Status } from "../parts.tsx"
import { go, toAction } from "../route.ts"
import { Ago, Lasting } from "../time.tsx"
import { Windowed } from "../Windowed.tsx"
import { type Line, linesOf, type Part } from "./lines.ts"

const PartText = ({ part }: { readonly part: Part }) => {
  const { at, attempt, child, kind, message, name, status } = part
  return (
    <>
      <Status status={status} />
      <span class="name">
        {kind} {child === undefined ? <b>{name}</b> : <a href={toAction(child)} tabIndex={-1}>{name}</a>}
      </span>
      <span class="note">
        {attempt > 1 ? `attempt ${attempt} ` : ""}
        {message}
        {status === "waits" && at !== undefined
          ? (
            <>
              {kind === "clock" ? "rings " : "since "}
              <Ago at={at} />
            </>
          )
          : null}
      </span>
    </>
  )
}

const Text = ({ line: { what } }: { readonly line: Line }) => {
  switch (what._tag) {
    case "Action": {
      const { action, isAbove } = what
      return (
        <>
          <Status status={action.status} unwinding={action.unwinding} />
          <a href={toAction(action.id)} tabIndex={-1}>
            <Name action={action} />
          </a>
          <span class="note">
            {isAbove ? "see above" : action.cause?.message ?? action.lastFailure?.message ?? action.pause?.reason}
          </span>
          <span class="took">
            <Lasting from={action.startedAt} until={action.endedAt} />
          </span>
        </>
      )
    }
    case "Step": {
      const { step } = what
      return (
        <>
          <Status status={step.status} />
          <span class="name">
            {step.undoes === undefined ? "" : "undo "}
            <i>{step.name}</i>
          </span>
          <span class="note">
            {step.attemptNumber > 1 ? `attempt ${step.attemptNumber} ` : ""}
            {step.failure?.message}
          </span>
          <span class="took">
            <Lasting from={step.startedAt} until={step.endedAt} />
          </span>
        </>
      )
    }
    case "Part":
      return <PartText part={what.part} />
    case "Slot": {
      const { slot } = what
      const isOpen = slot.status === undefined
      return (
        <>
          <Status status={slot.status ?? "waits"} />
          <span class="name">
            {slot.signal !== undefined
              ? (
                <>
                  signal <b>{slot.signal}</b>
                </>
              )
              : slot.child === undefined
              ? "wait"
              : <a href={toAction(slot.child)} tabIndex={-1}>{slot.name} {slot.actorType}/{slot.actorId}</a>}
          </span>
          <span class="note">
            {slot.child === undefined ? "" : "not read"}
            {slot.dueAt !== undefined && isOpen
              ? (
                <>
                  until <Ago at={slot.dueAt} />
                </>
              )
              : null}
          </span>
        </>
      )
    }
  }
}

/** Where a line leads to. */
const targetOf = ({ what }: Line): string | undefined => {
  switch (what._tag) {
    case "Action":
      return what.action.id
    case "Slot":
      return what.slot.child
    case "Part":
      return what.part.child
    case "Step":
      return undefined
  }
}

export const Outline = ({ tree }: { readonly tree: Tree }) => {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())
  const [at, setAt] = useState<string>()
  const wanted = useRef<string | undefined>(undefined)
  const lines = linesOf(tree, (key) => !closed.has(key))
  const current = Math.max(0, lines.findIndex(({ key }) => key === at))
  const ids = useRef(new Map<string, HTMLElement>())
  useEffect(() => {
    if (wanted.current === undefined) return
    const row = ids.current.get(wanted.current)
    wanted.current = undefined
    row?.focus({ preventScroll: true })
    row?.scrollIntoView({ block: "nearest" })
  })
  const focus = (line: Line | undefined) => {
    if (line === undefined) return
    wanted.current = line.key
    setAt(line.key)
    // the same line again is no change, and has the focus already
    if (line.key === at) ids.current.get(line.key)?.focus()
  }
  const toggle = (key: string) => {
    const next = new Set(closed)
    if (!next.delete(key)) next.add(key)
    setClosed(next)
  }
  const walk = (event: KeyboardEvent) => {
    const line = lines[current]
    if (line === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    const isOpen = line.hasBelow && !closed.has(line.key)
    switch (event.key) {
      case "ArrowDown":
        focus(lines[current + 1])
        break
      case "ArrowUp":
        focus(lines[current - 1])
        break
      case "Home":
        focus(lines[0])
        break
      case "End":
        focus(lines.at(-1))
        break
      case "ArrowRight":
        if (isOpen) focus(lines[current + 1])
        else if (line.hasBelow) toggle(line.key)
        break
      case "ArrowLeft":
        if (isOpen) toggle(line.key)
        else focus(lines.find(({ key }) => key === line.parent))
        break
      case "Enter": {
        const id = targetOf(line)
        if (id !== undefined) go(["actions", id])
        break
      }
      case " ":
        if (line.hasBelow) toggle(line.key)
        break
      default:
        return
    }
    event.preventDefault()
  }
  return (
    <div class="outline" onKeyDown={walk}>
      <Windowed items={lines} keyOf={({ key }) => key} label="Tree" role="tree" heights={[32, 56]} needed={current}>
        {(line, index) => (
          <div
            role="treeitem"
            class="line"
            aria-level={line.level}
            aria-posinset={line.place}
            aria-setsize={line.of}
            aria-selected={index === current}
            {...line.hasBelow ? { "aria-expanded": !closed.has(line.key) } : {}}
            tabIndex={index === current ? 0 : -1}
            ref={(element) => {
              if (element === null) ids.current.delete(line.key)
              else ids.current.set(line.key, element)
            }}
            onFocus={() => setAt(line.key)}
            style={{ paddingInlineStart: `${Math.min(line.level - 1, 12) * 1.1}rem` }}
          >
            <span
              class={line.hasBelow ? "turn" : "turn none"}
              aria-hidden="true"
              onClick={() => line.hasBelow && toggle(line.key)}
            >
              {line.hasBelow ? closed.has(line.key) ? "▸" : "▾" : ""}
            </span>
            <Text line={line} />
          </div>
        )}
      </Windowed>
    </div>
  )
}
