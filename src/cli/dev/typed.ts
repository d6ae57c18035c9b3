/** Commands that are typed into a program that runs: those of the shell, over the engine of that program. */
import { Console, type Context, Effect, Layer, Queue, Stdio, Terminal } from "effect"
import { CliOutput, Command } from "effect/cli"
import { checkRunning } from "../checking.ts"
import { globalFlags, RunningProgram } from "../connection.ts"
import { explainRunning } from "../explaining.ts"
import { Stopped } from "../failures.ts"
import { forgetCommands } from "../forgetting.ts"
import { maintenanceCommands } from "../maintenance.ts"
import { overviewCommands } from "../overview.ts"
import { pauseCommands } from "../pausing.ts"
import { presenting } from "../presenting.ts"
import { pruneCommands } from "../pruning.ts"
import { readingCommands } from "../reading.ts"
import { run } from "../running.ts"
import { scheduleCommands } from "../schedules.ts"
import { tellingCommands } from "../telling.ts"
import { verbCommands } from "../verbs.ts"
import type { Typed } from "./messages.ts"
import { wordsOf } from "./words.ts"

const command = Command.make("stepped").pipe(
  Command.withDescription("What is typed while a program runs: the commands of the shell, over its engine"),
  Command.withSubcommands([
    { group: "Looking", commands: [...readingCommands, explainRunning, ...overviewCommands] },
    { group: "Running", commands: [run] },
    {
      group: "Acting",
      commands: [...verbCommands, ...pauseCommands, ...tellingCommands, ...forgetCommands, ...scheduleCommands]
    },
    { group: "Looking after it", commands: [checkRunning, ...maintenanceCommands, ...pruneCommands] }
  ]),
  Command.withGlobalFlags(globalFlags)
)

const names = command.subcommands.flatMap(({ commands }) => commands.map(({ name }) => name)).filter((name) =>
  name !== "migrate"
)

const parse = Command.runWith(command, { version: "" })

/** What of the words is for a shell alone. */
const isForShell = (words: ReadonlyArray<string>): boolean =>
  words.includes("--watch") || words.includes("--wizard") || words[0] === "migrate"

/** Nobody is asked back: the line is all that there is. Tables are as wide as who has typed it sees them. */
const surroundings = (columns: number | undefined) =>
  Layer.merge(
    Layer.effect(
      Stdio.Stdio,
      Effect.map(Stdio.Stdio, (stdio) => ({
        ...stdio,
        stdinIsTerminal: Effect.succeed(false),
        stdoutIsTerminal: Effect.succeed(columns !== undefined)
      }))
    ),
    Layer.effect(
      Terminal.Terminal,
      Effect.map(Terminal.Terminal, (terminal) => ({ ...terminal, columns: Effect.succeed(columns ?? 0) }))
    )
  )

const runOne = ({ columns, line }: Typed, flags: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const words = wordsOf(line)
    if (words === undefined) return yield* Console.error("stepped: a quote is not closed")
    if (words.length === 0) return
    if (words.some((word) => /^--(url|folder|schema)\b/.test(word))) {
      return yield* Console.error(`stepped: ${words.join(" ")}: what is typed here is of the program that runs`)
    }
    if (isForShell(words)) return yield* Console.error(`stepped: ${words.join(" ")}: that is for a shell`)
    if (!names.includes(words[0]!)) {
      const help = words[0] === "help" ? "" : `stepped: there is no command ${words[0]} here. `
      return yield* Console.error(`${help}There are ${names.join(", ")}; with --help behind it each says what it takes`)
    }
    yield* parse([...flags, ...words]).pipe(
      Effect.catch((error) =>
        // help that was asked for, or what was wrong, is shown already
        error instanceof Stopped && error.text !== undefined ? Console.error(`stepped: ${error.text}`) : Effect.void
      ),
      Effect.catchCause((cause) => Console.error("stepped: a fault of its own", cause)),
      Effect.provideService(CliOutput.Presenter, presenting(true)),
      Effect.provide(surroundings(columns))
    )
  })

/** Runs what is typed, a line after the other; `flags` are for each of them. */
export const runningTyped = (
  typed: Queue.Dequeue<Typed>,
  services: Context.Service.Shape<typeof RunningProgram>,
  flags: ReadonlyArray<string>
) =>
  Effect.forever(Effect.flatMap(Queue.take(typed), (line) => runOne(line, flags))).pipe(
    Effect.provideService(RunningProgram, services)
  )
