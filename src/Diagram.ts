/**
 * Definitions as a picture: steps, signals, compensations and children, as Mermaid text.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import type { AnyAction } from "./Action.ts"
import type { AskedRecord } from "./ActionRecord.ts"
import { ActionRepo } from "./ActionRepo.ts"
import { withInherited } from "./Actions.ts"
import type { StepKind } from "./domain/Phase.ts"
import type { AnyActions } from "./Engine.ts"
import type { InvalidQuery, StorageError } from "./SteppedError.ts"

/**
 * Of what a diagram is made beside the definitions.
 *
 * @category models
 * @since 0.1.0
 */
export interface DiagramOptions {
  /** How many of all stored actions are looked at for what steps have asked for, the newest first: 10,000 if not given, 100,000 at most. */
  readonly limit?: number | undefined
}

/**
 * Draws the actions of an actor, or of several, as a flowchart in Mermaid's language.
 *
 * **Details**
 *
 * What steps ask for, children and signals, is in their bodies, where nobody can read it: it is drawn as the newest stored actions have it
 * ({@link ActionRepo}'s `asked`). Definitions and the same history give the same text. Actions that are not among those given are drawn by
 * their name alone.
 *
 * **Example** (Drawing what a program can do)
 *
 * ```ts
 * import { Console, Effect, Schema } from "effect"
 * import { Stepped } from "stepped"
 *
 * class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
 * const park = Stepped.action("park").step("there", () => Effect.void)
 * const Cars = Stepped.actions(Car, [park])
 *
 * const draw = Effect.flatMap(Stepped.diagram(Cars), Console.log)
 * ```
 *
 * @category writing
 * @since 0.1.0
 */
export const diagram = (
  actions: AnyActions | ReadonlyArray<AnyActions>,
  options: DiagramOptions = {}
): Effect.Effect<string, StorageError | InvalidQuery, ActionRepo> =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const given = Array.isArray(actions) ? actions as ReadonlyArray<AnyActions> : [actions as AnyActions]
    const asked = yield* Effect.forEach(
      new Set(given.map(({ actor }) => actor.type)),
      (actorType) => repo.asked({ actorType, limit: options.limit })
    )
    const all = given.flatMap(({ actor, own, parent }) =>
      withInherited(own, parent).map((action) => ({ key: `${actor.type}/${action.name}`, action }))
    )
    const known = new Map(all.map(({ action, key }, number) => [key, charted(key, action, `a${number}`)]))
    return textOf([...known.values()], asked.flat())
  })

// -------------------------------------------------------------------------------------------------------------------
// internals
// -------------------------------------------------------------------------------------------------------------------

/** An action in the picture: its id there, and that of each of its steps and compensations. */
interface Charted {
  readonly key: string
  readonly id: string
  readonly action: AnyAction
  /** Never none: an action without steps has that of its method. */
  readonly steps: ReadonlyArray<ChartedStep>
}

interface ChartedStep {
  readonly id: string
  readonly name: string
  readonly kind: StepKind
  readonly undo: string | undefined
  readonly undoFailed: string | undefined
  readonly isPointOfNoReturn: boolean
  readonly unwinds: boolean
}

const charted = (key: string, action: AnyAction, id: string): Charted => {
  const { compensate, job, steps } = action.definition
  return {
    key,
    id,
    action,
    steps: steps.length === 0
      ? [{
        id: `${id}s0`,
        name: action.name,
        kind: job === undefined ? "method" : "job",
        undo: compensate === undefined ? undefined : `${id}u0`,
        undoFailed: undefined,
        isPointOfNoReturn: false,
        unwinds: false
      }]
      : steps.map(({ kind, name, policy }, i) => ({
        id: `${id}s${i}`,
        name,
        kind,
        undo: policy?.compensate === undefined ? undefined : `${id}u${i}`,
        undoFailed: policy?.compensateFailed === undefined ? undefined : `${id}f${i}`,
        isPointOfNoReturn: policy?.pointOfNoReturn === true,
        unwinds: policy?.unwind === true
      }))
  }
}

/** As Mermaid has it within quotes: what is no letter, digit or harmless is a code, so that no name ends a text or means something. */
const quoted = (text: string): string =>
  `"${text.replace(/[^\p{L}\p{N}_ /.:,-]/gu, (character) => `#${character.codePointAt(0)};`)}"`

const textOf = (all: ReadonlyArray<Charted>, history: ReadonlyArray<AskedRecord>): string => {
  const known = new Map(all.map((one) => [one.key, one]))
  // the history has actions that the definitions do not have any more
  const asked = history.filter((record) => known.has(keyOf(record)))
  const children = asked.flatMap(({ child }) => child === undefined ? [] : [keyOf(child)])
  const others = [...new Set(children)].filter((key) => !known.has(key)).sort()
  const otherIds = new Map(others.map((key, i) => [key, `o${i}`]))
  const edges = asked.flatMap(({ child, kind, signal, step, ...of }) => {
    const asking = known.get(keyOf(of))!
    const from = askingNode(asking, step, kind)
    if (signal !== undefined) {
      const at = asking.action.definition.signals.findIndex(({ name }) => name === signal)
      return at < 0 || from === undefined ? [] : [`${asking.id}w${at} --> ${from.id}`]
    }
    if (child === undefined) return []
    const to = known.get(keyOf(child))?.steps[0]!.id ?? otherIds.get(keyOf(child))
    const label = from === undefined ? `child of ${step}` : from.unwinds ? "child, unwound" : "child"
    return [`${from?.id ?? asking.steps[0]!.id} -->|${quoted(label)}| ${to}`]
  })
  return [
    "flowchart TB",
    ...all.flatMap(actionLines),
    ...others.map((key) => `  ${otherIds.get(key)}[[${quoted(key)}]]`),
    ...[...new Set(edges)].map((edge) => `  ${edge}`)
  ].join("\n")
}

const keyOf = ({ actorType, name }: { readonly actorType: string; readonly name: string }) => `${actorType}/${name}`

/** Which node has asked: a step, or what undoes it; none where the definition does not have it any more, or another module has put it there. */
const askingNode = (
  { steps }: Charted,
  name: string,
  kind: StepKind
): { readonly id: string; readonly unwinds: boolean } | undefined => {
  if (kind !== "compensation") return steps.find((step) => step.name === name && step.kind === kind)
  const id = steps.flatMap((step) => step.name === name ? step.undo ?? step.undoFailed ?? [] : [])[0]
  return id === undefined ? undefined : { id, unwinds: false }
}

const actionLines = ({ action, id, key, steps }: Charted): ReadonlyArray<string> => {
  const [first, ...following] = steps
  return [
    `subgraph ${id}[${quoted(key)}]`,
    ...steps.map((step) => `  ${step.id}[${quoted(stepText(step))}]`),
    ...following.map((step, i) => `  ${[first, ...following][i]!.id} --> ${step.id}`),
    ...steps.flatMap(({ id, name, undo, undoFailed }) => [
      ...undo === undefined ? [] : undoLines(id, undo, name, "undo"),
      ...undoFailed === undefined ? [] : undoLines(id, undoFailed, name, "undo where it failed")
    ]),
    ...action.definition.signals.map((signal, i) => `  ${id}w${i}[/${quoted(`signal ${signal.name}`)}/]`),
    "end"
  ].map((line) => `  ${line}`)
}

const stepText = ({ isPointOfNoReturn, name }: ChartedStep): string =>
  isPointOfNoReturn ? `${name}, point of no return` : name

const undoLines = (step: string, id: string, name: string, label: string): ReadonlyArray<string> => [
  `  ${id}([${quoted(`undo ${name}`)}])`,
  `  ${step} -.->|${quoted(label)}| ${id}`
]
