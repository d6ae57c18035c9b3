/** The dashboard: where everything is, and what stands around it. */
import { effect } from "@preact/signals"
import { type ComponentChildren, render } from "preact"
import { useEffect, useRef } from "preact/hooks"
import { get, type Me } from "./api.ts"
import { useKeptFocus } from "./focus.ts"
import { isUnknown, useAsked } from "./live.ts"
import { ActionPage } from "./pages/ActionPage.tsx"
import { Actions } from "./pages/Actions.tsx"
import { Activity } from "./pages/Activity.tsx"
import { Attention } from "./pages/Attention.tsx"
import { DefinitionPage, Definitions } from "./pages/Definitions.tsx"
import { Events } from "./pages/Events.tsx"
import { Lanes } from "./pages/Lanes.tsx"
import { Operations } from "./pages/Operations.tsx"
import { Queues } from "./pages/Queues.tsx"
import { SchedulePage, Schedules } from "./pages/Schedules.tsx"
import { SignIn } from "./pages/SignIn.tsx"
import { Workers } from "./pages/Workers.tsx"
import { ExactSwitch, LiveSwitch } from "./parts.tsx"
import { type Place, place, to } from "./route.ts"
import { zone } from "./settings.ts"
import { ConfirmDialog } from "./verbs/Dialog.tsx"
import { asking, loadTable } from "./verbs/table.ts"

interface Entry {
  readonly path: string
  readonly title: string
  readonly page: (place: Place) => ComponentChildren
}

const pages: ReadonlyArray<Entry> = [
  { path: "", title: "Needs attention", page: () => <Attention /> },
  {
    path: "actions",
    title: "Actions",
    page: ({ path: [, id], query }) => id === undefined ? <Actions query={query} /> : <ActionPage key={id} id={id} />
  },
  { path: "activity", title: "Activity", page: () => <Activity /> },
  { path: "lanes", title: "Lanes", page: ({ query }) => <Lanes query={query} /> },
  { path: "queues", title: "Queues", page: () => <Queues /> },
  {
    path: "schedules",
    title: "Schedules",
    page: ({ path: [, name], query }) =>
      name === undefined ? <Schedules query={query} /> : <SchedulePage key={name} name={name} />
  },
  { path: "workers", title: "Workers", page: () => <Workers /> },
  {
    path: "definitions",
    title: "Definitions",
    page: ({ path: [, actorType, name], query }) =>
      actorType === undefined || name === undefined
        ? <Definitions query={query} />
        : <DefinitionPage key={`${actorType}/${name}`} actorType={actorType} name={name} />
  },
  { path: "operations", title: "Operations", page: ({ query }) => <Operations query={query} /> },
  { path: "events", title: "Events", page: () => <Events /> }
]

const Navigation = ({ current }: { readonly current: Entry | undefined }) => (
  <nav aria-label="Pages">
    <ul>
      {pages.map((entry) => (
        <li key={entry.path}>
          <a
            href={to(entry.path === "" ? [] : [entry.path])}
            aria-current={entry === current ? "page" : undefined}
          >
            {entry.title}
          </a>
        </li>
      ))}
    </ul>
  </nav>
)

const Who = () => {
  const { data } = useAsked<Me>("session", (signal) => get("session", {}, signal), Infinity)
  return data === undefined ? null : (
    <p class="who soft">
      {data.subject} ({data.roles.join(", ")})
    </p>
  )
}

const Zone = () => (
  <button
    type="button"
    class="switch"
    aria-label={`Times are ${zone.value === "utc" ? "in UTC" : "local"}: change`}
    onClick={() => {
      zone.value = zone.value === "utc" ? "local" : "utc"
    }}
  >
    {zone.value === "utc" ? "UTC" : "Local"}
  </button>
)

const App = () => {
  const at = place.value
  const current = pages.find(({ path }) => path === (at.path[0] ?? ""))
  const main = useRef<HTMLElement>(null)
  const isFirst = useRef(true)
  const where = at.path.join("/")
  const isKnown = !isUnknown.value
  useKeptFocus(() => main.current, isKnown)
  useEffect(() => {
    document.title = `${at.path[1] ?? current?.title ?? "Not found"} · Stepped`
    // what was asked for was of another page
    asking.value = undefined
    // whoever goes somewhere else, to a list's next page, or signs in, begins there at the top, with the keyboard too; who fills in a form stays in it
    if (!isFirst.current && !document.activeElement?.closest("form")) {
      main.current?.focus({ preventScroll: true })
      scrollTo(0, 0)
    }
    isFirst.current = false
    document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" })
  }, [where, at.query.after, isKnown])
  if (!isKnown) return <SignIn />
  return (
    <>
      <header>
        <button type="button" class="skip" onClick={() => main.current?.focus()}>Skip to the content</button>
        <p class="brand">
          <a href="#/">Stepped</a>
        </p>
        <Navigation current={current} />
        <div class="tools">
          <LiveSwitch />
          <Zone />
          <ExactSwitch />
          <Who />
        </div>
      </header>
      <main ref={main} tabIndex={-1}>
        {current === undefined
          ? (
            <>
              <h1>Not found</h1>
              <p>
                There is no such page. <a href="#/">Needs attention</a>
              </p>
            </>
          )
          : current.page(at)}
      </main>
      <ConfirmDialog />
    </>
  )
}

effect(() => {
  document.documentElement.dataset.zone = zone.value
})

loadTable()
render(<App />, document.getElementById("app")!)
