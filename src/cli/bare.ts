/** What the command stands on where `@effect/platform-node` is not installed: enough for its help, and for making a project, which asks nothing. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Sink from "effect/Sink"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"

const isTerminal = (stream: { readonly isTTY?: boolean }) => Effect.sync(() => stream.isTTY === true)

export const layer = Layer.mergeAll(
  FileSystem.layerNoop({}),
  Path.layer,
  Layer.mock(ChildProcessSpawner)({}),
  Layer.succeed(
    Stdio.Stdio,
    Stdio.make({
      args: Effect.sync(() => process.argv.slice(2)),
      stdinIsTerminal: isTerminal(process.stdin),
      stdoutIsTerminal: isTerminal(process.stdout),
      stderrIsTerminal: isTerminal(process.stderr),
      stdout: () => Sink.drain,
      stderr: () => Sink.drain,
      stdin: Stream.empty
    })
  ),
  Layer.mock(Terminal.Terminal)({
    "~effect/Terminal": "~effect/Terminal",
    columns: Effect.sync(() => process.stdout.columns ?? 0)
  })
)

/** Whether that is enough for what is asked for. */
export const isEnough = (args: ReadonlyArray<string>): boolean =>
  args.every((arg) => arg.startsWith("-")) || args[0] === "init" || args.includes("--help") || args.includes("-h")
