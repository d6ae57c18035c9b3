/**
 * A TCP proxy before a Postgres server that loses what networks lose: connections, time, statements on their way, and answers to
 * statements that have happened.
 *
 * It reads just enough of the wire protocol for that. What a client sends goes in rounds, each of which the server ends with
 * `ReadyForQuery`; a round's statements are known by their text, prepared or not. An answer that is swallowed is that of a whole round,
 * and only from then on is the connection cut: the server has committed, and the client cannot know.
 */
import { Effect, Redacted, type Scope } from "effect"
import { once } from "node:events"
import { type AddressInfo, createServer, type Server, Socket } from "node:net"

export interface Proxy {
  /** The server's, by way of this proxy. */
  readonly url: Redacted.Redacted
  /** Cuts every connection; gives how many there were. */
  readonly cut: Effect.Effect<number>
  /** Lets nothing through for a while, on connections that there are and new ones. */
  readonly stall: (millis: number) => Effect.Effect<void>
  /** Loses the next statement like this, or its answer, with its connection, and tells when it has. */
  readonly lose: (loss: Loss) => Effect.Effect<void>
  /** Loses the notifications that come within a while, and tells of each. */
  readonly deafen: (millis: number, then: () => void) => Effect.Effect<void>
  /** Loses nothing any more. */
  readonly heal: Effect.Effect<void>
  /** How many connections there are. */
  readonly connections: () => number
}

export interface Loss {
  /**
   * `silence` is an answer after which nothing comes any more, although the connection stays; `delay` loses nothing but time, on the way
   * to the server.
   */
  readonly what: "statement" | "answer" | "silence" | "delay"
  readonly statement: RegExp
  /** An answer with fewer rows is none worth losing. */
  readonly rows: number
  readonly then: () => void
}

/** What a client sends before it waits for `ReadyForQuery`. */
interface Round {
  readonly texts: Array<string>
  loss: Loss | undefined
  /** What the server has said to one that may be lost. */
  readonly answer: Array<Buffer>
  rows: number
  completed: boolean
}

const newRound = (): Round => ({ texts: [], loss: undefined, answer: [], rows: 0, completed: false })

interface Shared {
  readonly connections: Set<Connection>
  readonly armed: Array<Loss>
  stalledUntil: number
  deafUntil: number
  heard: () => void
}

const silenceMs = 20_000
export const delayMs = 2000

/** A proxy for a server that may come and go, on a port of its own, gone with the scope. */
export const startProxy = (target: Redacted.Redacted): Effect.Effect<Proxy, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(Effect.promise(() => listen(target)), ({ server, shared }) =>
      Effect.promise(async () => {
        const closed = once(server, "close")
        server.close()
        for (const connection of shared.connections) connection.cut()
        await closed
      })),
    ({ server, shared }): Proxy => {
      const url = new URL(Redacted.value(target))
      url.port = String((server.address() as AddressInfo).port)
      return {
        url: Redacted.make(url.href),
        cut: Effect.sync(() => {
          const all = [...shared.connections]
          for (const connection of all) connection.cut()
          return all.length
        }),
        stall: (millis) =>
          Effect.sync(() => {
            shared.stalledUntil = performance.now() + millis
            for (const connection of shared.connections) connection.stall(millis)
          }),
        lose: (loss) => Effect.sync(() => void shared.armed.push(loss)),
        deafen: (millis, then) =>
          Effect.sync(() => {
            shared.deafUntil = performance.now() + millis
            shared.heard = then
          }),
        heal: Effect.sync(() => {
          shared.armed.length = 0
          for (const connection of shared.connections) if (connection.isSilent) connection.cut()
        }),
        connections: () => shared.connections.size
      }
    }
  )

const listen = async (target: Redacted.Redacted): Promise<{ readonly server: Server; readonly shared: Shared }> => {
  const { hostname, port } = new URL(Redacted.value(target))
  const shared: Shared = { connections: new Set(), armed: [], stalledUntil: 0, deafUntil: 0, heard: () => {} }
  const server = createServer((client) => {
    const connection = new Connection(client, new Socket().connect(Number(port), hostname), shared)
    const left = shared.stalledUntil - performance.now()
    if (left > 0) connection.stall(left)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return { server, shared }
}

/** Messages of a stream: a type's letter, four bytes of length, the rest; the first ones of a client have no letter. */
class Messages {
  private rest: Buffer = Buffer.alloc(0)

  /** `untyped` is asked before each message, for the one before may have changed it. */
  take(chunk: Buffer, untyped: () => boolean, each: (type: string, message: Buffer) => void): void {
    let left = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk])
    while (true) {
      const head = untyped() ? 0 : 1
      if (left.length < head + 4) break
      const length = head + left.readInt32BE(head)
      if (left.length < length) break
      each(head === 0 ? "" : String.fromCharCode(left[0]!), left.subarray(0, length))
      left = left.subarray(length)
    }
    this.rest = left
  }
}

/** The text that begins at an offset, up to its zero byte. */
const textAt = (message: Buffer, offset: number): string => message.toString("utf8", offset, message.indexOf(0, offset))

const startupVersion = 3
const encryptionRequests: ReadonlyArray<number> = [80877103, 80877104]

class Connection {
  readonly client: Socket
  readonly server: Socket
  readonly shared: Shared
  private readonly fromClient = new Messages()
  private readonly fromServer = new Messages()
  private readonly prepared = new Map<string, string>()
  /** Sent and not answered; the first one is the greeting. */
  private readonly rounds: Array<Round> = [newRound()]
  private round = newRound()
  private pending: Array<Buffer> = []
  private greeted = false
  private answersPlainly = 0
  isSilent = false
  private resumes: NodeJS.Timeout | undefined

  constructor(client: Socket, server: Socket, shared: Shared) {
    this.client = client
    this.server = server
    this.shared = shared
    shared.connections.add(this)
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on("error", () => this.cut())
      socket.on("close", () => this.cut())
    }
    client.on("data", (chunk: Buffer) => this.fromClient.take(chunk, () => !this.greeted, (...m) => this.sent(...m)))
    server.on("data", (chunk: Buffer) => {
      // an answer to a request for encryption is one letter
      const letters = Math.min(this.answersPlainly, chunk.length)
      this.answersPlainly -= letters
      if (letters > 0) client.write(chunk.subarray(0, letters))
      this.fromServer.take(chunk.subarray(letters), () => false, (...m) => this.answered(...m))
    })
  }

  cut(): void {
    clearTimeout(this.resumes)
    this.shared.connections.delete(this)
    this.client.destroy()
    this.server.destroy()
  }

  stall(millis: number): void {
    clearTimeout(this.resumes)
    this.client.pause()
    this.server.pause()
    this.resumes = setTimeout(() => {
      this.client.resume()
      this.server.resume()
    }, millis)
  }

  private sent(type: string, message: Buffer): void {
    if (type === "") {
      const code = message.readInt32BE(4)
      if (code >> 16 === startupVersion) this.greeted = true
      else if (encryptionRequests.includes(code)) this.answersPlainly++
      this.server.write(message)
      return
    }
    switch (type) {
      case "P": {
        const name = textAt(message, 5)
        this.prepared.set(name, textAt(message, 5 + Buffer.byteLength(name) + 1))
        break
      }
      case "B": {
        const portal = textAt(message, 5)
        this.round.texts.push(this.prepared.get(textAt(message, 5 + Buffer.byteLength(portal) + 1)) ?? "")
        break
      }
      case "Q":
        this.round.texts.push(textAt(message, 5))
        break
      case "p": // of the greeting
      case "X":
        this.server.write(message)
        return
    }
    this.pending.push(message)
    if (type === "Q" || type === "S") this.send()
  }

  /** Passes a round on, unless it is to be lost. */
  private send(): void {
    const { pending, round } = this
    this.pending = []
    this.round = newRound()
    const index = this.shared.armed.findIndex(({ statement }) => round.texts.some((text) => statement.test(text)))
    if (index >= 0) {
      const [armed] = this.shared.armed.splice(index, 1)
      if (armed!.what === "statement") {
        armed!.then()
        this.cut()
        return
      }
      if (armed!.what === "delay") {
        armed!.then()
        this.stall(delayMs)
        setTimeout(() => this.server.write(Buffer.concat(pending)), delayMs)
        this.rounds.push(round)
        return
      }
      round.loss = armed
    }
    this.rounds.push(round)
    this.server.write(Buffer.concat(pending))
  }

  private answered(type: string, message: Buffer): void {
    if (this.isSilent) return
    if (type === "A" && performance.now() < this.shared.deafUntil) {
      this.shared.heard()
      return
    }
    const round = this.rounds[0]
    if (type === "Z") this.rounds.shift()
    if (round?.loss === undefined) {
      this.client.write(message)
      return
    }
    round.answer.push(message)
    if (type === "D") round.rows++
    if (type === "C") round.completed = textAt(message, 5) !== "ROLLBACK"
    if (type !== "Z") return
    // what the server refused has not happened, what is in an open transaction not yet, and an empty answer is no loss
    if (round.completed && message[5] === "I".charCodeAt(0) && round.rows >= round.loss.rows) {
      round.loss.then()
      if (round.loss.what === "answer") return this.cut()
      this.isSilent = true
      this.resumes = setTimeout(() => this.cut(), silenceMs)
    } else {
      this.shared.armed.push(round.loss)
      this.client.write(Buffer.concat(round.answer))
    }
  }
}
