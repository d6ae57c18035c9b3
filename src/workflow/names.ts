/** Names of workflows, deferreds and activities as Stepped stores them: what it does not take is escaped. */
import { createHash } from "node:crypto"
import { workflowActors } from "../domain/reserved.ts"
import { isStorable } from "../domain/storable.ts"

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 24)

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
  return type.length <= typeMax ? type : `${type.slice(0, typeMax - 26)}--${digestOf(workflow)}`
}

/** How long a name may be that is part of an index. */
const nameMax = 300

/** A name as it is stored: with a tilde in front of it where it would be one of the engine's own, and as a digest where it cannot be stored. */
export const storedName = (name: string): string =>
  name.length > nameMax || !isStorable(JSON.stringify(name))
    ? `~#${digestOf(name)}`
    : name.startsWith("~")
    ? `~${name}`
    : name
