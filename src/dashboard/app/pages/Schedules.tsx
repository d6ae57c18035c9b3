/** What is enqueued by the clock: when each schedule fires next, which do not, and what one has enqueued. */
import { useState } from "preact/hooks"
import {
  type FiredSlot,
  get,
  type Operation,
  type Page,
  pageMost,
  type Pause,
  type Schedule,
  type ScheduleDetail,
  type Verb
} from "../api.ts"
import { now, useAsked } from "../live.ts"
import { Facts, Onward, Section, ShortId, Shown, Status, Stored, Table } from "../parts.tsx"
import { go, to } from "../route.ts"
import { Ago, lasting, When } from "../time.tsx"
import { Verbs } from "../verbs/Verbs.tsx"
import { OperationsTable } from "./Operations.tsx"

const perPage = 100

const states: Readonly<Record<Schedule["state"], { readonly tone: string; readonly sign: string }>> = {
  active: { tone: "good", sign: "✓" },
  paused: { tone: "warn", sign: "‖" },
  orphaned: { tone: "bad", sign: "?" },
  broken: { tone: "bad", sign: "✕" },
  over: { tone: "calm", sign: "–" }
}

/** What keeps it from firing, in words. */
const becauseOf = ({ pause, source, state, trouble }: Schedule): string | undefined => {
  switch (state) {
    case "paused":
      return pause === undefined
        ? undefined
        : `${pause.ofAll ? "with all others, " : ""}by ${pause.by}: ${pause.reason}`
    case "orphaned":
      return source === "code" ? "no living worker declares it" : "no living worker has its action"
    case "broken":
      return trouble
    default:
      return undefined
  }
}

const State = ({ schedule }: { readonly schedule: Schedule }) => {
  const { pause, state } = schedule
  const { sign, tone } = states[state]
  const because = becauseOf(schedule)
  return (
    <span>
      <span class={`status ${tone}`}>
        <span class="sign" aria-hidden="true">{sign}</span>
        {state}
      </span>{" "}
      {state === "paused" ? <Ago at={pause?.since} /> : null} {because === undefined
        ? null
        : <span class="break">{because}</span>}
    </span>
  )
}

const Times = ({ at, cron, everyMs }: Schedule) =>
  cron !== undefined
    ? <code>{cron}</code>
    : everyMs !== undefined
    ? <>every {lasting(everyMs)}</>
    : at === undefined
    ? null
    : (
      <span>
        once, <Ago at={at} />
      </span>
    )

const ActionOf = ({ action, actorId, actorType }: Schedule) => (
  <a href={to(["actions"], { actorType, actorId, name: action })}>
    <span class="name">
      <b>{action}</b> <span class="actor">{actorType}/{actorId}</span>
    </span>
  </a>
)

const labels: Partial<Readonly<Record<Verb["verb"], string>>> = { "Schedules.run": "Run now" }

const minute = 60_000
const day = 24 * 60 * minute

/** The verbs of one that make sense as it is. */
const ScheduleVerbs = (
  { only = () => true, schedule, then }: {
    readonly schedule: Schedule
    readonly then: () => void
    readonly only?: (verb: Verb["verb"]) => boolean
  }
) => {
  const { name, pause, state } = schedule
  // of its own: it can be paused while all are, and stays so then
  const isPaused = state === "paused" && pause?.ofAll === false
  const because = becauseOf(schedule)
  const until = Math.floor(now.value / minute) * minute
  return (
    <Verbs
      of="schedule"
      target={{
        given: { name },
        text: `schedule ${name}`,
        state: `It is ${state}${because === undefined ? "" : `, ${because}`}.`,
        initial: { from: new Date(until - day).toISOString(), to: new Date(until).toISOString() }
      }}
      only={(verb) => only(verb) && verb !== (isPaused ? "Schedules.pause" : "Schedules.resume")}
      label={(label, { verb }) => labels[verb] ?? label}
      then={then}
    />
  )
}

/** What is there to be done about all of them: they are paused, or may be. */
const All = ({ then }: { readonly then: () => void }) => {
  const pauses = useAsked<ReadonlyArray<Pause>>("pauses", (signal) => get("pauses", {}, signal))
  const pause = pauses.data?.find(({ kind }) => kind === "schedules")
  return (
    <p>
      {pause === undefined ? null : (
        <>
          <b>All schedules are paused</b> <Ago at={pause.since} /> by {pause.by}: {pause.reason}
          {" "}
        </>
      )}
      {pauses.data === undefined ? null : (
        <Verbs
          of="schedules"
          target={{
            given: {},
            text: "schedules",
            state: pause === undefined
              ? "Those of code and rows fire as they are."
              : "What was to fire in the pause is not caught up with."
          }}
          only={(verb) => verb === (pause === undefined ? "Schedules.pauseAll" : "Schedules.resumeAll")}
          then={() => {
            pauses.refresh()
            then()
          }}
        />
      )}
    </p>
  )
}

const isSwitch = (verb: Verb["verb"]): boolean => verb === "Schedules.pause" || verb === "Schedules.resume"

export const Schedules = ({ query }: { readonly query: Readonly<Record<string, string>> }) => {
  const { after } = query
  const schedules = useAsked<Page<Schedule>>(
    `schedules ${after ?? ""}`,
    (signal) => get("schedules", { after, limit: perPage }, signal)
  )
  const [name, setName] = useState("")
  return (
    <>
      <h1>Schedules</h1>
      <p class="lead">What is enqueued by the clock, in the order of their names.</p>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault()
          if (name !== "") go(["schedules", name])
        }}
      >
        <label>
          Name
          <input type="search" value={name} onInput={({ currentTarget }) => setName(currentTarget.value)} />
        </label>
        <button type="submit">Go to it</button>
      </form>
      <All then={schedules.refresh} />
      <Shown asked={schedules}>
        {({ items, next }) => (
          <>
            {items.length === 0
              ? <p class="empty">{after === undefined ? "There are no schedules." : "There are no more of them."}</p>
              : (
                <Table
                  caption="Schedules"
                  rows={items}
                  keyOf={({ name }) => name}
                  columns={[
                    {
                      name: "Schedule",
                      of: ({ name }) => <a class="break" href={to(["schedules", name])}>{name}</a>,
                      isWide: true
                    },
                    { name: "State", of: (schedule) => <State schedule={schedule} />, isWide: true },
                    { name: "Times", of: (schedule) => <Times {...schedule} /> },
                    { name: "Zone", of: ({ zone }) => zone ?? "" },
                    { name: "Action", of: (schedule) => <ActionOf {...schedule} />, isWide: true },
                    { name: "Next", of: (schedule) => <Ago at={firesNext(schedule)} /> },
                    { name: "Last", of: ({ lastSlot }) => <Ago at={lastSlot} /> },
                    { name: "Of", of: ({ source }) => source },
                    {
                      name: "Do",
                      of: (schedule) => <ScheduleVerbs schedule={schedule} only={isSwitch} then={schedules.refresh} />
                    }
                  ]}
                />
              )}
            <Onward path="schedules" query={query} next={next} />
          </>
        )}
      </Shown>
    </>
  )
}

/** What is paused fires at none of its times. */
const firesNext = ({ firesAt, state }: Schedule): string | undefined => state === "paused" ? undefined : firesAt

const catchUpOf = ({ catchUp }: Schedule): string => {
  if (catchUp === "none") return "nothing"
  return catchUp === "latest"
    ? "the last one that was missed"
    : `${catchUp.max} at most, of ${lasting(catchUp.windowMs)}`
}

const About = ({ schedule }: { readonly schedule: ScheduleDetail }) => {
  const { arguments: args, jitterMs, lastSlot, source, until, zone } = schedule
  const firesAt = firesNext(schedule)
  return (
    <Section id="about" title="About it">
      <Facts
        facts={[
          { name: "State", value: <State schedule={schedule} /> },
          { name: "Times", value: <Times {...schedule} /> },
          { name: "Zone", value: zone },
          { name: "Enqueues", value: <ActionOf {...schedule} /> },
          { name: "Fires next", value: firesAt === undefined ? undefined : <When at={firesAt} /> },
          { name: "Last slot", value: lastSlot === undefined ? undefined : <When at={lastSlot} /> },
          { name: "Catches up with", value: catchUpOf(schedule) },
          { name: "Later by up to", value: jitterMs === undefined ? undefined : lasting(jitterMs) },
          { name: "Until", value: until === undefined ? undefined : <When at={until} /> },
          { name: "Declared", value: source === "code" ? "in code" : "as a row" }
        ]}
      />
      <Stored label="Arguments" payload={args} />
    </Section>
  )
}

const Next = ({ schedule: { next, state, trouble } }: { readonly schedule: ScheduleDetail }) => (
  <Section id="next" title="Next">
    {next.length === 0
      ? (
        <p class="empty">
          {trouble === undefined ? "None comes any more." : `It cannot be read, and fires nothing: ${trouble}`}
        </p>
      )
      : (
        <>
          {state === "active" ? null : <p class="soft">It is {state}: none of them fires as it is.</p>}
          <Table
            caption="Slots that come next"
            rows={next}
            keyOf={({ slot }) => slot}
            columns={[
              { name: "Slot", of: ({ slot }) => <When at={slot} /> },
              { name: "Fires", of: ({ firesAt }) => <Ago at={firesAt} /> }
            ]}
          />
        </>
      )}
  </Section>
)

const History = ({ name }: { readonly name: string }) => {
  const [limit, setLimit] = useState(20)
  const history = useAsked<Page<FiredSlot>>(
    `history ${name} ${limit}`,
    (signal) => get("schedule/history", { name, limit }, signal)
  )
  return (
    <Section id="history" title="What it has enqueued">
      <Shown asked={history}>
        {({ items, next }) =>
          items.length === 0 ? <p class="empty">Nothing, or its history has been deleted.</p> : (
            <>
              <Table
                caption="Slots that were enqueued"
                rows={items}
                keyOf={({ action }) => action}
                columns={[
                  { name: "Slot", of: ({ byHand, slot }) => byHand ? "by hand" : <When at={slot} /> },
                  { name: "Enqueued", of: ({ at }) => <Ago at={at} /> },
                  {
                    name: "Status",
                    of: ({ status }) =>
                      status === undefined ? <span class="soft">not kept</span> : <Status status={status} />
                  },
                  { name: "Action", of: ({ action }) => <ShortId id={action} /> }
                ]}
              />
              {next === undefined
                ? null
                : limit < pageMost
                ? <button type="button" onClick={() => setLimit(Math.min(pageMost, limit * 5))}>Show more</button>
                : <p class="soft">It has enqueued more than these {pageMost}.</p>}
            </>
          )}
      </Shown>
    </Section>
  )
}

export const SchedulePage = ({ name }: { readonly name: string }) => {
  const schedule = useAsked<ScheduleDetail>(`schedule ${name}`, (signal) => get("schedule", { name }, signal))
  const target = `schedule ${name}`
  const operations = useAsked<Page<Operation>>(
    `operations ${target}`,
    (signal) => get("operations", { target, limit: 100 }, signal)
  )
  const refresh = () => {
    schedule.refresh()
    operations.refresh()
  }
  return (
    <>
      <div class="title">
        <h1>{name}</h1>
        <p>
          <a href={to(["schedules"])}>all schedules</a>
        </p>
      </div>
      <Shown asked={schedule} rows={6}>
        {(known) => (
          <>
            <div class="asked">
              <ScheduleVerbs schedule={known} only={(verb) => verb !== "Schedules.remove"} then={refresh} />
              <details>
                <summary>More</summary>
                <p>
                  <ScheduleVerbs schedule={known} only={(verb) => verb === "Schedules.remove"} then={refresh} />
                </p>
              </details>
            </div>
            <About schedule={known} />
            <Next schedule={known} />
          </>
        )}
      </Shown>
      <History name={name} />
      {operations.data?.items.length === 0 ? null : (
        <Section id="operations" title="What operators have done">
          <Shown asked={operations}>{({ items }) => <OperationsTable rows={items} />}</Shown>
        </Section>
      )}
    </>
  )
}
