/**
 * The command line: what is on call looks at, and acts on, from a shell.
 *
 * It needs `@effect/platform-node`, but for its help and for `init`, and stands apart from `stepped`, so that programs do not load it.
 *
 * @since 0.1.0
 */
import { Presenter } from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { checkingCommands } from "./checking.ts"
import { globalFlags } from "./connection.ts"
import { devCommands } from "./dev.ts"
import { explainCommands } from "./explaining.ts"
import { exitCodes, Stopped } from "./failures.ts"
import { forgetCommands } from "./forgetting.ts"
import { initCommands } from "./init.ts"
import { maintenanceCommands } from "./maintenance.ts"
import { overviewCommands } from "./overview.ts"
import { pauseCommands } from "./pausing.ts"
import { presenting } from "./presenting.ts"
import { pruneCommands } from "./pruning.ts"
import { readingCommands } from "./reading.ts"
import { runningCommands } from "./running.ts"
import { scheduleCommands } from "./schedules.ts"
import { serveCommands } from "./serve.ts"
import { tellingCommands } from "./telling.ts"
import { verbCommands } from "./verbs.ts"

/**
 * The command with all that it can do.
 *
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make("stepped").pipe(
  Command.withDescription(
    "Durable trees of actions: what is stuck and why, what failed and since when, and what to do about it"
  ),
  Command.withSubcommands([
    { group: "Looking", commands: [...readingCommands, ...explainCommands, ...overviewCommands] },
    { group: "Running", commands: [...runningCommands, ...serveCommands, ...devCommands, ...initCommands] },
    {
      group: "Acting",
      commands: [...verbCommands, ...pauseCommands, ...tellingCommands, ...forgetCommands, ...scheduleCommands]
    },
    { group: "Looking after it", commands: [...checkingCommands, ...maintenanceCommands, ...pruneCommands] }
  ]),
  Command.withGlobalFlags(globalFlags)
)

/**
 * Runs the command with what stands behind its name, and gives the code for the shell.
 *
 * **Details**
 *
 * 0: it is done. 1: it was understood, and there is nothing to it: what was asked for is not there, nothing was changed, the doctor has found something, or a module does not fit what is live. 2: what was given is
 * wrong. 3: the database cannot be asked, or its tables are not those of this version. 70: a fault of the command's own. What it says goes to the standard output, why it could not to the standard error.
 *
 * @category commands
 * @since 0.1.0
 */
export const run = (
  args: ReadonlyArray<string>,
  options: { readonly version: string }
): Effect.Effect<number, never, Command.Environment> =>
  Command.runWith(command, options)(args).pipe(
    Effect.provideService(Presenter, presenting(false)),
    Effect.as(exitCodes.done as number),
    Effect.catch((error) => {
      if (error instanceof Stopped) {
        return Effect.as(error.text === undefined ? Effect.void : Console.error(`stepped: ${error.text}`), error.code)
      }
      // help that was asked for, or what was wrong, is shown
      return Effect.succeed(error._tag === "ShowHelp" && error.errors.length === 0 ? exitCodes.done : exitCodes.usage)
    }),
    Effect.catchCause((cause) => Effect.as(Console.error("stepped: a fault of its own", cause), exitCodes.fault))
  )
