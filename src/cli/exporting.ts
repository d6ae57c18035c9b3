/** A file that what is deleted is kept in: JSON lines, on the disk before anything is gone. */
import { Effect, FileSystem, Path } from "effect"
import { exitCodes, Stopped } from "./failures.ts"

const text = new TextEncoder()

/** A file that lines are added to; what cannot be written ends the command. */
export interface Export {
  /** What was in it before, in bytes. */
  readonly before: number
  /** Adds lines, and waits until the disk has them. */
  readonly add: (lines: ReadonlyArray<string>) => Effect.Effect<void, Stopped>
}

/** Opens it, for its owner alone where it is new, and adds to what is there. */
export const exportTo = (path: string) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const file = yield* files.open(path, { flag: "a+", mode: 0o600 })
    const before = Number((yield* file.stat).size)
    // that there is such a file is to be on the disk, too; some systems have no word for it
    const folder = yield* files.open(paths.dirname(paths.resolve(path)))
    yield* Effect.ignore(folder.sync)
    const add = (lines: ReadonlyArray<string>) =>
      Effect.andThen(file.writeAll(text.encode(lines.map((line) => `${line}\n`).join(""))), file.sync)
    // a line that a crash has cut off stands by itself
    if (before > 0 && !(yield* endsALine(files, path, before))) yield* add([""])
    return { before, add: (lines) => lines.length === 0 ? Effect.void : failing(path, add(lines)) } satisfies Export
  }).pipe((opened) => failing(path, opened))

const endsALine = (files: FileSystem.FileSystem, path: string, size: number) =>
  Effect.scoped(Effect.gen(function*() {
    const file = yield* files.open(path)
    yield* file.seek(BigInt(size - 1), "start")
    const last = new Uint8Array(1)
    yield* file.read(last)
    return last[0] === 0x0a
  }))

const failing = <A, E extends { readonly message: string }, R>(path: string, effect: Effect.Effect<A, E, R>) =>
  Effect.mapError(
    effect,
    ({ message }) =>
      new Stopped({
        code: exitCodes.usage,
        text: `${path} cannot be written, and nothing more was deleted: ${message}`
      })
  )
