/**
 * A step's result as it is stored: JSON with places for its children, which their results are put into.
 */
import { isChild } from "../Child.ts"
import { NotJson } from "./Codec.ts"

const slotKey = "$slot"
const undefinedKey = "$undefined"
// a whole result that is null: the column's own null means that nothing was kept
const nullKey = "$null"
const uncheckedKey = "$unchecked"

/** A value that is neither JSON nor a child, in a step without a schema. */
export const notJson = (path: string, what: string): NotJson => {
  const at = path === "" ? "" : ` at ${path}`
  return new NotJson({
    place: "the step",
    issue: `returned ${what}${at}: give the step a schema, as in .step(name, body, { result: … })`
  })
}

/** A step's result as JSON, with places for its children (`{"$slot": 0}`); own keys that begin with `$` get another one. */
export const toTemplate = (value: unknown, path = ""): unknown => {
  if (isChild(value)) return { [slotKey]: value.slot }
  switch (typeof value) {
    case "string":
    case "boolean":
      return value
    case "number":
      if (!Number.isFinite(value)) throw notJson(path, String(value))
      return value
    case "undefined":
      return { [undefinedKey]: true }
    case "object": {
      if (value === null) return path === "" ? { [nullKey]: true } : null
      if (Array.isArray(value)) return value.map((item, i) => toTemplate(item, `${path}[${i}]`))
      const proto = Object.getPrototypeOf(value)
      if (proto !== Object.prototype && proto !== null) {
        throw notJson(path, `an instance of ${value.constructor?.name ?? "a class"}`)
      }
      // made of entries: assigned, `__proto__` would be no key
      return Object.fromEntries(
        Object.entries(value).filter(([, item]) => item !== undefined).map((
          [key, item]
        ) => [key.startsWith("$") ? `$${key}` : key, toTemplate(item, `${path}.${key}`)])
      )
    }
    default:
      throw notJson(path, `a ${typeof value}`)
  }
}

/** A result that somebody has given in the place of a body, and that no schema has read. */
export const uncheckedTemplate = (json: unknown): unknown => ({ [uncheckedKey]: toTemplate(json) })

export const isUnchecked = (template: unknown): boolean =>
  typeof template === "object" && template !== null && uncheckedKey in template

/** Puts settled values into the places of a template. */
export const fromTemplate = (template: unknown, child: (slot: number) => unknown): unknown => {
  if (typeof template !== "object" || template === null) return template
  if (Array.isArray(template)) return template.map((item) => fromTemplate(item, child))
  if (undefinedKey in template) return undefined
  if (nullKey in template) return null
  if (slotKey in template) return child((template as Record<string, number>)[slotKey]!)
  if (uncheckedKey in template) return fromTemplate(template[uncheckedKey], child)
  return Object.fromEntries(
    Object.entries(template).map(([key, item]) => [
      key.startsWith("$") ? key.slice(1) : key,
      fromTemplate(item, child)
    ])
  )
}

/** Whether a template has places for children. */
export const holdsSlot = (template: unknown): boolean =>
  typeof template === "object" && template !== null &&
  (Array.isArray(template) ? template.some(holdsSlot) : slotKey in template || Object.values(template).some(holdsSlot))

/** Whether a value holds a child anywhere that a template would look. */
export const holdsChild = (value: unknown, around: ReadonlyArray<object> = []): boolean => {
  if (isChild(value)) return true
  // what holds itself is refused where it is written
  if (typeof value !== "object" || value === null || around.includes(value)) return false
  const inside = [...around, value]
  if (Array.isArray(value)) return value.some((item) => holdsChild(item, inside))
  const proto = Object.getPrototypeOf(value)
  return (proto === Object.prototype || proto === null) && Object.values(value).some((item) => holdsChild(item, inside))
}
