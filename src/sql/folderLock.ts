/** Who has a folder: its owner is named in a file, which counts as long as that process lives. */
import { Option, Schema } from "effect"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs/promises"

const Owner = Schema.Struct({
  pid: Schema.Int,
  /** Tells a process from a later one that was given the same id; empty where the system does not say. */
  startedAt: Schema.String,
  token: Schema.String
})
type Owner = typeof Owner.Type

const OwnerFile = Schema.fromJsonString(Owner)

/** Takes the lock, or returns the living owner that has it. */
export const takeLock = async (path: string): Promise<Owner | undefined> => {
  const owner: Owner = { pid: process.pid, startedAt: await startOf(process.pid), token: randomUUID() }
  const draft = `${path}.${owner.token}.draft`
  await Fs.writeFile(draft, Schema.encodeSync(OwnerFile)(owner))
  try {
    // A link, unlike a file that is created and then written, is there with all its content or not at all.
    while (!(await linked(draft, path))) {
      const present = await readOwner(path)
      if (present === undefined) continue
      if (await isAlive(present)) return present
      // Of all that find the same dead owner, one may remove its lock; otherwise the second would remove the lock that
      // the first has meanwhile taken.
      const remover = `${path}.${present.token}`
      const busy = await takeLock(remover)
      if (busy !== undefined) return busy
      try {
        if ((await readOwner(path))?.token === present.token) await Fs.rm(path)
      } finally {
        await Fs.rm(remover)
      }
    }
    return undefined
  } finally {
    await Fs.rm(draft)
  }
}

const linked = (from: string, to: string): Promise<boolean> =>
  Fs.link(from, to).then(() => true, (error) => {
    if (error.code === "EEXIST") return false
    throw error
  })

/** Reads the owner from a lock; `undefined` when it has just been given back. */
const readOwner = async (path: string): Promise<Owner | undefined> => {
  const text = await Fs.readFile(path, "utf8").catch((error) => {
    if (error.code === "ENOENT") return undefined
    throw error
  })
  if (text === undefined) return undefined
  // What a power failure emptied has no living owner.
  return Option.getOrElse(Schema.decodeOption(OwnerFile)(text), () => ({ pid: 0, startedAt: "", token: "unreadable" }))
}

const isAlive = async (owner: Owner): Promise<boolean> => {
  if (owner.pid <= 0) return false
  const startedAt = await startOf(owner.pid)
  if (startedAt !== "" && startedAt !== owner.startedAt) return false
  try {
    process.kill(owner.pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

/** Linux counts a process' start in ticks since boot, as the 22nd field of its `stat`. */
const startOf = (pid: number): Promise<string> =>
  Fs.readFile(`/proc/${pid}/stat`, "utf8").then(
    (stat) => stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "",
    () => ""
  )
