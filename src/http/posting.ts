/** Posts something to another system: to an address that was looked at, without following where that sends one on. */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as dns from "node:dns"
import * as http from "node:http"
import * as https from "node:https"
import { isIP, type LookupFunction } from "node:net"
import { within } from "../store/RealClock.ts"
import { isPublic } from "./addresses.ts"

/** Why something is not sent at all. */
export class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

/** What has kept it from being taken, or answered. */
export class NotReached extends Data.TaggedError("NotReached")<{ readonly message: string }> {}

/** How long one try may take. */
const limit = Duration.seconds(15)

/** Every address of the name is looked at, and the connection is to one of these: the name is not looked up a second time. */
const lookingAt = (isAllowed: (address: string) => boolean): LookupFunction => (hostname, options, answer) =>
  dns.lookup(hostname, { all: true, verbatim: true }, (error, addresses) => {
    if (error !== null) return answer(error, [])
    const refused = addresses.find(({ address }) => !isAllowed(address))
    const [first] = addresses
    if (refused !== undefined || first === undefined) {
      return answer(
        new Refused({ message: `${hostname} is ${refused?.address ?? "nowhere"}, which is not of the public network` }),
        []
      )
    }
    return options.all === true ? answer(null, addresses) : answer(null, first.address, first.family)
  })

/** The address as it is asked; why not, where it is none. */
export const readUrl = (text: string, allowsPrivate: boolean): URL | Refused => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) return new Refused({ message: "the address is no URL" })
  const host = url.hostname.replace(/^\[|\]$/g, "")
  return url.protocol !== "https:" && !(allowsPrivate && url.protocol === "http:")
    ? new Refused({ message: `the address has to begin with https://` })
    : url.username !== "" || url.password !== ""
    ? new Refused({ message: "the address holds a name or a password" })
    : isIP(host) !== 0 && !allowsPrivate && !isPublic(host)
    ? new Refused({ message: `${host} is not of the public network` })
    : url
}

/** Posts a body, and gives the status; fails with what has kept it from that. */
export const post = (
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  allowsPrivate: boolean
): Effect.Effect<number, Refused | NotReached> =>
  within(
    posted(url, headers, body, allowsPrivate),
    limit,
    () => new NotReached({ message: `no answer within ${Duration.toSeconds(limit)} seconds` })
  )

const posted = (
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  allowsPrivate: boolean
): Effect.Effect<number, Refused | NotReached> =>
  Effect.callback((resume) => {
    const { request } = url.protocol === "https:" ? https : http
    const asking = request(url, {
      method: "POST",
      headers: { ...headers, "content-length": body.length },
      // nobody else's connection, to an address that somebody else has looked at
      agent: false,
      lookup: lookingAt((address) => allowsPrivate || isPublic(address))
    }, (response) => {
      resume(Effect.succeed(response.statusCode ?? 0))
      // what it says beside that is nobody's concern, and may be endless
      response.destroy()
    })
    asking.on(
      "error",
      (error) => resume(Effect.fail(error instanceof Refused ? error : new NotReached({ message: error.message })))
    )
    asking.end(body)
    return Effect.sync(() => asking.destroy())
  })
