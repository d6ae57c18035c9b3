/**
 * The world outside: a bank, a warehouse and a carrier, as plain Node HTTP servers that have nothing to do with the engine.
 *
 * They behave as such services do: one is busy and says so, one does what it was asked and never answers, one drops the
 * connection, one calls back twice. Each does only once what it is asked for twice with the same reference, and has
 * books, in which one can look in the end.
 */
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

/** What becomes of the order. */
export type Story = "delivered" | "declined" | "sold out" | "crash" | "late answer"

interface Asked {
  readonly order?: string
  readonly item?: string
  readonly cents?: number
  readonly payment?: string
  readonly reservation?: string
  readonly reference?: string
  readonly callback?: string
}

type Answer = readonly [status: number, body: object]
/** Answers a request, or with nothing: then it stays without an answer, as `silent` says. */
type Service = (asked: Asked, time: number) => Answer | "drops the connection" | "never answers"

interface Books {
  /** What customers have paid in the end, by order. */
  readonly payments: Map<string, { readonly cents: number; readonly state: "charged" | "refunded" | "voided" }>
  readonly voids: Set<string>
  readonly reservations: Map<string, "reserved" | "released">
  readonly parcels: Map<string, string>
}

const busy: Answer = [503, { reason: "busy" }]

const services = (story: Story, books: Books): Readonly<Record<string, Service>> => {
  const { parcels, payments, reservations, voids } = books
  const settle = (order: string, state: "refunded" | "voided") => {
    const payment = payments.get(order)
    if (payment?.state === "charged") payments.set(order, { ...payment, state })
  }
  return {
    "bank/charges": ({ cents = 0, order = "" }, time) => {
      if (story === "declined") return [402, { reason: "over the limit" }]
      if (story === "delivered" && time === 1) return busy
      if (!payments.has(order) && !voids.has(order)) payments.set(order, { cents, state: "charged" })
      if (story === "late answer" || (story === "delivered" && time === 2)) return "never answers"
      return [200, { payment: order }]
    },
    "bank/refunds": ({ payment = "" }, time) => {
      if (time === 1) return busy
      settle(payment, "refunded")
      return [200, {}]
    },
    "bank/voids": ({ order = "" }) => {
      voids.add(order)
      settle(order, "voided")
      return [200, {}]
    },
    "stock/reservations": ({ order = "" }, time) => {
      if (story === "sold out") return [409, { reason: "sold out" }]
      if (story === "delivered" && time === 1) return "drops the connection"
      if (!reservations.has(order)) reservations.set(order, "reserved")
      return [200, { reservation: order }]
    },
    "stock/releases": ({ reservation = "" }) => {
      if (reservations.has(reservation)) reservations.set(reservation, "released")
      return [200, {}]
    },
    "stock/wrappings": () => [503, { reason: "no ribbon" }],
    "carrier/parcels": ({ reservation = "" }) => {
      parcels.set(reservation, `parcel of ${reservation}`)
      return [202, {}]
    }
  }
}

const read = async (request: IncomingMessage): Promise<Asked> => {
  let text = ""
  for await (const part of request) text += String(part)
  return JSON.parse(text) as Asked
}

/** Opens the services, on one port; `say` is told of each request. */
export const openOutside = async (story: Story, say: (line: string) => void) => {
  const books: Books = { payments: new Map(), voids: new Set(), reservations: new Map(), parcels: new Map() }
  const served = services(story, books)
  const times = new Map<string, number>()
  const calls: Array<Promise<void>> = []

  /** The carrier says that it has a parcel: twice, as webhooks do. */
  const callBack = async ({ callback = "", reference, reservation = "" }: Asked) => {
    await sleep(100)
    const body = JSON.stringify({ reference, parcel: books.parcels.get(reservation) })
    const call = () => fetch(callback, { method: "POST", body, headers: { "content-type": "application/json" } })
    const answers = await Promise.all([call(), call()].map(async (answer) => (await answer).text()))
    for (const answer of answers.sort()) say(`the carrier is answered: ${answer}`)
  }

  const serve = async (path: string, request: IncomingMessage, response: ServerResponse) => {
    const asked = await read(request)
    const time = (times.get(path) ?? 0) + 1
    times.set(path, time)
    const answer = served[path]?.(asked, time) ?? [404, { reason: "there is no such service" }] as const
    say(`${path}${time === 1 ? "" : " again"}: ${typeof answer === "string" ? answer : words(answer)}`)
    if (answer === "never answers") return
    if (answer === "drops the connection") return void request.socket.destroy()
    response.writeHead(answer[0], { "content-type": "application/json" }).end(JSON.stringify(answer[1]))
    if (path === "carrier/parcels") calls.push(callBack(asked))
  }

  const server = createServer((request, response) => {
    void serve((request.url ?? "").slice(1), request, response)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    books,
    close: async () => {
      await Promise.all(calls)
      server.closeAllConnections()
      server.close()
    }
  }
}

const words = ([status, body]: Answer): string =>
  `${status}${Object.values(body).map((value) => ` ${String(value)}`).join("")}`
