/**
 * What rows are told apart by: keys of lanes and achievements as texts (rule 2.8), and the names of definitions.
 */

/** The name of a definition in the database. */
export const definitionKey = (actorType: string, name: string): string => `${actorType}/${name}`

/**
 * A key as it is stored: a text as it is, the parts of an array joined with `/`, each part's own `/` escaped.
 *
 * **Details**
 *
 * For looking up, in SQL or with `PerformanceLane.find`, what a key function gave. Nothing, an empty text and an empty array give an empty
 * text: there the action has its default key, the text `Type/id/name`.
 *
 * **Example** (A part with a slash)
 *
 * ```ts
 * import { Stepped } from "stepped"
 *
 * Stepped.joinKey(["ship", "a/b", 7]) // "ship/a\\/b/7"
 * ```
 *
 * @category keys
 * @since 0.1.0
 */
export const joinKey = (key: string | ReadonlyArray<unknown> | null | undefined): string =>
  Array.isArray(key) ? key.map(escaped).join("/") : key === null || key === undefined ? "" : String(key)

const escaped = (part: unknown): string => String(part).replaceAll("\\", "\\\\").replaceAll("/", "\\/")

/**
 * The parts of a key, as texts: what {@link joinKey} has joined.
 *
 * **Gotchas**
 *
 * A default key is a text, in which nothing is escaped: it comes apart also where the actor's id has a `/`.
 *
 * @category keys
 * @since 0.1.0
 */
export const parseKey = (key: string): ReadonlyArray<string> => {
  const parts = [""]
  for (let at = 0; at < key.length; at++) {
    const character = key[at]!
    if (character === "/") parts.push("")
    else if (character === "\\" && at + 1 < key.length) parts[parts.length - 1] += key[++at]!
    else parts[parts.length - 1] += character
  }
  return parts
}

/** The key of an action whose key function gives none, or that has no such function: as it is, nothing in it is escaped. */
export const defaultKey = (actorType: string, actorId: string, action: string): string =>
  `${actorType}/${actorId}/${action}`

/** Stands in a named lane's text between the name and the key; neither holds it. */
export const laneMark = "\u0001"

/** The text that a named lane is stored under. */
export const laneText = (lane: string, key: string): string => `${lane}${laneMark}${key}`

/** The text of a lane as people read it. */
export const laneShown = (text: string): string => text.replace(laneMark, ":")

/** The longest key that an index row holds with certainty, in bytes. */
export const keyLimit = 1000
