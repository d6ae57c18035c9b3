/** What the steps of an action have given: it may be large, and is asked for by who wants to see it. */
import { useState } from "preact/hooks"
import { get, type StepResult } from "../api.ts"
import { useAsked } from "../live.ts"
import { Shown, Stored } from "../parts.tsx"

const Found = ({ id }: { readonly id: string }) => {
  const asked = useAsked<ReadonlyArray<StepResult>>(
    `results of ${id}`,
    (signal) => get(`actions/${id}/results`, {}, signal),
    15_000
  )
  return (
    <Shown asked={asked} empty="No step has given what is kept.">
      {(results) => (
        <>
          {results.map(({ index, name, result }) => <Stored key={index} label={name} payload={result} />)}
        </>
      )}
    </Shown>
  )
}

export const Results = ({ id }: { readonly id: string }) => {
  const [isOpen, setOpen] = useState(false)
  return (
    <details class="stored" onToggle={({ currentTarget: { open } }) => setOpen(open)}>
      <summary>Results of steps</summary>
      {isOpen ? <Found id={id} /> : null}
    </details>
  )
}
