/**
 * What test/RULES.md says of lanes with policies (14.1, 14.2, 15.2 to 15.6, 15.8), as a small machine in memory: no effects, no SQL, no
 * concurrency.
 *
 * A scenario is lanes, and what somebody outside does: enqueues visits to them, ends and cancels them, pauses and resumes, lets time
 * pass. A visit performs until somebody ends it. The machine performs as one caller does: what time has brought, then what is queued.
 */

export interface LanePlan {
  readonly whenBusy: "line" | "supersede" | "reject" | "cancelRunning" | "debounce"
  readonly limit: number
  /** Of a line alone. */
  readonly maxPending: number | null
  /** Where there is superseding: whoever waits for a superseded visit is told. */
  readonly tells: boolean
  /** Of a lane that debounces alone: the start is put off for so many seconds, and no longer than so many. */
  readonly wait: number
  readonly maxWait: number | null
  /** So many starts in so many seconds. */
  readonly rate: { readonly limit: number; readonly seconds: number } | null
}

export interface VisitPlan {
  /** Lanes by number, counted among those there are; see `lanesOf`. */
  readonly lanes: ReadonlyArray<number>
  readonly priority: number
  /** Seconds. */
  readonly delay: number
  readonly checksum: number | null
  /** It has a callback for being cancelled: until that has run it performs. */
  readonly hooked: boolean
}

export type PausePlan = number | "plain" | "hooked" | "queue" | "everything"

export type LaneOp =
  | { readonly _tag: "Enqueue"; readonly visit: VisitPlan }
  /** All that is due is performed; after every other operation but an enqueueing, too. */
  | { readonly _tag: "Perform" }
  /** By so many ms, or until something is due, or a millisecond less. */
  | { readonly _tag: "Advance"; readonly by: number | "due" | "almost due" }
  /** Of those who perform one is completed from outside, counted from who has performed longest. */
  | { readonly _tag: "End"; readonly which: number }
  /** Of all that have not ended one is cancelled. */
  | { readonly _tag: "Cancel"; readonly which: number }
  /** A lane by its number, a definition, the queue, or everything. */
  | { readonly _tag: "Pause"; readonly what: PausePlan }
  /** Of what is paused one is resumed, counted from the oldest. */
  | { readonly _tag: "Resume"; readonly which: number }

/** After its last operation everything is resumed, and ended by and by. */
export interface LaneScenario {
  readonly lanes: ReadonlyArray<LanePlan>
  readonly ops: ReadonlyArray<LaneOp>
}

/** What an operation comes to, for whoever does the same elsewhere. */
export type LaneDeed =
  | Extract<LaneOp, { readonly _tag: "Enqueue" | "Perform" | "Pause" }>
  | { readonly _tag: "Advance"; readonly by: number }
  | { readonly _tag: "End" | "Cancel"; readonly visit: Visit }
  | { readonly _tag: "Resume"; readonly what: PausePlan }

/** A lane that has to be an action's only one. */
export const isSole = ({ whenBusy }: LanePlan): boolean => whenBusy === "cancelRunning" || whenBusy === "debounce"

const supersedes = ({ whenBusy }: LanePlan): boolean => whenBusy === "supersede" || isSole({ whenBusy } as LanePlan)

/** One name has one setting in a program. */
export const laneName = ({ limit, maxPending, maxWait, rate, tells, wait, whenBusy }: LanePlan): string =>
  [
    whenBusy,
    limit,
    ...whenBusy === "line" && maxPending !== null ? ["most", maxPending] : [],
    ...whenBusy === "debounce" ? ["wait", wait, ...maxWait === null ? [] : ["to", maxWait]] : [],
    ...supersedes({ whenBusy } as LanePlan) && tells ? ["tells"] : [],
    ...rate === null ? [] : ["rate", rate.limit, "in", rate.seconds]
  ].join("_")

/** The numbers of the lanes that a visit takes, in the order of their texts. */
export const lanesOf = (lanes: ReadonlyArray<LanePlan>, visit: VisitPlan): ReadonlyArray<number> => {
  const numbers = visit.lanes.map((n) => n % lanes.length)
  if (isSole(lanes[numbers[0]!]!)) return [numbers[0]!]
  const text = (n: number) => `${laneName(lanes[n]!)}\u0001${n}`
  return [...new Set(numbers.filter((n) => !isSole(lanes[n]!)))].sort((a, b) => text(a) < text(b) ? -1 : 1)
}

export type VisitStatus = "queued" | "pending" | "performing" | "succeeded" | "superseded" | "cancelled" | "unstored"

/** What is seen of a visit. */
export interface VisitState {
  readonly status: VisitStatus
  /** In ms. */
  readonly startedAt: number | null
  /** The visit that has superseded it. */
  readonly supersededBy: number | null
}

/** A visit on its way. */
export interface Visit {
  readonly number: number
  readonly plan: VisitPlan
  readonly lanes: ReadonlyArray<number>
  readonly enqueuedAt: number
  readonly delayedUntil: number | null
  /** Its number in the queue, and when it comes there. */
  queuedAs: number
  dueAt: number | null
  status: VisitStatus
  startedAt: number | null
  supersededBy: Visit | null
  /** Where its start is put off: since when, and until when. */
  since: number
  startsAt: number
  place: number
  /** Cancelled, while its callbacks have not run. */
  ending: boolean
  /** What its handle learns, if it is not what another one ends with. */
  answer: string | null
  /** The one that it has joined. */
  joined: Visit | null
}

const byTurn = (a: Visit, b: Visit) => a.plan.priority - b.plan.priority || a.place - b.place

export class LaneModel {
  private readonly visits: Array<Visit> = []
  private readonly paused = new Set<PausePlan>()
  /** The latest starts in each lane. */
  private readonly starts: Array<Array<number>>
  /** The last success, if nothing has started since. */
  private achieved: number | null = null
  private places = 0
  private jobs = 0

  private readonly lanes: ReadonlyArray<LanePlan>
  /** In ms. */
  private now: number

  constructor(lanes: ReadonlyArray<LanePlan>, now = 0) {
    this.lanes = lanes
    this.now = now
    this.starts = lanes.map(() => [])
  }

  // -------------------------------------------------------------------------------------------------------------------
  // what is seen
  // -------------------------------------------------------------------------------------------------------------------

  private get performing(): ReadonlyArray<Visit> {
    return this.visits.filter(({ ending, status }) => status === "performing" && !ending).sort((a, b) =>
      a.place - b.place
    )
  }

  /** Those that can be cancelled. */
  private get live(): ReadonlyArray<Visit> {
    return this.visits.filter(({ ending, status }) =>
      (status === "queued" || status === "pending" || status === "performing") && !ending
    )
  }

  seen(): ReadonlyArray<VisitState> {
    return this.visits.map(({ startedAt, status, supersededBy }) => ({
      status,
      startedAt,
      supersededBy: supersededBy === null ? null : supersededBy.number
    }))
  }

  /** What the handles' `await` gives in the end. */
  answers(): ReadonlyArray<string> {
    return this.visits.map((visit) => this.answerOf(visit))
  }

  private answerOf({ answer, joined, status, supersededBy }: Visit): string {
    const other = joined ?? supersededBy
    return answer ?? (other === null ? status : this.answerOf(other))
  }

  /** When something comes by itself. */
  private nextDue(): number | undefined {
    const times = this.visits.flatMap((visit) =>
      visit.status === "queued" && visit.dueAt !== null
        ? [visit.dueAt]
        : visit.status === "pending" && !this.isHeld(visit)
        ? [this.freeAt(visit)]
        : []
    ).filter((at) => at > this.now && at < Infinity)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // what somebody outside does
  // -------------------------------------------------------------------------------------------------------------------

  /** Does an operation, and performs what follows; gives what it came to, or nothing where there is nobody to do it to. */
  operate(op: LaneOp): LaneDeed | undefined {
    const deed = this.deedOf(op)
    switch (deed?._tag) {
      case undefined:
        return undefined
      case "Enqueue":
        this.enqueue(deed.visit)
        return deed
      case "Advance":
        this.now += deed.by
        break
      case "End":
        this.complete(deed.visit)
        break
      case "Cancel":
        this.cancel(deed.visit)
        break
      case "Pause":
        this.paused.add(deed.what)
        break
      case "Resume":
        this.paused.delete(deed.what)
    }
    this.perform()
    return deed
  }

  /** What brings everybody to an end, one after another; nothing, when it is done. */
  nextToEnd(): LaneOp | undefined {
    if (this.paused.size > 0) return { _tag: "Resume", which: 0 }
    if (this.visits.some(({ dueAt, status }) => status === "queued" && dueAt === null)) return { _tag: "Perform" }
    if (this.performing.length > 0) return { _tag: "End", which: 0 }
    return this.nextDue() === undefined ? undefined : { _tag: "Advance", by: "due" }
  }

  private deedOf(op: LaneOp): LaneDeed | undefined {
    const one = <A>(those: ReadonlyArray<A>, which: number): A | undefined => those[which % those.length]
    switch (op._tag) {
      case "Advance": {
        const due = (this.nextDue() ?? this.now) - this.now
        const by = op.by === "due" ? due : op.by === "almost due" ? due - 1 : op.by
        return by > 0 ? { _tag: "Advance", by } : undefined
      }
      case "End":
      case "Cancel": {
        const visit = one(op._tag === "End" ? this.performing : this.live, op.which)
        return visit && { _tag: op._tag, visit }
      }
      case "Pause":
        return { ...op, what: typeof op.what === "number" ? op.what % this.lanes.length : op.what }
      case "Resume": {
        const what = one([...this.paused], op.which)
        return what === undefined ? undefined : { _tag: "Resume", what }
      }
      default:
        return op
    }
  }

  private enqueue(plan: VisitPlan): void {
    const dueAt = plan.delay === 0 ? null : this.now + plan.delay * 1000
    this.visits.push({
      number: this.visits.length,
      plan,
      lanes: lanesOf(this.lanes, plan),
      enqueuedAt: this.now,
      delayedUntil: dueAt,
      queuedAs: this.jobs++,
      dueAt,
      status: "queued",
      startedAt: null,
      supersededBy: null,
      since: 0,
      startsAt: 0,
      place: 0,
      ending: false,
      answer: null,
      joined: null
    })
  }

  private complete(visit: Visit): void {
    visit.status = "succeeded"
    if (visit.plan.checksum !== null) this.achieved = visit.plan.checksum
    this.fill()
  }

  /** One that is queued waits for whoever performs to end it; others end now, or when their callbacks have run. */
  private cancel(visit: Visit): void {
    if (visit.status === "queued" || visit.plan.hooked) {
      visit.ending = true
      // who waits leaves its lanes at once
      if (visit.status === "pending") visit.status = "queued"
    } else visit.status = "cancelled"
    this.fill()
  }

  /** What time has brought; then what is queued, with callbacks at the end. */
  private perform(): void {
    const due = this.visits.filter(({ dueAt, ending, status }) =>
      status === "queued" && !ending && dueAt !== null && dueAt <= this.now
    )
    for (const visit of due.sort((a, b) => a.dueAt! - b.dueAt! || a.queuedAs - b.queuedAs)) {
      visit.dueAt = null
      visit.queuedAs = this.jobs++
    }
    this.fill()
    for (const lane of this.lanes.keys()) this.cancelFor(lane)
    const queued = this.visits.filter((visit) =>
      visit.status === "queued" && !visit.ending && visit.dueAt === null && !this.isHeld(visit, [])
    )
    for (
      const visit of queued.sort((a, b) => a.plan.priority - b.plan.priority || a.queuedAs - b.queuedAs)
    ) this.join(visit)
    for (const visit of this.visits) {
      if (!visit.ending) continue
      visit.ending = false
      visit.status = "cancelled"
    }
    this.fill()
  }

  // -------------------------------------------------------------------------------------------------------------------
  // lanes
  // -------------------------------------------------------------------------------------------------------------------

  private waiting(lane: number): ReadonlyArray<Visit> {
    return this.visits.filter(({ lanes, status }) => status === "pending" && lanes.includes(lane)).sort(byTurn)
  }

  private performers(lane: number): ReadonlyArray<Visit> {
    return this.visits.filter(({ lanes, status }) => status === "performing" && lanes.includes(lane))
      .sort((a, b) => a.place - b.place)
  }

  /** 15.8: because of its queue, its definition, or, where it waits in them, one of its lanes. */
  private isHeld({ lanes, plan }: Visit, among = lanes): boolean {
    return (["everything", "queue", plan.hooked ? "hooked" : "plain", ...among] as const)
      .some((what) => this.paused.has(what))
  }

  /** 15.6: when a window has room. */
  private rateFreeAt(lane: number): number {
    const { rate } = this.lanes[lane]!
    const starts = this.starts[lane]!
    return rate === null || starts.length < rate.limit
      ? -Infinity
      : starts[starts.length - rate.limit]! + rate.seconds * 1000
  }

  private hasSeat(lane: number): boolean {
    return this.performers(lane).length < this.lanes[lane]!.limit
  }

  /** 15.5: when one that waits may begin, if nobody ends or starts before. */
  private freeAt(visit: Visit): number {
    return Math.max(
      visit.startsAt,
      ...visit.lanes.map((lane) =>
        this.waiting(lane)[0] === visit && this.hasSeat(lane) ? this.rateFreeAt(lane) : Infinity
      )
    )
  }

  /** Lets begin whoever may: nobody overtakes, so that it does not matter whose turn is looked at first. */
  private fill(): void {
    for (let changed = true; changed;) {
      changed = false
      for (const visit of this.visits) {
        if (visit.status !== "pending" || this.isHeld(visit) || this.freeAt(visit) > this.now) continue
        visit.status = "performing"
        visit.startedAt = this.now
        for (const lane of visit.lanes) this.starts[lane]!.push(this.now)
        // 2.7
        this.achieved = null
        changed = true
      }
    }
  }

  /** 2.4, 2.5 b, then what the policies of its lanes say; 15.5: of all of them before anything changes. */
  private join(visit: Visit): void {
    const { checksum } = visit.plan
    const unstored = (answer: string | null) => {
      visit.status = "unstored"
      visit.answer = answer
    }
    if (checksum !== null && checksum === this.achieved) return unstored("succeeded")
    const same = this.sameAs(visit)
    if (same !== undefined) {
      visit.joined = same
      return unstored(null)
    }
    const refusal = this.refusalOf(visit)
    if (refusal !== undefined) return unstored(refusal)
    const superseding = visit.lanes.filter((lane) => supersedes(this.lanes[lane]!))
    // 14.2
    const newer =
      superseding.flatMap((lane) =>
        this.waiting(lane).filter((other) => isNewer(other, visit)).map((by) => ({ by, lane }))
      ).sort((a, b) =>
        Number(this.lanes[b.lane]!.tells) - Number(this.lanes[a.lane]!.tells) || a.by.place - b.by.place
      )[0]
    if (newer !== undefined) {
      return this.supersede(visit, newer.by, this.lanes[newer.lane]!.tells ? newer.lane : undefined)
    }
    const older = new Set(superseding.flatMap((lane) => this.waiting(lane)))
    // 15.3: the first of those whose start is put off says since when
    visit.since = Math.min(this.now, ...[...older].map(({ since }) => since))
    for (const old of older) {
      this.supersede(old, visit, superseding.find((lane) => this.lanes[lane]!.tells && old.lanes.includes(lane)))
    }
    const { maxWait, wait, whenBusy } = this.lanes[visit.lanes[0]!]!
    if (whenBusy === "debounce") {
      visit.startsAt = Math.min(this.now + wait * 1000, maxWait === null ? Infinity : visit.since + maxWait * 1000)
    }
    visit.status = "pending"
    visit.place = this.places++
    this.fill()
    this.cancelFor(visit.lanes[0]!)
  }

  /** Whom it joins: who performs, the longest there, or else the newest of those who wait; in a line the newest of all. */
  private sameAs({ lanes, plan }: Visit): Visit | undefined {
    if (plan.checksum === null) return undefined
    const found = lanes.flatMap((lane) => {
      const waiting = this.waiting(lane)
      const newest = waiting.reduce<ReadonlyArray<Visit>>(
        ([last], one) => last === undefined || one.place > last.place ? [one] : [last],
        []
      )
      return supersedes(this.lanes[lane]!) || waiting.length === 0
        ? [...newest, ...this.performers(lane)]
        : newest
    })
    return found.filter((other) => other.plan.checksum === plan.checksum)
      .sort((a, b) => Number(a.status === "pending") - Number(b.status === "pending") || a.place - b.place)[0]
  }

  /** 15.3: where it cannot begin at once, whether a lane turns it away. */
  private refusalOf({ lanes }: Visit): string | undefined {
    const text = (lane: number) => `${laneName(this.lanes[lane]!)}:${lane}`
    const busy = lanes.filter((lane) => {
      return !this.hasSeat(lane) || this.rateFreeAt(lane) > this.now ||
        this.paused.has("everything") || this.paused.has(lane) ||
        (!supersedes(this.lanes[lane]!) && this.waiting(lane).length > 0)
    })
    const rejecting = busy.find((lane) => this.lanes[lane]!.whenBusy === "reject")
    if (rejecting !== undefined) return `LaneBusy ${text(rejecting)}`
    const full = lanes.find((lane) => {
      const { maxPending, whenBusy } = this.lanes[lane]!
      return whenBusy === "line" && maxPending !== null && this.waiting(lane).length >= maxPending
    })
    return busy.length > 0 && full !== undefined ? `LaneFull ${text(full)}` : undefined
  }

  /** 15.4: who waits for it waits for the newer one, or is told, where a lane says so. */
  private supersede(old: Visit, by: Visit, tellingLane: number | undefined): void {
    old.status = "superseded"
    old.supersededBy = by
    if (tellingLane !== undefined) old.answer = `Superseded ${laneName(this.lanes[tellingLane]!)}:${tellingLane}`
  }

  /** 15.3: who has performed longest ends for who is next, where no seat is free, nobody is ending, and no pause holds that one. */
  private cancelFor(lane: number): void {
    if (this.lanes[lane]!.whenBusy !== "cancelRunning") return
    const next = this.waiting(lane)[0]
    const performers = this.performers(lane)
    if (next === undefined || this.isHeld(next) || this.hasSeat(lane) || performers.some(({ ending }) => ending)) return
    this.cancel(performers[0]!)
  }
}

/** 14.2: who is due later; of those that were not delayed who has the higher number in the queue. */
const isNewer = (a: Visit, b: Visit): boolean => {
  if (a.delayedUntil === null && b.delayedUntil === null) return a.queuedAs > b.queuedAs
  const dueOf = ({ delayedUntil, enqueuedAt }: Visit) => delayedUntil ?? enqueuedAt
  return (dueOf(a) - dueOf(b) || Number(a.delayedUntil === null) - Number(b.delayedUntil === null) ||
    a.queuedAs - b.queuedAs) > 0
}
