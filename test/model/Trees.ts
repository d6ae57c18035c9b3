/**
 * Random scenarios, and definitions that do in a real engine what the plans in their arguments say.
 *
 * For every test that wants arbitrary trees: `scenarios` makes them, a `World` defines and records them, `Model.ts` says what must come
 * of them, and `brokenRules` what must hold whatever came of them.
 */
import { type Context, Effect, Exit, Layer, Option, References, Result, Schema, SchemaTransformation } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { deepStrictEqual } from "node:assert/strict"
import { isDeepStrictEqual } from "node:util"
import { ActionRepo, Step, Stepped } from "stepped"
import type {
  ActionHandle,
  ActionRecord,
  ActorRef,
  Actors,
  AfterStatus,
  AnyAction,
  AnyActions,
  AnyActorClass,
  Child,
  Engine,
  EnqueueError
} from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { examined } from "../harness/observing.ts"
import { patienceMs } from "../patience.ts"
import {
  actorNames,
  afterwardsPlace,
  attemptInWords,
  begunOnly,
  callbacksOf,
  childPlace,
  type Deed,
  type Ending,
  isAsked,
  isTransactional,
  keyOf,
  mayFail,
  nameOf,
  type Op,
  type Outcome,
  outcomes,
  type Plan,
  type Replaceable,
  replaced,
  type Scenario,
  type Shape,
  startPlace,
  stepNames,
  stepOf,
  type StepPlan,
  type StoredAction
} from "./Model.ts"

// ---------------------------------------------------------------------------------------------------------------------
// random scenarios
// ---------------------------------------------------------------------------------------------------------------------

/** The first value is the one to shrink to. */
const weighted = <A>(...values: ReadonlyArray<readonly [weight: number, value: A]>): fc.Arbitrary<A> =>
  fc.oneof({ withCrossShrink: true }, ...values.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))

const shape: fc.Arbitrary<Shape> = fc.record({
  steps: weighted<0 | 1 | 2>([5, 1], [2, 0], [3, 2]),
  before: weighted([5, false], [1, true]),
  outbound: weighted([6, false], [1, true]),
  callbacks: weighted<Shape["callbacks"]>([5, "none"], [1, "all"], [1, "some"]),
  success: weighted<Shape["success"]>([3, "void"], [1, "number"])
})

const seconds = fc.integer({ min: 1, max: 9 })
const checksum = weighted<Replaceable["checksum"]>([5, null], [6, 1], [2, 2], [1, false], [1, ""])

const on = fc.oneof(
  { withCrossShrink: true },
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.uniqueArray(fc.integer({ min: -1, max: actorNames.length - 1 }), { maxLength: 3 }) }
)

const started = (depth: number): fc.Arbitrary<Deed> =>
  fc.record({ _tag: fc.constant("Start" as const), plan: planOf(depth), on })

const child = (depth: number): fc.Arbitrary<Deed> =>
  fc.record({
    _tag: fc.constant("Child" as const),
    plan: planOf(depth),
    on,
    attempted: weighted([4, false], [1, true])
  })

const deed = (depth: number): fc.Arbitrary<ReadonlyArray<Deed>> =>
  fc.oneof(
    { withCrossShrink: true },
    { weight: 1, arbitrary: fc.constant([]) },
    ...depth === 0 ? [] : [
      { weight: 8, arbitrary: child(depth - 1).map((one) => [one]) },
      { weight: 3, arbitrary: child(depth - 1).map((one) => [one, one]) }
    ],
    ...depth === 0 ? [] : [{ weight: 1, arbitrary: started(depth - 1).map((one) => [one]) }],
    { weight: 1, arbitrary: fc.constant<ReadonlyArray<Deed>>([{ _tag: "Once" }]) },
    { weight: 3, arbitrary: seconds.map((n): ReadonlyArray<Deed> => [{ _tag: "Wait", seconds: n }]) },
    { weight: 1, arbitrary: fc.constant<ReadonlyArray<Deed>>([{ _tag: "MarkFailed" }]) },
    { weight: 1, arbitrary: fc.constant<ReadonlyArray<Deed>>([{ _tag: "Replace" }]) }
  )

const stepPlan = (depth: number): fc.Arbitrary<StepPlan> =>
  fc.record({
    deeds: fc.array(deed(depth), { minLength: depth < 2 ? 0 : 1, maxLength: depth === 0 ? 1 : 3, size: "max" }).map((
      deeds
    ) => deeds.flat()),
    end: weighted<StepPlan["end"]>([24, "well"], [1, "fail"], [1, "die"]),
    gives: weighted<StepPlan["gives"]>([2, "number"], [1, "child"]),
    skipped: weighted([5, false], [1, true])
  })

const replaceable = (depth: number, steps: number): fc.Arbitrary<Replaceable> =>
  fc.record({
    steps: fc.array(stepPlan(depth), { minLength: steps, maxLength: steps }),
    failing: weighted([6, 0], [1, 1], [1, 2], [1, 3]),
    checksum
  })

/** A plan whose tree has at most `depth` further levels. */
export const planOf = (depth: number): fc.Arbitrary<Plan> =>
  shape.chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      lane: weighted<string | null>([6, null], [1, "lane 1"], [1, "lane 2"], [1, "lane 3"]),
      checksumKey: weighted<string | null>([6, null], [2, "key 1"], [1, "key 2"]),
      timeout: fc.oneof({ withCrossShrink: true }, { weight: 6, arbitrary: fc.constant(null) }, {
        weight: 1,
        arbitrary: seconds
      }),
      effectful: weighted([8, false], [1, true]),
      broken: weighted<Plan["broken"]>([60, null], [1, "lane"], [1, "checksum"], [1, "timeout"]),
      before: weighted<Plan["before"]>([4, "go"], [1, "cancel"], [2, "complete"], [2, "replace"], [1, "fail"], [
        1,
        "die"
      ]),
      other: fc.oneof(
        { withCrossShrink: true },
        { weight: 3, arbitrary: fc.constant(null) },
        { weight: 1, arbitrary: replaceable(Math.max(0, depth - 1), Math.max(1, shape.steps)) }
      ),
      afterwards: depth === 0 || shape.callbacks === "none"
        ? fc.constant(null)
        : fc.oneof(
          { withCrossShrink: true },
          { weight: 4, arbitrary: fc.constant(null) },
          { weight: 1, arbitrary: planOf(0) }
        ),
      number: fc.integer({ min: 1, max: 9 }),
      outside: weighted<Plan["outside"]>([4, "succeeded"], [1, "failed"], [1, "cancelled"], [1, "timed_out"], [
        2,
        "ignored"
      ]),
      rest: replaceable(depth, Math.max(1, shape.steps))
    }).map(({ rest, ...plan }): Plan => ({ ...plan, ...rest }))
  )

export type Invoke = Op & { readonly _tag: "Invoke" }
type Cancel = Op & { readonly _tag: "Cancel" }

const invoke: fc.Arbitrary<Invoke> = fc.record({
  _tag: fc.constant("Invoke" as const),
  actor: fc.integer({ min: 0, max: actorNames.length - 1 }),
  plan: planOf(3)
})

/** Invokes, as a root, what is somewhere in the trees before it: the same work, asked for twice. */
interface Echo {
  readonly _tag: "Echo"
  readonly of: number
}

const op: fc.Arbitrary<ReadonlyArray<Op | Echo>> = fc.oneof(
  { weight: 4, arbitrary: invoke.map((one) => [one]) },
  { weight: 4, arbitrary: fc.constant<ReadonlyArray<Op>>([{ _tag: "Perform" }]) },
  { weight: 3, arbitrary: fc.nat(20).map((of) => [{ _tag: "Echo" as const, of }]) },
  {
    weight: 1,
    arbitrary: seconds.map((n): ReadonlyArray<Op> => [{ _tag: "Advance", seconds: n }, { _tag: "Perform" }])
  },
  { weight: 2, arbitrary: fc.nat(7).map((handle): ReadonlyArray<Op> => [{ _tag: "Cancel", handle }]) }
)

/** All invocations of a tree, if everything in it is performed. */
const within = (op: Invoke): ReadonlyArray<Invoke> => [
  op,
  ...op.plan.steps.flatMap(({ deeds }) => deeds).flatMap((deed) =>
    deed._tag === "Child"
      ? (deed.on ?? [op.actor]).filter((actor) => actor >= 0).flatMap((actor) =>
        within({ ...op, actor, plan: deed.plan })
      )
      : []
  )
]

const withEchoes = <A extends Op>(ops: ReadonlyArray<A | Echo>): ReadonlyArray<A | Invoke> =>
  ops.map((op, i): A | Invoke => {
    if (op._tag !== "Echo") return op
    const before = ops.slice(0, i).flatMap((other) => other._tag === "Invoke" ? within(other as Invoke) : [])
    return before[op.of % before.length]!
  })

/** Invocations of random trees, and what somebody outside does in between. */
export const scenarios: fc.Arbitrary<Scenario> = fc.tuple(
  invoke,
  fc.array(op, { maxLength: 7, size: "max" }).map((ops) => ops.flat())
).map(([first, rest]) => withEchoes([first, ...rest]))

/** Trees that are performed beside each other, and what is cancelled meanwhile. */
export const crowds: fc.Arbitrary<ReadonlyArray<Invoke | Cancel>> = fc.tuple(
  invoke,
  fc.array(fc.oneof(invoke, fc.nat(20).map((of): Echo => ({ _tag: "Echo", of }))), { maxLength: 5, size: "max" }),
  fc.array(fc.nat(5), { maxLength: 2 })
).map(([first, rest, cancelled]) => [
  ...withEchoes<Invoke>([first, ...rest]),
  ...cancelled.map((handle): Cancel => ({ _tag: "Cancel", handle }))
])

/** A scenario for people: what differs from a plan that simply ends well. */
export const show = (scenario: Scenario): string =>
  scenario.flatMap((op): ReadonlyArray<string> => {
    switch (op._tag) {
      case "Invoke":
        return [`invoke on ${actorNames[op.actor]}: ${showPlan(op.plan, 1)}`]
      case "Perform":
        return ["perform"]
      case "Advance":
        return [`advance ${op.seconds} s`]
      case "Cancel":
        return [`cancel handle ${op.handle}`]
    }
  }).join("\n")

const showPlan = (plan: Plan, level: number): string => {
  const about = [
    ...plan.lane === null ? [] : [`in ${plan.lane}`],
    ...plan.checksum === null ? [] : [`checksum ${JSON.stringify(plan.checksum)}`],
    ...plan.checksumKey === null ? [] : [`under ${plan.checksumKey}`],
    ...plan.timeout === null ? [] : [`timeout ${plan.timeout} s`],
    ...plan.effectful ? ["keys by effects"] : [],
    ...plan.broken === null ? [] : [`${plan.broken} throws`],
    ...plan.shape.before ? [`before: ${plan.before}`] : [],
    ...plan.shape.outbound ? [`outside: ${plan.outside}`] : [],
    ...plan.failing === 0 ? [] : [`failing callbacks ${plan.failing.toString(2)}`]
  ]
  const indent = "  ".repeat(level)
  const steps = ({ steps }: Replaceable) =>
    steps.map(({ deeds, end, gives, skipped }, i) =>
      [
        `${indent}step ${i + 1} ends ${end}, gives a ${gives}${skipped ? ", is skipped where it is asked" : ""}`,
        ...deeds.map((deed) =>
          "plan" in deed
            ? `${indent}  ${deed._tag === "Start" ? "start, " : ""}${
              deed.on === null ? "do" : `on ${deed.on.map((n) => actorNames[n] ?? "nobody").join(", ")}`
            }${deed._tag === "Child" && deed.attempted ? ", as an attempt," : ""} ${showPlan(deed.plan, level + 2)}`
            : `${indent}  ${deed._tag}${deed._tag === "Wait" ? ` ${deed.seconds} s` : ""}`
        )
      ].join("\n")
    )
  const { afterwards, other } = plan
  return [
    [nameOf(plan.shape), ...about].join(", "),
    ...steps(plan),
    ...afterwards === null ? [] : [`${indent}afterwards starts ${showPlan(afterwards, level + 1)}`],
    ...other === null
      ? []
      : [
        `${indent}replaced: checksum ${JSON.stringify(other.checksum)}, failing callbacks ${other.failing.toString(2)}`,
        ...steps(other)
      ]
  ].join("\n")
}

// ---------------------------------------------------------------------------------------------------------------------
// properties
// ---------------------------------------------------------------------------------------------------------------------

/** `STEPPED_TREES` says how many values a property is tried on, `STEPPED_SEED` repeats a run. */
export const trees = Number(process.env.STEPPED_TREES ?? 60)
export const seed = Number(process.env.STEPPED_SEED ?? 20_260_801)

/** Tries a property whose verdict is an effect; fails with the smallest value that breaks it, and how to repeat that. */
export const forAll = <A, E, R>(
  arbitrary: fc.Arbitrary<A>,
  property: (value: A) => Effect.Effect<void, E, R>,
  { inWords, ...options }: fc.Parameters<[A]> & { readonly inWords: (value: A) => string }
) =>
  Effect.contextWith((context: Context.Context<R>) =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(arbitrary, (value) => Effect.runPromiseWith(context)(property(value))),
        {
          seed,
          numRuns: trees,
          ...options,
          asyncReporter: async (run) => {
            if (!run.failed) return
            if (run.counterexample === null) throw new Error(`after ${run.numRuns} runs the time was over`)
            const cause = run.errorInstance
            const [smallest] = run.counterexample
            throw new Error(
              [
                `STEPPED_SEED=${run.seed}: number ${run.numRuns} breaks the property, and so does, made smaller ${run.numShrinks} times,`,
                inWords(smallest),
                JSON.stringify(smallest),
                cause instanceof Error ? cause.message : String(cause)
              ].join("\n"),
              { cause }
            )
          }
        }
      )
    )
  )

// ---------------------------------------------------------------------------------------------------------------------
// real definitions
// ---------------------------------------------------------------------------------------------------------------------

class One extends Stepped.Actor<One>()("One", { id: Schema.Int }) {}
class Two extends Stepped.Actor<Two>()("Two", { id: Schema.String }) {}

/** What a body or a hook fails with. */
export class Oops extends Schema.TaggedError<Oops>()("Oops", {}) {}

/** The actors of `actorNames`, or others in their place for trees that must not meet these. */
export const refsOf = (group: number): readonly [ActorRef, ActorRef, ActorRef] => [
  One.ref(2 * group + 1),
  One.ref(2 * group + 2),
  Two.ref(group === 0 ? "x" : `x${group}`)
]

const shapes: ReadonlyArray<Shape> = ([0, 1, 2] as const).flatMap((steps) =>
  [false, true].flatMap((before) =>
    [false, true].flatMap((outbound) =>
      (["none", "all", "some"] as const).flatMap((callbacks) =>
        (["void", "number"] as const).map((success): Shape => ({ steps, before, outbound, callbacks, success }))
      )
    )
  )
)

// Definitions that are made in a loop have no types of their own: these say what is used of them.
/** A body's third argument are the results before it, a callback's is the outcome. */
type Run = (place: string, plan: Plan, last: unknown) => Effect.Effect<unknown, Oops>

interface LooseAction extends AnyAction {
  readonly step: (
    name: string,
    body: Run,
    options: {
      readonly transactional: boolean
      readonly mayFail: boolean
      readonly when?: (place: string, plan: Plan) => unknown
    }
  ) => LooseAction
  readonly before: (hook: Run) => LooseAction
  readonly after: (statuses: ReadonlyArray<AfterStatus>, callback: Run) => LooseAction
}

interface LooseActions extends AnyActions {
  readonly client: Effect.Effect<
    (
      id: unknown
    ) => Readonly<Record<string, (place: string, plan: Plan) => Effect.Effect<ActionHandle, EnqueueError>>>,
    never,
    Engine
  >
  readonly toLayer: (build: Effect.Effect<Readonly<Record<string, Run>>>) => Layer.Layer<never, never, Engine>
}

export const looseActions = Stepped.actions as unknown as (
  actor: AnyActorClass,
  list: ReadonlyArray<AnyAction>
) => LooseActions

export interface World {
  /** Registers the definitions. */
  readonly layer: Layer.Layer<never, never, Engine>
  /** User code in the order in which it ran, as in `Outcome.log`. */
  readonly log: Array<string>
  /** Enqueues, or performs in the calling fiber as far as it goes at once. */
  readonly invoke: (
    op: Invoke,
    place: string,
    how?: "Later" | "Now"
  ) => Effect.Effect<ActionHandle, EnqueueError, Engine>
  /** Completes an action as its plan says. */
  readonly complete: (
    record: ActionRecord
  ) => Effect.Effect<boolean, Effect.Error<ReturnType<typeof Stepped.complete>>, Engine>
}

/** A step whose body runs. */
export interface RunningStep {
  readonly transactional: boolean
  /** Ends the step's own action; gives whether it did. */
  readonly cancel: Effect.Effect<boolean>
  /** Completes the step's own action as its plan says, where somebody outside may; gives how, if it did. */
  readonly complete: Effect.Effect<Ending | undefined> | undefined
}

export interface WorldOptions {
  /** The milliseconds that a plan's second takes. */
  readonly second: number
  /** What user code does with each entry of the log; writes it down if not given. */
  readonly ran?: (entry: string, step: RunningStep | undefined) => Effect.Effect<void>
  /** Trees of different groups have actors of their own; 0 if not given. */
  readonly groupOf?: (place: string) => number
  /** Characters that every fourth number takes when it is stored as a result; none if not given. */
  readonly padding?: number
}

/** Numbers as they are, or with some of them in the midst of much else. */
const numbers = (padding: number): Schema.Codec<number, unknown> =>
  padding === 0 ? Schema.Number : Schema.Struct({ number: Schema.Number, padding: Schema.String }).pipe(
    Schema.decodeTo(
      Schema.Number,
      SchemaTransformation.transform({
        decode: ({ number }) => number,
        encode: (number) => ({ number, padding: number % 4 === 0 ? "-".repeat(padding) : "" })
      })
    )
  )

/** Definitions for plans. */
export const makeWorld = (options: WorldOptions): World => {
  const log: Array<string> = []
  const ran = options.ran ?? ((entry) => Effect.sync(() => void log.push(entry)))
  const refs = (place: string) => refsOf(options.groupOf?.(place) ?? 0)
  const millis = (seconds: number) => seconds * options.second
  const success = numbers(options.padding ?? 0)

  const define = (actor: typeof One | typeof Two) => {
    const key = (place: string) =>
      Effect.map(actor as unknown as Effect.Effect<ActorRef>, ({ id, type }) => keyOf(place, `${type}/${id}`))
    const record = (place: string, what: (key: string) => string) =>
      Effect.flatMap(key(place), (key) => ran(what(key), undefined))
    const maybeEffect = <A>(plan: Plan, broken: Plan["broken"], value: A) => {
      if (plan.broken === broken) throw new Error(`${broken} is broken`)
      return plan.effectful ? Effect.succeed(value) : value
    }

    const running = (plan: Plan, transactional: boolean): RunningStep => {
      const action = actionOf(actor, plan.shape)
      const cancel = Effect.gen(function*() {
        const ref = yield* actor as unknown as Effect.Effect<ActorRef>
        const handle = yield* Stepped.handle(ref, action as never, (yield* Step).actionId)
        return yield* Effect.orDie(handle.cancel())
      })
      const complete = Effect.gen(function*() {
        const { outcome, status } = fromOutside(plan)
        const done = yield* Effect.orDie(
          Stepped.complete((yield* Step).actionId, action as never, outcome as never)
        )
        return Option.isSome(done) ? status : undefined
      })
      return {
        transactional,
        cancel: cancel as Effect.Effect<boolean>,
        complete: plan.shape.outbound ? complete as Effect.Effect<Ending | undefined> : undefined
      }
    }

    const end = ({ end }: StepPlan) =>
      end === "fail" ? Effect.fail(new Oops()) : end === "die" ? Effect.die(new Error("a defect")) : Effect.void

    const method = (name: string): Run => (place, plan) =>
      Effect.flatMap(
        key(place),
        (key) => ran(`step ${key} ${name}`, running(plan, false))
      ).pipe(
        Effect.andThen(end(stepOf(plan, 0))),
        Effect.as(plan.number)
      )

    const body = (index: number, name: string): Run => (place, plan, results) =>
      Effect.gen(function*() {
        const own = yield* key(place)
        yield* ran(
          `step ${own} ${name}${
            index === 0 ? "" : ` after ${earlier(plan, index, results as Readonly<Record<string, unknown>>)}`
          }`,
          running(plan, isTransactional(plan.shape, index))
        )
        const step = stepOf(plan, index)
        let slots = 0
        let starts = 0
        let onces = 0
        let first: Child<unknown> | undefined
        for (const deed of step.deeds) {
          switch (deed._tag) {
            case "Child": {
              const at = childPlace(own, index, slots, deed)
              const asks = deed.attempted ? Step.attempt : Step.do
              const children: ReadonlyArray<Child<unknown>> = deed.on === null
                ? [yield* asks(actionOf(actor, deed.plan.shape), at, deed.plan)]
                : yield* onActors(
                  deed.on.map((n) => refs(place)[n]),
                  deed.attempted ? Step.attemptOn : Step.on,
                  deed.plan,
                  at
                )
              slots += children.length
              first ??= children[0]
              break
            }
            case "Start": {
              const at = startPlace(own, index, starts, deed)
              starts += deed.on === null
                ? (yield* Step.start(actionOf(actor, deed.plan.shape), at, deed.plan)).length > 0 ? 1 : 0
                : (yield* onActors(deed.on.map((n) => refs(place)[n]), Step.startOn, deed.plan, at)).length
              break
            }
            case "Once": {
              const n = onces++
              yield* Step.once(`number ${n}`, ran(`once ${own} ${index}:${n}`, undefined))
              break
            }
            case "Wait":
              yield* Step.wait(millis(deed.seconds))
              slots++
              break
            case "MarkFailed":
              yield* Step.markFailed
              break
            case "Replace":
              yield* Step.setArguments(actionOf(actor, plan.shape), place, replaced(plan))
          }
        }
        yield* end(step)
        return step.gives === "child" && first !== undefined ? first : plan.number
      }) as Effect.Effect<unknown, Oops>

    const condition = (index: number) => (_: string, plan: Plan) => {
      const runs = !stepOf(plan, index).skipped
      return plan.effectful ? Effect.succeed(runs) : runs
    }

    const before: Run = (place, plan) =>
      Effect.andThen(
        record(place, (key) => `before ${key}`),
        Effect.suspend((): Effect.Effect<unknown, Oops> => {
          switch (plan.before) {
            case "go":
              return Effect.void
            case "cancel":
              return Effect.succeed({ cancel: true })
            case "complete":
              return Effect.succeed({ complete: plan.shape.success === "number" ? plan.number : undefined })
            case "replace":
              return Effect.succeed({ arguments: [place, replaced(plan)] })
            case "fail":
              return Effect.fail(new Oops())
            case "die":
              return Effect.die(new Error("a defect"))
          }
        })
      )

    const callback = (position: number): Run => (place, plan, ended) =>
      Effect.andThen(
        record(place, (key) => `callback ${key} ${position} ${(ended as { readonly status: Ending }).status}`),
        Effect.suspend(() => (plan.failing & (1 << position)) === 0 ? Effect.void : Effect.fail(new Oops()))
      ).pipe(
        Effect.andThen(
          position === 0 && plan.afterwards !== null ? startAfterwards(place, plan.afterwards) : Effect.void
        )
      )

    const startAfterwards = (place: string, plan: Plan) =>
      Effect.flatMap(
        key(place),
        (key) => Step.start(actionOf(actor, plan.shape), afterwardsPlace(key), plan)
      ) as Effect.Effect<unknown>

    const actions = new Map(shapes.map((shape) => {
      const name = nameOf(shape)
      let action = Stepped.action(name, {
        arguments: [Schema.String, Schema.Json],
        success: shape.success === "number" ? success : Schema.Void,
        error: Oops,
        outbound: shape.outbound,
        ...keys(maybeEffect, millis)
      }) as unknown as LooseAction
      if (shape.steps > 0) {
        for (const [index, name] of stepNames(shape).entries()) {
          action = action.step(name, body(index, name), {
            transactional: isTransactional(shape, index),
            mayFail: mayFail(shape, index),
            ...isAsked(shape, index) ? { when: condition(index) } : {}
          })
        }
      }
      if (shape.before) action = action.before(before)
      for (const [position, statuses] of callbacksOf(shape).entries()) {
        action = action.after(statuses, callback(position))
      }
      return [name, action as AnyAction] as const
    }))
    const methods = shapes.filter(({ steps }) => steps === 0).map((shape) =>
      [nameOf(shape), method(nameOf(shape))] as const
    )
    return { actions, methods, list: looseActions(actor, [...actions.values()]) }
  }

  const ones = define(One)
  const twos = define(Two)
  const of = (type: string) => type === "One" ? ones : twos
  const actionOf = (actor: { readonly type: string }, shape: Shape): AnyAction =>
    of(actor.type).actions.get(nameOf(shape))!

  /** One call for each type, since an action belongs to a list; their order is that of the plan. */
  const onActors = <A, R>(
    actors: ReadonlyArray<ActorRef | undefined>,
    on: (actors: Actors, action: AnyAction, ...args: Array<any>) => Effect.Effect<ReadonlyArray<A>, never, R>,
    plan: Plan,
    place: string
  ): Effect.Effect<ReadonlyArray<A>, never, R> =>
    Effect.map(
      Effect.forEach(actors, (ref) =>
        ref === undefined
          ? on(null, actionOf(One, plan.shape), place, plan)
          : on([ref], actionOf(ref, plan.shape), place, plan)),
      (found) => found.flat()
    )

  return {
    log,
    layer: Layer.merge(
      ones.list.toLayer(Effect.succeed(Object.fromEntries(ones.methods))),
      twos.list.toLayer(Effect.succeed(Object.fromEntries(twos.methods)))
    ),
    invoke: ({ actor, plan }, place, how = "Later") => {
      const ref = refs(place)[actor]!
      return Effect.flatMap(
        of(ref.type).list.client,
        (client) => client(ref.id)[`${nameOf(plan.shape)}${how}`]!(place, plan)
      )
    },
    complete: (record) => {
      const { outcome } = fromOutside(planIn(record))
      const action = of(record.actorType).actions.get(record.name)!
      return Effect.map(Stepped.complete(record.id, action as never, outcome as never), Option.isSome)
    }
  }
}

/** How somebody outside completes an action of this plan. */
const fromOutside = (plan: Plan) => {
  const status = plan.outside === "ignored" ? "succeeded" : plan.outside
  const outcome = status === "succeeded"
    ? Stepped.Outcome.succeeded(plan.shape.success === "number" ? plan.number : undefined)
    : { status }
  return { status, outcome }
}

const keys = (
  maybeEffect: <A>(plan: Plan, broken: Plan["broken"], value: A) => A | Effect.Effect<A>,
  millis: (seconds: number) => number
) => ({
  concurrencyKey: (_: string, plan: unknown) => maybeEffect(plan as Plan, "lane", (plan as Plan).lane),
  checksumKey: (_: string, plan: unknown) =>
    (plan as Plan).effectful ? Effect.succeed((plan as Plan).checksumKey) : (plan as Plan).checksumKey,
  checksum: (_: string, plan: unknown) => maybeEffect(plan as Plan, "checksum", (plan as Plan).checksum),
  timeout: (_: string, plan: unknown) => {
    const { timeout } = plan as Plan
    return maybeEffect(plan as Plan, "timeout", timeout === null ? undefined : millis(timeout)) as number
  }
})

const earlier = ({ shape }: Plan, index: number, results: Readonly<Record<string, unknown>>): string =>
  stepNames(shape).slice(0, index).map((name) => inWords(results[name])).join(", ")

const inWords = (given: unknown): unknown =>
  Result.isResult(given)
    ? attemptInWords(Result.isSuccess(given) ? { result: given.success } : undefined)
    : given ?? "nothing"

export const planIn = (record: ActionRecord): Plan => (record.arguments as [string, Plan])[1]

// ---------------------------------------------------------------------------------------------------------------------
// performing and looking
// ---------------------------------------------------------------------------------------------------------------------

/** Empties all tables but that of the workers, for the next scenario on the same engine. */
export const clear = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql.unsafe(
    "truncate stepped.jobs, stepped.live_actions, stepped.ended_actions, stepped.steps, stepped.slots, stepped.achievements, stepped.outcomes, stepped.abandoned_by, stepped.named_lanes, stepped.seats, stepped.pauses, stepped.resumed, stepped.memos, stepped.signals, stepped.retries, stepped.action_keys, stepped.operations, stepped.heals, stepped.schedules, stepped.schedule_versions, stepped.execution_parents, stepped.queue_elements, stepped.rate_limits"
  ))

/** Completes an action that waits for somebody outside, unless its plan says that nobody does, and that counts. */
const completeOne = (world: World, everything: boolean) => (record: ActionRecord) =>
  everything || planIn(record).outside !== "ignored" ? Effect.orDie(world.complete(record)) : Effect.succeed(false)

/** Performs a scenario in this fiber, as the model does, and looks at all that came of it. */
export const perform = (world: World, scenario: Scenario) =>
  Effect.gen(function*() {
    yield* clear
    world.log.length = 0
    const handles: Array<ActionHandle> = []
    const cancelled: Array<boolean> = []
    for (const op of scenario) {
      switch (op._tag) {
        case "Invoke":
          handles.push(yield* Effect.orDie(world.invoke(op, String(handles.length))))
          break
        case "Perform":
          yield* performDue
          break
        case "Advance":
          yield* TestClock.adjust(op.seconds * 1000)
          break
        case "Cancel":
          cancelled.push(yield* handles[op.handle % handles.length]!.cancel())
      }
    }
    const first = yield* Effect.exit(performSteppedActions({ outbound: completeOne(world, false) }))
    yield* TestClock.adjust("1 hour")
    yield* performSteppedActions({ outbound: completeOne(world, true) })
    const outcome = yield* observe(world, handles)
    return begunOnly({ ...outcome, drained: Exit.isSuccess(first), cancelled })
  })

/**
 * Lets whatever workers there are perform trees, cancels some on the way, and completes what waits for somebody outside, until nothing is
 * left to do. `name` tells these trees from others on the same database.
 */
export const letPerform = (world: World, name: string, crowd: ReadonlyArray<Invoke | Cancel>) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    world.log.length = 0
    const handles = yield* Effect.forEach(
      crowd.filter((op) => op._tag === "Invoke"),
      (op, i) => Effect.orDie(world.invoke(op, `${name}-${i}`)),
      { concurrency: "unbounded" }
    )
    for (const op of crowd) if (op._tag === "Cancel") yield* handles[op.handle % handles.length]!.cancel()
    const left = sql.unsafe<{ subject: string }>(
      `select concat_ws(' ', id, definition, arguments->>0, 'in', lane, 'status', status, 'phase', phase, 'step', step, 'token', token, 'outcome', outcome,
          (select string_agg(concat_ws(' ', 'waits for', o.child, o.due_at), ', ') from stepped.slots o where o.action = l.id and o.status is null)) as subject
        from stepped.live_actions l
        union all select concat_ws(' ', 'job', id, kind, action, definition, arguments->>0, 'priority', priority, 'token', token, 'due', due_at) from stepped.jobs
        union all select 'abandoned ' || action from stepped.abandoned_by`
    )
    const repo = yield* ActionRepo
    const complete = Effect.flatMap(
      repo.list({ statuses: ["performing"], limit: 10_000 }),
      (live) =>
        Effect.forEach(live.filter(({ outbound }) => outbound), completeOne(world, true), { concurrency: "unbounded" })
    )
    const look = Effect.andThen(complete, left)
    const deadline = performance.now() + patienceMs * 2 / 3
    while (true) {
      const rows = yield* look
      if (rows.length === 0) break
      if (performance.now() > deadline) {
        return yield* Effect.die(
          new Error(`nothing goes on with\n${rows.map(({ subject }) => `  ${subject}`).join("\n")}`)
        )
      }
      yield* Effect.sleep("10 millis")
    }
    return handles
  })

interface Row {
  readonly id: string
  readonly type: string
  readonly actor: string
  readonly name: string
  readonly place: string
  readonly status: string
  readonly superseded_by: string | null
  readonly good: number
  readonly bad: number
  readonly result: number | null
}

/** What awaiting a handle gives, in the words of the model. */
export const awaitInWords = (handle: ActionHandle): Effect.Effect<string> =>
  Effect.map(Effect.exit(handle.await as Effect.Effect<unknown, { readonly _tag: string }>), (exit) => {
    if (Exit.isSuccess(exit)) return exit.value === undefined ? "nothing" : String(exit.value)
    const reason = exit.cause.reasons[0]
    return reason?._tag === "Fail" ? (endings[reason.error._tag] ?? reason.error._tag) : String(exit.cause)
  })

/** All that is stored, in the words of the model. */
export const stored = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  // what else may be under way beside trees has numbers of its own, which are the same
  const actions = yield* sql.unsafe<Row>(
    `select id, actor_type as type, actor_id as actor, name, arguments->>0 as place, status, superseded_by,
      callbacks_succeeded as good, callbacks_failed as bad, coalesce(result->'number', result) as result
      from stepped.actions where actor_type in (${actorNames.map((name) => `'${name.split("/")[0]}'`).join()})`
  )
  const steps = Map.groupBy(
    yield* sql.unsafe<{ action: string; idx: number; name: string; status: string }>(
      "select action, idx, name, status from stepped.action_steps order by action, idx"
    ),
    ({ action }) => action
  )
  // a child that was never stored has no arguments to tell its place: the slot itself does
  const slots = Map.groupBy(
    yield* sql.unsafe<{ action: string; step: number; slot: number; child: string | null; status: number | null }>(
      "select action, step, slot, child, status from stepped.slots order by action, step, slot"
    ),
    ({ action, step }) => `${action} ${step}`
  )
  const achievements = yield* sql.unsafe<{ checksum_key: string; action: string }>(
    "select checksum_key, action from stepped.achievements"
  )
  const keys = new Map(actions.map((row) => [row.id, keyOf(row.place, `${row.type}/${row.actor}`)]))
  return {
    actions: actions.map((row): StoredAction => ({
      key: keys.get(row.id)!,
      definition: `${row.type}/${row.actor} ${row.name}`,
      status: row.status,
      supersededBy: row.superseded_by === null ? null : keys.get(row.superseded_by) ?? "nobody",
      callbacks: [row.good, row.bad] as const,
      result: row.result,
      steps: (steps.get(row.id) ?? []).map((step) => ({
        name: step.name,
        status: step.status,
        slots: (slots.get(`${row.id} ${step.idx}`) ?? []).map(({ child, status }) =>
          `${child === null ? "wait" : keys.get(child) ?? "unstored"} ${status === null ? "open" : statuses[status]}`
        )
      }))
    })).sort((a, b) => a.key < b.key ? -1 : 1),
    achievements: achievements.map(({ action, checksum_key }) => `${checksum_key} by ${keys.get(action)}`).sort()
  } satisfies Partial<Outcome>
})

/** What came of a scenario, in the words of the model. */
export const observe = (world: World, handles: ReadonlyArray<ActionHandle>) =>
  Effect.gen(function*() {
    return {
      handles: yield* Effect.forEach(handles, awaitInWords, { concurrency: "unbounded" }),
      ...yield* stored,
      log: [...world.log]
    } satisfies Partial<Outcome>
  })

const statuses = ["pending", "performing", "succeeded", "superseded", "cancelled", "failed", "timed_out", "deadlocked"]

const endings: Readonly<Record<string, string>> = {
  Oops: "failed",
  ActionFailed: "failed",
  Cancelled: "cancelled",
  TimedOut: "timed_out",
  Deadlocked: "deadlocked",
  IncompatibleResult: "incompatible"
}

// ---------------------------------------------------------------------------------------------------------------------
// what holds whatever came of it
// ---------------------------------------------------------------------------------------------------------------------

const rules: ReadonlyArray<readonly [rule: string, query: string]> = [
  ["no action is live", "select definition || ' ' || arguments::text from stepped.live_actions"],
  ["no job is left", "select definition || ' ' || kind from stepped.jobs"],
  ["nothing is left to be cancelled", "select action::text from stepped.abandoned_by"],
  ["nobody is in a named lane", "select lane || ' ' || action::text from stepped.seats"],
  ["no named lane is kept but for its rate", "select lane from stepped.named_lanes where starts is null"],
  ["every slot is settled", "select action::text from stepped.slots where status is null"],
  ["every step has ended", "select action::text from stepped.steps where status in (0, 1) or ended_at is null"],
  [
    "3.4: a step with a child that did not succeed, and was no attempt, is failed, or was cancelled",
    "select t.action::text from stepped.steps t where t.status = 2 and exists (select 1 from stepped.slots o where o.action = t.action and o.step = t.idx and o.attempt is not distinct from t.attempt and o.status <> 2 and o.error is null and not (coalesce(o.optional, false) and o.status = 6))"
  ],
  [
    "3.4: a marked step is failed, or was cancelled",
    "select action::text from stepped.steps where marked and status = 2"
  ],
  [
    "3.5: an action with a failed step is failed",
    "select e.id::text from stepped.ended_actions e join stepped.steps t on t.action = e.id where t.status = 5 and not coalesce(t.result ? '$failure', false) and e.status <> 5"
  ],
  [
    "3.5: nothing follows a step that did not succeed",
    `select t.action::text from stepped.steps t join stepped.steps n on n.action = t.action and n.idx > t.idx and n.undoes is null
      where t.status not in (2, 8) and not (t.status = 5 and coalesce(t.result ? '$failure', false))`
  ],
  [
    "10.1: what is undone is a step of an action that did not succeed",
    `select c.action::text from stepped.steps c join stepped.ended_actions e on e.id = c.action
      left join stepped.steps t on t.action = c.action and t.idx = c.undoes and t.undoes is null
      where c.undoes is not null and ((e.status not in (4, 5, 6) and e.unwound is null) or t.status is null or t.status = 8)`
  ],
  [
    "10.1, 18.2: steps are undone once, and from the last to the first, but for what has failed and is run again",
    `select c.action::text from stepped.steps c join stepped.steps n on n.action = c.action and n.idx > c.idx
      where c.status = 2 and ((n.undoes = c.undoes and (c.undo is null or n.undo is not null)) or (n.undoes > c.undoes
        and not exists (select 1 from stepped.steps f where f.action = n.action and f.undoes = n.undoes and f.idx < c.idx and f.status = 5)))`
  ],
  [
    "10.4, 18.2: what is unwound is a child of what has not succeeded, or is unwound itself, or has not succeeded and was undone again",
    `select e.id::text from stepped.ended_actions e left join stepped.ended_actions p on p.id = e.parent
      where e.unwound is not null and (p.status in (4, 5, 6) or p.unwound is not null or e.cause ? 'notUndone') is not true`
  ],
  [
    "10.4: once its step's children are unwound, a child is, or was left",
    `select e.id::text from stepped.steps c
      join stepped.ended_actions e on e.parent = c.action and e.parent_step = c.undoes
      where c.undo = 8 and c.status in (2, 5) and e.undo is not null and e.unwound is null and not exists (
        select 1 from stepped.slots o where o.action = c.action and o.step = c.idx and o.child = e.id and (o.undo = 3 or o.status = 7))`
  ],
  [
    "4.6: a cancelled step's action was ended from outside",
    `select e.id::text from stepped.ended_actions e join stepped.steps t on t.action = e.id
      where t.status = 4 and e.status not in (4, 6) and e.definition not like '%outbound%'`
  ],
  [
    "4.3: a slot counts its child as it ended",
    `select o.action::text from stepped.slots o join stepped.ended_actions e on e.id = o.child join stepped.steps t on t.action = o.action and t.idx = o.step
      where t.undo is distinct from 8 and o.status <> case when e.status = 2 and e.callbacks_failed > 0 then 5 else e.status end
        -- one that was given up, with its step or an attempt of it
        and not (o.status = 4 and (t.status in (4, 5) or o.attempt is distinct from t.attempt))`
  ],
  [
    "4.3: an achievement is the last success under its key",
    `select a.checksum_key from stepped.achievements a where not exists (select 1 from stepped.ended_actions e
      where e.id = a.action and e.status = 2 and e.callbacks_failed = 0 and e.checksum = a.checksum and coalesce(e.checksum_key, e.lane) = a.checksum_key)`
  ],
  [
    "2.5: a superseded action was never begun",
    "select id::text from stepped.ended_actions where status = 3 and (started_at is not null or exists (select 1 from stepped.steps t where t.action = id))"
  ],
  [
    "2.5: superseding ends in an action that ended",
    `select e.id::text from stepped.ended_actions e where e.status = 3 and (select f.state from stepped.outcomes_of(array[e.id]) f) <> 'ended'`
  ],
  [
    "2.6: deadlocked actions were not stored unless a sweep ended them",
    "select id::text from stepped.ended_actions where status = 7 and started_at is not null"
  ]
]

/** Only where one clock gave all times. */
const rulesOfOneClock: typeof rules = [
  [
    "2.5: of two actions in a lane the second starts when the first has ended",
    `select e.id::text from stepped.ended_actions e join stepped.ended_actions f on f.lane = e.lane and f.id <> e.id
      where e.started_at < f.started_at and f.started_at < e.ended_at`
  ]
]

/** The rules that what is stored breaks, each with what breaks it; nothing may be running any more. */
export const brokenRules = (options: { readonly oneClock: boolean }) =>
  Effect.gen(function*() {
    const all = options.oneClock ? [...rules, ...rulesOfOneClock] : rules
    const sql = yield* SqlClient.SqlClient
    const findings = yield* examined
    const rows = yield* sql.unsafe<{ readonly rule: number; readonly subject: string }>(
      all.map(([, query], i) => `select ${i} as rule, x.subject from (${query}) x(subject)`).join("\nunion all\n")
    )
    return [
      ...findings.map(({ invariant, problem, subject }) => `the doctor finds (${invariant}): ${subject} ${problem}`),
      ...rows.map(({ rule, subject }) => `${all[rule]![0]}: ${subject}`)
    ]
  })

/** The outcome that the model allows and that is nearest to the one that was seen. */
const nearest = (allowed: ReadonlyArray<Outcome>, seen: Outcome): Outcome =>
  allowed.find((one) => isDeepStrictEqual(one, seen)) ??
    allowed.find((one) => isDeepStrictEqual(one.log, seen.log)) ?? allowed[0]!

/** Performs a scenario, and fails where what came of it is not what the model allows. */
export const endsAsTheModelSays = (world: World) => (scenario: Scenario) =>
  Effect.gen(function*() {
    const allowed = outcomes(scenario)
    const seen = yield* perform(world, scenario)
    deepStrictEqual(yield* brokenRules({ oneClock: true }), [])
    // where the rules leave more orders open than can be tried, the rules above have to do
    if (allowed !== undefined) deepStrictEqual(seen, nearest(allowed, seen))
  })

/** What fails in these trees is meant to. */
export const silent = Layer.succeed(References.MinimumLogLevel, "None" as const)
