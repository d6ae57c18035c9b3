/** Whose events they are. */
import type { EventOrigin } from "../../Events.ts"

export const originOf = (id: string, definition: string, actorId: string, at: number): EventOrigin => {
  const slash = definition.indexOf("/")
  return { id, actorType: definition.slice(0, slash), actorId, name: definition.slice(slash + 1), at: new Date(at) }
}
