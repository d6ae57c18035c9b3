/** Where one is: it stands behind `#`, so that every place has an address of its own wherever the page is served. */
import { signal } from "@preact/signals"

export interface Place {
  readonly path: ReadonlyArray<string>
  readonly query: Readonly<Record<string, string>>
}

const part = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    // somebody has cut it while copying
    return text
  }
}

const read = (): Place => {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?")
  return {
    path: path.split("/").filter((text) => text !== "").map(part),
    query: Object.fromEntries(new URLSearchParams(query))
  }
}

export const place = signal(read())

addEventListener("hashchange", () => {
  place.value = read()
})

export type Query = Readonly<Record<string, string | undefined>>

export const to = (path: ReadonlyArray<string>, query: Query = {}): string => {
  const given = Object.entries(query).filter((entry): entry is [string, string] =>
    entry[1] !== undefined && entry[1] !== ""
  )
  const text = new URLSearchParams(given).toString()
  return `#/${path.map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`
}

export const toAction = (id: string): string => to(["actions", id])

export const go = (path: ReadonlyArray<string>, query: Query = {}): void => {
  location.hash = to(path, query)
}

/** The same place, asked otherwise: that is no step that one goes back from. */
export const ask = (query: Query): void => {
  history.replaceState(null, "", to(place.value.path, { ...place.value.query, ...query }))
  place.value = read()
}
