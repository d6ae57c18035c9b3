/** What the page was told by who serves it, and what whoever looks has chosen. */
import { effect, type Signal, signal } from "@preact/signals"

interface Told {
  readonly api: string
  readonly traces?: string
}

const told = JSON.parse(document.querySelector<HTMLMetaElement>("meta[name=stepped]")!.content) as Told

/** Where the API is. */
export const api: string = told.api

export const traceOf = (traceId: string): string | undefined =>
  told.traces?.replaceAll("{traceId}", encodeURIComponent(traceId))

const kept = (name: string): string | null => {
  try {
    return localStorage.getItem(`stepped.${name}`)
  } catch {
    // a browser that keeps nothing
    return null
  }
}

const remembered = <A extends string>(name: string, choices: ReadonlyArray<A>): Signal<A> => {
  const value = signal(choices.find((choice) => choice === kept(name)) ?? choices[0]!)
  effect(() => {
    try {
      localStorage.setItem(`stepped.${name}`, value.value)
    } catch {
      // it is as chosen as long as the page is open
    }
  })
  return value
}

export const zone = remembered("zone", ["local", "utc"])

/** Whether times are said as such, or by how long ago they were. */
export const times = remembered("times", ["ago", "exact"])

/** Whether what is shown follows what happens. */
export const isLive = signal(true)
