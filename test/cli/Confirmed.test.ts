/** Asking before much is changed. */
import { assert, it } from "@effect/vitest"
import {
  type Cause,
  ConfigProvider,
  Console,
  Effect,
  FileSystem,
  Layer,
  Option,
  Path,
  Queue,
  Stdio,
  Terminal
} from "effect"
import { confirmed } from "../../src/cli/confirmed.ts"
import { Output } from "../../src/cli/Output.ts"

/** A terminal at which somebody types that. */
const terminal = (letter: string) =>
  Layer.mock(Terminal.Terminal)({
    "~effect/Terminal": "~effect/Terminal",
    columns: Effect.succeed(80),
    display: () => Effect.void,
    readInput: Effect.map(Queue.make<Terminal.UserInput, Cause.Done>(), (queue) => {
      const key = { name: letter, ctrl: false, meta: false, shift: false }
      Queue.offerUnsafe(queue, { input: Option.some(letter), key })
      return queue
    })
  })

/** What is said where errors are, until it is confirmed. */
const asking = (json: boolean) =>
  Effect.gen(function*() {
    const errors: Array<string> = []
    const console: Console.Console = Object.assign(Object.create(globalThis.console), {
      error: (line: string) => errors.push(line)
    })
    yield* confirmed("cancel 3 actions?", "Car/visit, queued: 3").pipe(
      Effect.provide(Layer.provideMerge(
        Output.layer({ json, payloads: false, local: false }),
        Layer.mergeAll(
          FileSystem.layerNoop({}),
          Path.layer,
          terminal("y"),
          Stdio.layerTest({ stdinIsTerminal: Effect.succeed(true), stdoutIsTerminal: Effect.succeed(false) }),
          ConfigProvider.layer(ConfigProvider.fromUnknown({}))
        )
      )),
      Effect.provideService(Console.Console, console)
    )
    return errors
  })

it.effect("what is asked about is seen by a person also where a program reads what is printed", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* asking(true), ["Car/visit, queued: 3"])
    // it was printed already
    assert.deepStrictEqual(yield* asking(false), [])
  }))
