/** A program's module, for commands that take one. */
import { Effect } from "effect"
import { Argument } from "effect/cli"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { type App, isApp } from "../App.ts"
import { exitCodes, type LibraryError, Stopped, stoppedBy, usage } from "./failures.ts"

export const module = Argument.String("module").pipe(
  Argument.withDescription("A module that exports `stepped`, a Stepped.app")
)

/**
 * Where a module is wrong: Node puts a mistake's lines before the stack, under the file's address or, in a package without a type, its path; of what a
 * module throws, the first line of a stack says it.
 */
const placeOf = (error: unknown): string => {
  const stack = error instanceof Error ? error.stack ?? "" : ""
  const place = /^(?:file:|\/|[A-Z]:\\)[^]*?(?=\n\s*\w*Error\b)/.exec(stack)?.[0] ??
    /^\s+at (?:.* \(|async )?(file:(?!.*node_modules)[^)\n]+)/m.exec(stack)?.[1]
  return place === undefined ? "" : `\n${place.trimEnd()}`
}

/** What Node says of a file that it cannot load as it is: something else may be able to. A mistake is one for everybody. */
const needsMore = new Set([
  "ERR_MODULE_NOT_FOUND",
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_UNSUPPORTED_DIR_IMPORT",
  "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING",
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"
])

const adviceOn = (error: unknown): string =>
  error instanceof Error && "code" in error && needsMore.has(String(error.code))
    ? ". It is JavaScript, or TypeScript of which Node strips the types by itself; for anything else, " +
      "NODE_OPTIONS=--import names who loads it"
    : ""

/** What a module exports as `stepped`. */
export const load = (module: string): Effect.Effect<App, Stopped> =>
  Effect.flatMap(
    Effect.tryPromise({
      try: () => import(pathToFileURL(resolve(module)).href) as Promise<{ readonly stepped?: unknown }>,
      catch: (error) =>
        usage(
          `${module} does not load: ${error instanceof Error ? error.message : String(error)}${adviceOn(error)}${
            placeOf(error)
          }`
        )
    }),
    ({ stepped }) =>
      isApp(stepped)
        ? Effect.succeed(stepped)
        : usage(`${module} exports no \`stepped\`: export const stepped = Stepped.app({ actions })`)
  )

const isLibraryError = (u: unknown): u is LibraryError =>
  typeof u === "object" && u !== null && "_tag" in u && "message" in u

/** Why a program does not start: what the library says of it, or a fault that is not the command's to know. */
export const doesNotStart = (module: string) => (error: unknown): Stopped =>
  isLibraryError(error)
    ? stoppedBy(error)
    : new Stopped({ code: exitCodes.fault, text: `${module} does not start: ${String(error)}` })
