/** What is asked of the API, and how its answers look as JSON. Its types are those of the server, and nothing else of it is here. */
import type { VerbAnswer, VerbView } from "../../http/Api.ts"
import type * as Actions from "../../http/models/actions.ts"
import type * as Attending from "../../http/models/attention.ts"
import type * as Events from "../../http/models/events.ts"
import type * as Overview from "../../http/models/overview.ts"
import type * as Payloads from "../../http/models/payloads.ts"
import type * as Schedules from "../../http/models/schedules.ts"
import type * as Reasons from "../../http/models/why.ts"
import type { OperatorView } from "../../http/Operator.ts"
import { api } from "./settings.ts"

/** As JSON has it: times are texts. */
export type Sent<A> = A extends Date ? string
  : A extends (infer B)[] ? Array<Sent<B>>
  : A extends ReadonlyArray<infer B> ? ReadonlyArray<Sent<B>>
  : A extends object ? { readonly [K in keyof A]: Sent<A[K]> }
  : A

export type Action = Sent<typeof Actions.ActionSummary.Type>
export type ActionDetail = Sent<typeof Actions.ActionView.Type>
export type Step = Sent<typeof Actions.StepView.Type>
export type StepResult = Sent<typeof Actions.StepResultView.Type>
export type Tree = Sent<Actions.TreeView>
export type TreeStep = Tree["steps"][number]
export type Slot = TreeStep["slots"][number]
export type Execution = NonNullable<Tree["execution"]>
export type Sign = Sent<typeof Actions.SignalView.Type>
export type Count = Sent<typeof Actions.ActionCount.Type>
export type Failure = Sent<typeof Payloads.FailureView.Type>
export type Payload = typeof Payloads.Payload.Type
export type Pause = Sent<typeof Payloads.PauseView.Type>
export type Heartbeat = Sent<typeof Payloads.HeartbeatView.Type>
export type Why = Sent<typeof Reasons.WhyView.Type>
export type WhyAction = Sent<Reasons.WhyActionView>
export type Reason = Sent<Reasons.ReasonView>
export type Lane = Sent<typeof Overview.LaneView.Type>
export type Backlog = Sent<typeof Overview.BacklogView.Type>
export type Queued = Sent<typeof Overview.QueuedView.Type>
export type Worker = Sent<typeof Overview.WorkerView.Type>
export type Definition = Sent<typeof Overview.DefinitionView.Type>
export type AskedFor = Sent<typeof Overview.AskedView.Type>
export type Failures = Sent<typeof Overview.FailuresView.Type>
export type FailureGroup = Failures["groups"][number]
export type Operation = Sent<typeof Overview.OperationView.Type>
export type Schedule = Sent<typeof Schedules.ScheduleView.Type>
export type ScheduleDetail = Sent<typeof Schedules.ScheduleDetail.Type>
export type FiredSlot = Sent<typeof Schedules.FiredSlotView.Type>
export type Database = Sent<typeof Overview.DatabaseView.Type>
export type Finding = Sent<typeof Overview.FindingView.Type>
export type Attention = Sent<typeof Attending.AttentionView.Type>
export type Stuck = Attention["stuck"][number]
export type Happening = Sent<typeof Events.EventView.Type>
export type Verb = Sent<typeof VerbView.Type>
export type Answer = Sent<typeof VerbAnswer.Type>
export type Me = Sent<typeof OperatorView.Type>

export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly next?: string | number | undefined
}

/** A page of actions, which says where it has not looked further. */
export interface ActionPage extends Page<Action> {
  readonly next?: string | undefined
  readonly lookedUntil?: string | undefined
}

/** The API has not answered, or not with what was asked for. */
export class ApiError extends Error {
  readonly status: number
  readonly field: string | undefined
  constructor(status: number, message: string, field: string | undefined) {
    super(message)
    this.status = status
    this.field = field
  }
}

/** What a program has stored, or describes, is left as it is; elsewhere null is what is not given. */
const isAsStored = (key: string): boolean => ["value", "schema", "takes", "more", "filter", "plan"].includes(key)

const tidy = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(tidy)
  if (value === null || typeof value !== "object") return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, below]) =>
      isAsStored(key) ? [[key, below]] : below === null ? [] : [[key, tidy(below)]]
    )
  )
}

type Asked = Readonly<Record<string, string | number | boolean | ReadonlyArray<string> | undefined>>

const query = (asked: Asked): string => {
  const all = new URLSearchParams()
  for (const [key, value] of Object.entries(asked)) {
    if (value === undefined || value === "") continue
    for (const one of Array.isArray(value) ? value as ReadonlyArray<string> : [String(value)]) all.append(key, one)
  }
  const text = all.toString()
  return text === "" ? "" : `?${text}`
}

/** Relative to the page, wherever that is. */
export const address = (path: string, asked: Asked = {}): string =>
  new URL(`${api}api/${path}${query(asked)}`, location.href.replace(/#.*/, "")).href

const call = async (url: string, init: RequestInit): Promise<unknown> => {
  const answer = await fetch(url, { credentials: "same-origin", cache: "no-store", ...init }).catch(
    (error: unknown) => {
      if (error instanceof DOMException && error.name === "AbortError") throw error
      throw new ApiError(0, "The server does not answer. It is asked again.", undefined)
    }
  )
  const text = await answer.text()
  const body: unknown = (() => {
    try {
      return text === "" ? undefined : JSON.parse(text)
    } catch {
      return undefined
    }
  })()
  if (answer.ok) return tidy(body)
  const said = body as { readonly message?: unknown; readonly field?: unknown } | undefined
  throw new ApiError(
    answer.status,
    typeof said?.message === "string" && said.message !== ""
      ? said.message
      : `The server has answered ${answer.status}.`,
    typeof said?.field === "string" ? said.field : undefined
  )
}

export const get = <A>(path: string, asked: Asked = {}, signal?: AbortSignal): Promise<A> =>
  call(address(path, asked), signal === undefined ? {} : { signal }) as Promise<A>

export const post = <A>(path: string, payload: unknown, headers: Readonly<Record<string, string>> = {}): Promise<A> =>
  call(address(path), {
    method: "POST",
    headers: { ...payload === undefined ? {} : { "content-type": "application/json" }, ...headers },
    ...payload === undefined ? {} : { body: JSON.stringify(payload) }
  }) as Promise<A>

/** All that one looks through is at most so much. */
export const pageMost = 1000

/** The newest of what is asked for, a page after the other, as long as there is room. */
export const newest = async (asked: Asked, most: number, signal?: AbortSignal): Promise<ReadonlyArray<Action>> => {
  const found: Array<Action> = []
  let after: string | undefined
  do {
    const limit = Math.min(pageMost, most - found.length)
    const page: ActionPage = await get("actions", { ...asked, after, limit }, signal)
    found.push(...page.items)
    after = page.next
  } while (after !== undefined && found.length < most)
  return found
}

export const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error)
