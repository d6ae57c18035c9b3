/** Buttons for what can be done with something, made of the table of verbs: one that is added there is here, too. One that is not allowed can be come to, and says who may. */
import { useEffect } from "preact/hooks"
import type { Verb } from "../api.ts"
import { asking, labelOf, loadTable, table, type Target } from "./table.ts"

export interface VerbsProps {
  readonly of: Verb["of"]
  readonly target: Target
  readonly only?: (verb: Verb["verb"]) => boolean
  readonly label?: (label: string, verb: Verb) => string
  /** Something has changed. */
  readonly then?: () => void
}

export const Verbs = ({ label = (text) => text, of, only = () => true, target, then = () => {} }: VerbsProps) => {
  useEffect(loadTable, [])
  const verbs = (table.value ?? []).filter((verb) => verb.of === of && only(verb.verb))
  return (
    <span class="verbs">
      {verbs.map((verb) => (
        <button
          key={verb.verb}
          type="button"
          data-verb={verb.verb}
          class="small"
          aria-disabled={!verb.isAllowed}
          title={verb.isAllowed ? verb.description : `Only who has the role ${verb.role} may: ${verb.description}`}
          aria-label={`${label(labelOf(verb), verb)}: ${target.text}`}
          onClick={() => {
            asking.value = { verb, label: label(labelOf(verb), verb), target, then }
          }}
        >
          {label(labelOf(verb), verb)}
        </button>
      ))}
    </span>
  )
}
