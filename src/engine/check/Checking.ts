/**
 * Checking (rule 19.3): page by page through what is queued and live, each action asked what a worker with these definitions would ask, and what does
 * not fit added up; then through the schedules that are stored.
 */
import * as Effect from "effect/Effect"
import type { Check, CheckOptions } from "../../Check.ts"
import { argumentsCodec } from "../../domain/Codec.ts"
import { DefinitionError, InvalidOption, ResultsTooLarge, type StorageError } from "../../SteppedError.ts"
import type { LiveReads, StoredLive, UnreadSignal } from "../../store/Live.ts"
import { tookTooLong } from "../../store/Store.ts"
import * as BatchSize from "../BatchSize.ts"
import type { ClientContext } from "../client/context.ts"
import { type Performance, refOf, stepOf, takeUp } from "../perform/Performance.ts"
import { loadHead, loadPieces } from "../perform/results.ts"
import type { Reading } from "../perform/Surroundings.ts"
import type { Runnable } from "../Runnable.ts"
import { misfitsOf, slotProblems, unreadProblems } from "./fit.ts"
import { givenTo, laneProblem } from "./laneFit.ts"
import { inTime } from "./pages.ts"
import { issueOf, type Problem } from "./Problem.ts"
import { checkSchedules } from "./scheduleFit.ts"
import * as Tally from "./Tally.ts"

/** Actions of one page. */
const pageMost = 100
const samplesMost = 100

type Context = Pick<ClientContext, "now" | "registry" | "settings" | "store">

export const make =
  (engine: Context) => (options: CheckOptions): Effect.Effect<Check, StorageError | InvalidOption | DefinitionError> =>
    Effect.gen(function*() {
      const { now, registry, store } = engine
      const shows = { samples: yield* samplesOf(options.samples), payloads: options.payloads === true }
      const tally = Tally.make(shows)
      const missing = registry.missing()
      if (missing.length > 0) return yield* new DefinitionError({ message: missing.join("; ") })
      const at = new Date(yield* now)
      const last = yield* store.lastLive
      const size = BatchSize.make(pageMost)
      let from = firstId
      while (last !== undefined && from <= last) {
        const page = yield* pageFrom(engine, from, last, size)
        for (const live of page.rows) {
          tally.looked(live)
          tally.found(live, yield* ofAction(engine, live, tally))
        }
        yield* ofSignals(engine, page, tally)
        tally.pageEnds()
        const end = page.rows.at(-1)
        if (end === undefined) break
        from = idAfter(end.id)
      }
      return tally.check(at, yield* checkSchedules(engine, shows))
    })

const samplesOf = (given: number | undefined): Effect.Effect<number, InvalidOption> =>
  given === undefined || (Number.isInteger(given) && given >= 0 && given <= samplesMost)
    ? Effect.succeed(given ?? 3)
    : Effect.fail(
      new InvalidOption({
        option: "samples of Stepped.check",
        value: String(given),
        takes: `a whole number from 0 to ${samplesMost}`
      })
    )

const firstId = "00000000-0000-0000-0000-000000000000"

/** The next id in the order in which the database has them. */
const idAfter = (id: string): string => {
  const next = (BigInt(`0x${id.replaceAll("-", "")}`) + 1n).toString(16).padStart(32, "0")
  return [next.slice(0, 8), next.slice(8, 12), next.slice(12, 16), next.slice(16, 20), next.slice(20)].join("-")
}

// -------------------------------------------------------------------------------------------------------------------
// reading
// -------------------------------------------------------------------------------------------------------------------

interface Page {
  readonly rows: ReadonlyArray<StoredLive>
  /** What was sent to these and is not read, as far as it came with them. */
  readonly signals: ReadonlyArray<UnreadSignal>
}

const sentTo = (rows: ReadonlyArray<StoredLive>): ReadonlyArray<string> =>
  rows.filter(({ hasSignals }) => hasSignals).map(({ id }) => id)

/** At one moment. */
const pageFrom = (
  engine: Context,
  from: string,
  last: string,
  size: BatchSize.BatchSize
): Effect.Effect<Page, StorageError> =>
  inTime(size, (limit) =>
    engine.store.readLive((reads) =>
      Effect.gen(function*() {
        const rows = yield* reads.page(from, last, limit)
        const sent = sentTo(rows)
        return { rows, signals: sent.length === 0 ? [] : yield* reads.signalsAfter(sent, undefined) }
      })
    ))

/** Loads what a worker loads apart, at one moment. What has ended meanwhile is nothing. */
const loaded = (
  { now, registry, settings, store }: Context,
  id: string,
  taken: (live: StoredLive) => Performance | undefined
): Effect.Effect<Loaded | undefined, StorageError> =>
  store.readLive((reads) =>
    Effect.gen(function*() {
      const [live] = yield* reads.page(id, id, 1)
      if (live === undefined) return undefined
      if (live.isApart && live.begun === undefined) return { live: { ...live, ...yield* reads.argumentsOf(id) } }
      const performance = taken(live)
      if (performance === undefined || !live.isApart) return { live, performance }
      const env: Reading = { now, registry, settings, stored: reads }
      const head = yield* loadHead(performance, env)
      const whole = yield* Effect.catchTag(loadPieces(head, env), "ResultsTooLarge", Effect.succeed)
      // who waits outside is given none
      const problems = whole instanceof ResultsTooLarge && head.phase !== "outbound"
        ? [{ kind: "result", means: "fails", of: stepOf(head).name, problem: issueOf(whole) } as const]
        : []
      return {
        live: { ...live, arguments: head.encoded },
        performance: whole instanceof ResultsTooLarge ? { ...head, apart: false } : whole,
        problems: [...problems, ...yield* openProblems(head, reads, env)]
      }
    })
  )

interface Loaded {
  readonly live: StoredLive
  readonly performance?: Performance | undefined
  readonly problems?: ReadonlyArray<Problem>
}

/** Of what a step waits for that does not come with its results. */
const openProblems = (performance: Performance, reads: LiveReads, env: Reading) =>
  Effect.gen(function*() {
    const found: Array<Problem> = []
    if (performance.phase !== "waiting" || performance.outcome !== undefined) return found
    const { id, step } = performance
    const row = performance.detail?.steps.find(({ index }) => index === step) ?? stepOf(performance)
    for (let after = -1;;) {
      const piece = yield* reads.slotsAfter(id, step, after)
      if (piece.length === 0) return found
      for (const slot of piece) {
        if (slot.status !== undefined && slot.signal === undefined && slot.asValue === undefined) continue
        const settled = {
          ...slot,
          step,
          result: slot.result === null ? null : JSON.parse(slot.result) as unknown,
          cause: slot.cause === null ? null : JSON.parse(slot.cause)
        }
        found.push(...yield* slotProblems(performance, settled, row.name, env))
      }
      after = piece.at(-1)!.slot
    }
  })

// -------------------------------------------------------------------------------------------------------------------
// one action
// -------------------------------------------------------------------------------------------------------------------

/** As a worker takes it in hand. */
const taken = (live: StoredLive, runnable: Runnable, at: number): Performance => {
  const { actorId, arguments: args, attempts, begun, definition, depth, id } = live
  const action = { action: id, definition, actorId, attempts, arguments: args, depth }
  const ref = refOf(runnable.actor, actorId)
  return begun === undefined
    ? takeUp({ ...action, _tag: "Started", waitedMs: 0, timeoutAt: undefined, trace: undefined }, runnable, ref, at)
    : takeUp({ ...action, ...begun, _tag: "Continued" }, runnable, ref, at)
}

const ofAction = (
  engine: Context,
  live: StoredLive,
  tally: Tally.Tally
): Effect.Effect<ReadonlyArray<Problem>, StorageError> =>
  Effect.gen(function*() {
    const { registry } = engine
    const runnable = registry.byKey(live.definition)
    if (runnable === undefined) {
      return [{ kind: "definition", means: "waits", problem: "no worker of this program takes it" }]
    }
    const at = yield* engine.now
    const begin = yield* Effect.result(Effect.try({
      try: () => taken(live, runnable, at),
      catch: () => undefined
    }))
    const queue = queueProblems(engine, live)
    if (begin._tag === "Failure") {
      return [
        { kind: "actor", means: "fails", problem: "the stored id cannot be read", payload: live.actorId },
        ...queue
      ]
    }
    const found: Loaded | undefined | "late" = live.isApart
      ? yield* Effect.catchIf(
        loaded(engine, live.id, (now) => now.begun === undefined ? undefined : taken(now, runnable, at)),
        tookTooLong,
        () => Effect.succeed("late" as const)
      )
      : { live, performance: begin.success }
    // it has ended meanwhile
    if (found === undefined) return []
    if (found === "late") {
      return [{
        kind: "unread",
        means: "unknown",
        problem: "reading what it has come to takes longer than a statement may"
      }]
    }
    const performance = found.performance ?? taken(found.live, runnable, at)
    const env: Reading = { ...engine, stored: nothingApart }
    return [
      ...yield* misfitsOf(performance, env),
      ...found.problems ?? [],
      ...yield* laneProblems(found.live, runnable, performance, tally),
      ...queue
    ]
  })

/** All of it is there by then. */
const nothingApart: Reading["stored"] = {
  whatOf: () => Effect.undefined,
  resultsAfter: () => Effect.succeed([]),
  slotsAfter: () => Effect.succeed([]),
  memosAfter: () => Effect.succeed([]),
  sentAfter: () => Effect.succeed([]),
  awaitedAfter: () => Effect.succeed([]),
  earlierAfter: () => Effect.succeed([])
}

/** Only what waits in its queue is taken from there; what goes on is, too, but it is taken first by whoever has it. */
const queueProblems = ({ registry }: Context, { queue, state }: StoredLive): ReadonlyArray<Problem> =>
  state !== "queued" || registry.all().some(({ definition }) => definition.queue === queue)
    ? []
    : [{ kind: "queue", means: "notice", of: queue, problem: `it waits in the queue ${queue}` }]

const laneProblems = (live: StoredLive, runnable: Runnable, { outcome }: Performance, tally: Tally.Tally) =>
  Effect.gen(function*() {
    if (outcome !== undefined) return []
    const encoded = givenTo(live, runnable)
    const given = encoded === undefined
      ? undefined
      : yield* Effect.option(Effect.catchDefect(
        Effect.suspend(() => argumentsCodec(runnable.definition.arguments).decode(encoded)),
        Effect.fail
      ))
    // that they cannot be read is said
    if (given?._tag === "None") return []
    const problem = laneProblem(live, runnable, given?.value as ReadonlyArray<unknown> | undefined)
    if (problem === "unknown") tally.laneLeftOut()
    return problem === undefined || problem === "unknown" ? [] : [problem]
  })

// -------------------------------------------------------------------------------------------------------------------
// signals
// -------------------------------------------------------------------------------------------------------------------

/** Of a page's actions what was sent and nobody has read: by pieces, each of which is what is there then. */
const ofSignals = (engine: Context, { rows, signals }: Page, tally: Tally.Tally) =>
  Effect.gen(function*() {
    const byId = new Map(rows.map((live) => [live.id, live]))
    let ids = sentTo(rows)
    for (let piece = signals; piece.length > 0;) {
      for (const signal of piece) {
        const live = byId.get(signal.action)!
        const runnable = engine.registry.byKey(live.definition)
        tally.signal()
        // whose end is decided reads none
        if (runnable === undefined || live.begun?.detail?.outcome !== undefined) continue
        tally.found(live, yield* unreadProblems(runnable, signal))
      }
      const end = piece.at(-1)!
      ids = ids.slice(ids.indexOf(end.action))
      piece = yield* engine.store.readLive((reads) => reads.signalsAfter(ids, end))
    }
  })
