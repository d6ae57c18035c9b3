/** What the compiler says of programs with a mistake each. */
import { beforeAll } from "@effect/vitest"
import { join, resolve } from "node:path"
import { run, tsc } from "../run.ts"

const root = resolve(import.meta.dirname, "../..")
export const folder = join(import.meta.dirname, "fixtures")

const promise =
  `"an async function gives a promise, and no effect: write Effect.fn(function*() { … }), and promises inside Effect.promise"`

/** The line of the mistake, and the words that a reader finds in its message. */
export const mistakes: Readonly<Record<string, readonly [line: number, ...words: ReadonlyArray<string>]>> = {
  actorWithoutType: [4, "name the class: class Car extends Stepped.Actor<Car>()(…) {}"],
  asyncAddition: [4, promise],
  asyncBody: [4, promise],
  asyncCallback: [3, promise],
  asyncChecksum: [3, "the checksum is made of a promise, which JSON does not hold"],
  asyncHook: [3, promise],
  asyncJob: [3, promise],
  asyncMethod: [4, promise],
  asyncNamedBody: [4, promise],
  asyncPrepended: [4, promise],
  asyncStepValue: [3, promise],
  asyncThrowingBody: [3, promise],
  attemptAsResult: [6, "Operator '+' cannot be applied to types 'Result<number,"],
  attemptHandedOn: [6, `"step again: JSON does not hold its value, give the step { result: Schema }"`],
  attemptOrphan: [5, `"tour enqueues honk, which this actor does not have"`],
  attemptUndeclared: [
    6,
    `"the body fails with an error that the action does not declare: add it to { error }, or handle it"`
  ],
  bothLanes: [4, `"an action has concurrencyKey or concurrency, not both"`],
  collidingNames: [4, `"honkLater collides with what honk has on the client"`],
  foreignCallback: [5, `"park is not among these actions"`],
  compensateArgument: [
    5,
    "Types of parameters 'count' and 'result' are incompatible",
    "Type 'number' is not assignable to type 'string'"
  ],
  compensateAsync: [4, promise],
  compensateGives: [4, `"what undoes a step gives an effect"`],
  jobWithSteps: [4, "Property 'step' does not exist on type 'JobAction<"],
  lastStep: [6, `"the last step of count must return its success"`],
  listedTwice: [5, `"honk is listed twice"`],
  missingMethod: [4, "Property 'honk' is missing", `"the action honk has no steps: give its method"`],
  appWithoutService: [
    6,
    `"the actions need services that nobody gives: Layer.provide them to { actions }"`,
    "Garage"
  ],
  methodsForLayer: [5, `"use toLayer, and give a method for"`, `"drive"`, `"honk"`],
  missingMethodInGenerator: [4, "Property 'honk' is missing", `"the action honk has no steps: give its method"`],
  missingService: [6, "Type 'Garage' is not assignable to type 'Engine'"],
  missingServiceOfMethod: [9, "Type 'Garage' is not assignable to type 'never'"],
  misspeltMethod: [
    4,
    "Property 'honk' is missing",
    `"the action honk has no steps: give its method"`,
    `"honkk is not an action without steps"`
  ],
  notJson: [4, `"step leave: JSON does not hold 'at', give the step { result: Schema }"`],
  notOutbound: [4, `"drive is not outbound: it completes by itself"`],
  orphan: [5, `"tour enqueues honk, which this actor does not have"`],
  orphanInMethod: [5, `'Owns<"honk">'`],
  actionWith: [4, `"with cannot name an action: its client has a method of that name"`],
  actionExplain: [4, `"explain cannot name an action: its client has something of that name"`],
  actionThen: [4, `"then cannot name an action: its client would be taken for a promise"`],
  onceInCallback: [
    5,
    `"Step is available only in the body of a step: a callback has Step.start of it, and nothing else"`
  ],
  onceNotJson: [4, `"JSON does not hold what it gives: give Step.once { result: Schema }"`],
  onceWithStep: [4, `"Step is available only in the body of a step"`],
  onceWrongSchema: [4, `"it must give what the result schema holds"`],
  passedLast: [
    6,
    `"the last step of count may give undefined, as one with when or mayFail does, and must return its success"`
  ],
  passedLastValue: [
    6,
    `"the last step of count may give undefined, as one with when or mayFail does, and must return its success"`
  ],
  passedResult: [6, "'results.three' is possibly 'undefined'"],
  redactedChecksum: [6, "the checksum is made of a Redacted, which JSON does not hold"],
  // an argument is left out, and stands where the results were expected: no type can say that better
  resultsTooEarly: [6, "Property 'first' does not exist on type 'String'"],
  retryDefault: [7, "'NoPark' does not exist in type '{ readonly ActionFailed?: RetryRule<"],
  retryPolicy: [4, `Type '"always"' is not assignable to type 'Retry<StepFailure<never>, never>`],
  retryTag: [6, "'NoPark' does not exist in type '{ readonly ActionFailed?: RetryRule<"],
  retryTop: [6, "'NoParking' does not exist in type 'RetryPolicy<StepFailure<NoParking>, never>"],
  retryWhile: [6, "Property 'at' does not exist on type 'ActionFailed'"],
  setChecksum: [6, "the checksum is made of a Set, which JSON does not hold"],
  signalPayload: [5, "'string' is not assignable to"],
  signalReceived: [
    5,
    `"the step waits for the signal change, which the action does not list: add it to { signals }"`
  ],
  signalSend: [10, `Signal<"exported", `, `Signal<"approval", `],
  signalSendTo: [6, `"report does not list the signal approval"`],
  signalStepValue: [
    5,
    `"the step waits for the signal approval, which the action does not list: add it to { signals }"`
  ],
  signalUndeclared: [
    5,
    `"the signal parked may fail with an error that the action does not declare: add it to { error }"`
  ],
  signalUnlisted: [
    6,
    `"the step waits for the signal exported, which the action does not list: add it to { signals }"`
  ],
  tokenNotOutbound: [
    4,
    `"Step.token gives away the end of an action that is not outbound: it completes by itself, or is { outbound: true }"`
  ],
  tokenStepValue: [
    4,
    `"Step.token gives away the end of an action that is not outbound: it completes by itself, or is { outbound: true }"`
  ],
  tokenUnlisted: [
    5,
    `"the step waits for the signal exported, which the action does not list: add it to { signals }"`
  ],
  tokenWithoutKeys: [6, "Type 'Tokens' is not assignable to type 'Engine'"],
  heartbeatWithoutKeys: [6, "Type 'Tokens' is not assignable to type 'Engine'"],
  extendWithoutKeys: [5, "Type 'Tokens' is not assignable to type 'Engine'"],
  receiveWithoutKeys: [4, "Type 'Tokens' is not assignable to type 'Engine'"],
  soleLaneOfTwo: [5, "Type at position 1 in source", `Type '"sole"' is not assignable to type '"shared"'`],
  startInHook: [5, `"Step is available only in the body of a step"`],
  startInWhen: [7, `"Step is available only in the body of a step"`],
  startOfNobody: [7, `'Owns<"other">'`],
  startOrphan: [5, `"tour enqueues honk, which this actor does not have"`],
  startWrongArgument: [4, "Argument of type 'string' is not assignable to parameter of type 'number'"],
  stepInAddition: [
    4,
    `"Step is available only in the body of a step: a callback has Step.start of it, and nothing else"`
  ],
  stepInCallback: [
    4,
    `"Step is available only in the body of a step: a callback has Step.start of it, and nothing else"`
  ],
  stepInHook: [3, `"Step is available only in the body of a step"`],
  stepInJob: [4, `"Step is available only in the body of a step"`],
  stepOutside: [5, `Step' is not assignable to type 'never'`],
  stepTwice: [6, `"step first is defined twice"`],
  stepValueArguments: [5, `"step weigh takes other arguments than send"`],
  stepValueError: [6, `"step park fails with an error that visit does not declare: add it to { error }"`],
  stepValueNotJson: [4, `"step leave: JSON does not hold 'at', give the step { result: Schema }"`],
  stepValueOrphan: [5, `"tour enqueues honk, which this actor does not have"`],
  stepValueTwice: [6, `"step first is defined twice: take it under another name, with .named"`],
  superfluousMethod: [4, `"visit is not an action without steps"`],
  undeclaredError: [
    5,
    `"the body fails with an error that the action does not declare: add it to { error }, or handle it"`
  ],
  unknownResult: [6, "Property 'second' does not exist on type '{ readonly first: number; }'"],
  unstoredResult: [6, "leave is not stored: give the step { result: Schema }"],
  whenAsync: [4, promise],
  whenError: [6, `"when fails with an error that the action does not declare: add it to { error }, or handle it"`],
  whenGives: [4, `"when gives true or false, or an effect that does"`],
  whenInStep: [4, `"Step is available only in the body of a step"`],
  whenLast: [
    6,
    `"the last step of count may give undefined, as one with when or mayFail does, and must return its success"`
  ],
  whenValueError: [7, `"step park fails with an error that visit does not declare: add it to { error }"`],
  wrongActorId: [4, "Argument of type 'string' is not assignable to parameter of type 'number'"],
  wrongArgument: [4, "Argument of type 'string' is not assignable to parameter of type 'number'"],
  wrongBefore: [
    5,
    "Types of property 'arguments' are incompatible",
    "Type 'string' is not assignable to type 'number'"
  ],
  wrongChildArgument: [4, "Argument of type 'string' is not assignable to parameter of type 'number'"],
  keyedChild: [4, "Type 'string' is not assignable to type"],
  wrongEnqueuedArgument: [4, "Argument of type 'string' is not assignable to parameter of type 'number'"],
  wrongMethodResult: [4, "'drive(...)'", "Type 'string' is not assignable to type 'number'"],
  wrongOutcome: [6, "Types of property 'result' are incompatible", "Type 'number' is not assignable to type 'string'"],
  wrongReplacedArgument: [4, "Argument of type 'string' is not assignable to parameter of type 'number'"],
  wrongResultSchema: [4, `"the body must give what the result schema holds; children settle in steps without one"`]
}

/** The compiler's messages by file and line. */
export const messages = new Map<string, string>()

beforeAll(async () => {
  const output = await run(process.execPath, [tsc(root), "--pretty", "false", "--project", folder], { cwd: folder })
    .then(
      () => "",
      (error: Error) => error.message
    )
  let place = ""
  for (const line of output.split("\n").slice(1)) {
    place = /^([\w./]+)\.ts\((\d+),\d+\): error /.exec(line)?.slice(1).join(":") ?? place
    messages.set(place, `${messages.get(place) ?? ""}${line}\n`)
  }
})
