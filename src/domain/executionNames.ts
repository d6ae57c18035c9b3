/** Names of workflows, deferreds, clocks and activities as Stepped stores them: what it does not take is escaped; and back, for who looks at them. */
import { createHash } from "node:crypto"
import { workflowActors } from "./reserved.ts"
import { isStorable } from "./storable.ts"

// by its UTF-16 units: in UTF-8 all lone surrogates are one character
const digestOf = (text: string): string =>
  createHash("sha256").update(Buffer.from(text, "utf16le")).digest("hex").slice(0, 24)

/** How long an actor's type may be. */
const typeMax = 100

/** The type of the actor that stands for a workflow: no two workflows have the same. */
export const actorTypeOf = (workflow: string): string => {
  const escaped = [...Buffer.from(workflow)].map((byte) => {
    const character = String.fromCharCode(byte)
    return /[A-Za-z0-9_.]/.test(character) ? character : `-${byte.toString(16).padStart(2, "0")}`
  }).join("")
  const type = `${workflowActors}${escaped}`
  // an escaped one has no two hyphens beside each other
  return type.length <= typeMax && workflow.isWellFormed()
    ? type
    : `${type.slice(0, typeMax - 26)}--${digestOf(workflow)}`
}

/** The workflow that an actor's type stands for; of one whose name is too long, what is left of it. None of any other actor. */
export const workflowOf = (actorType: string): string | undefined => {
  if (!actorType.startsWith(workflowActors)) return undefined
  const escaped = actorType.slice(workflowActors.length)
  const [, first, digest] = /^(.*)--([0-9a-f]{24})$/.exec(escaped) ?? []
  if (first === undefined) return unescaped(escaped)
  // what was cut off in the middle of an escape, or of a character, is left out
  return `${unescaped(first.replace(/-[0-9a-f]?$/, "")).replace(/\ufffd+$/, "")}… (${digest})`
}

const unescaped = (escaped: string): string =>
  Buffer.from(
    [...escaped.matchAll(/-([0-9a-f]{2})|[^-]/g)].map(([text, hex]) =>
      hex === undefined ? text.charCodeAt(0) : Number.parseInt(hex, 16)
    )
  ).toString()

/** How long a name may be that is part of an index. */
const nameMax = 300

/** A name as it is stored: with a tilde in front of it where it would be one of the engine's own, and as a digest where it cannot be stored. */
export const storedName = (name: string): string =>
  name.length > nameMax || !isStorable(JSON.stringify(name))
    ? `~#${digestOf(name)}`
    : name.startsWith("~")
    ? `~${name}`
    : name

/** The name as the program has it; of one that is stored as a digest no more than that. */
export const nameStored = (stored: string): string => stored.startsWith("~~") ? stored.slice(1) : stored

/**
 * What Effect makes deferreds and activities of, by how it names them: a clock that sleeps, a race of several effects, an element of a queue; or what the
 * program itself has named.
 */
export type Named = { readonly kind: "clock" | "race" | "queue" | "own"; readonly name: string }

/** How the names of those queues begin by which `DurableQueue.process` waits, too: nothing else tells them from others. */
export const durableQueues = "DurableQueue/"

const made = [["clock", "DurableClock/"], ["race", "raceAll/"], ["queue", durableQueues]] as const

export const namedOf = (stored: string): Named => {
  const name = nameStored(stored)
  for (const [kind, before] of made) {
    if (name.startsWith(before)) return { kind, name: name.slice(before.length) }
  }
  return { kind: "own", name }
}
