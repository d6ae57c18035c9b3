/** What the state of the database means for the engine's throughput, and what to do about it (rule 19.2). */
import type { DatabaseHealth, HealthNote } from "../DatabaseHealth.ts"
import { roughly } from "../domain/drawing.ts"
import type { SeenHealth } from "../store/Records.ts"

type Level = HealthNote["level"]

/** What is at least as much as the first is to be watched, and as the second bad. */
const levelOf = (value: number, watch: number, bad: number): Level =>
  value >= bad ? "bad" : value >= watch ? "watch" : "fine"

const unseenText = "grant pg_monitor to this role"

const snapshots = ({ at, isEmbedded, seesAll, snapshots }: SeenHealth): Omit<HealthNote, "topic"> => {
  const aged = snapshots.map((snapshot) => ({
    ...snapshot,
    ageMs: snapshot.since === undefined ? 0 : at.getTime() - snapshot.since.getTime()
  }))
  const level = (one: typeof aged[number]) =>
    one.ageMs >= 10 * 60_000 || one.transactions >= 1_000_000
      ? "bad"
      : levelOf(Math.max(one.ageMs / 60_000, one.transactions / 100_000), 1, Infinity)
  const worst = aged.find((one) => level(one) === "bad") ?? aged.find((one) => level(one) === "watch")
  if (worst === undefined) {
    return seesAll || isEmbedded || snapshots.every(({ since }) => since !== undefined)
      ? { level: "fine", text: "no snapshot is old: vacuum removes the rows that die" }
      : {
        level: "unseen",
        text:
          `since when sessions of other roles have a snapshot is not shown, and an old one slows everything: ${unseenText}`
      }
  }
  const { ageMs, kind, name, pid, transactions } = worst
  const who = `${kind === "session" ? "the session" : `the ${kind}`} ${name}${pid === undefined ? "" : ` (${pid})`}`
  const long = ageMs > 0 ? `for ${roughly(ageMs)}` : `for ${transactions} transactions`
  const end = kind === "slot"
    ? "drop the slot, or have its consumer go on"
    : kind === "prepared"
    ? "commit it, or roll it back"
    : kind === "replica"
    ? "end the query there, or switch off hot_standby_feedback"
    : "end its transaction (pg_terminate_backend), and let long reports run on a replica"
  return {
    level: level(worst),
    text:
      `${who} has a snapshot ${long}: no row that has died since then is removed, so that each claim reads past more of them, and throughput falls all the time; ${end}`
  }
}

const locks = ({ at, lockWaits }: SeenHealth): Omit<HealthNote, "topic"> => {
  const [first] = lockWaits
  if (first === undefined) return { level: "fine", text: "nobody waits for a lock on the engine's tables" }
  const forMs = first.since === undefined ? 0 : at.getTime() - first.since.getTime()
  const behind = first.blockedBy.map(({ application, pid }) => `${application} (${pid})`).join(", ")
  return {
    level: forMs >= 1000 ? "bad" : "watch",
    text: `${first.application} (${first.pid}) waits for ${first.tables.join(", ")} for ${roughly(forMs)}${
      behind === "" ? "" : `, behind ${behind}`
    }: what waits commits nothing, and has one of the worker's connections; end the transaction that is first, and keep those short that touch the engine's tables or enqueue`
  }
}

const deadRows = ({ tables }: SeenHealth): Omit<HealthNote, "topic"> => {
  const [worst] = tables.filter(({ deadRows, liveRows }) => deadRows >= 10_000 && deadRows >= liveRows / 2)
    .toSorted((a, b) => b.deadRows - a.deadRows)
  if (tables.length === 0) return { level: "unseen", text: "the server has no statistics of the engine's tables" }
  if (worst === undefined) return { level: "fine", text: "the rows that die are removed in time" }
  const { deadRows, liveRows, name } = worst
  return {
    level: deadRows >= 1_000_000 ? "bad" : "watch",
    text:
      `${name} has ${deadRows} dead rows beside ${liveRows} living ones: look-ups read past them, and slow down; end old snapshots, then vacuum it, and see that autovacuum is on and has the time`
  }
}

const connections = ({ connections }: SeenHealth): Omit<HealthNote, "topic"> => {
  if (connections === undefined) return { level: "unseen", text: "the embedded database has one session" }
  const { most, used } = connections
  const level = levelOf(used / most, 0.75, 0.9)
  const text = `${used} of ${most} connections are in use`
  return level === "fine" ? { level, text } : {
    level,
    text:
      `${text}: with none left programs and workers do not start, and lost connections do not come back; make pools smaller, put PgBouncer in front, or raise max_connections`
  }
}

const replicas = ({ isEmbedded, isReplica, replicas, seesAll }: SeenHealth): Omit<HealthNote, "topic"> => {
  if (isEmbedded) return { level: "unseen", text: "the embedded database has no replicas" }
  if (replicas.length === 0) return { level: "fine", text: "there are no replicas" }
  if (!seesAll && !isReplica) {
    return { level: "unseen", text: `how far ${replicas.length} replicas are behind is not shown: ${unseenText}` }
  }
  const worst = replicas.toSorted((a, b) => (b.lagMs ?? 0) - (a.lagMs ?? 0))[0]!
  const lagMs = worst.lagMs ?? 0
  const level = levelOf(lagMs, 10_000, 60_000)
  const waits = worst.isSynchronous ? "; every commit of the engine waits for it" : ""
  return {
    level,
    text: level === "fine"
      ? `replicas are ${roughly(lagMs)} behind at most${waits}`
      : `${worst.name} is ${
        roughly(lagMs)
      } behind: who reads there sees that much of the past${waits}; look at its disk and at its long queries`
  }
}

const clock = ({ clockOffsetMs }: SeenHealth): Omit<HealthNote, "topic"> => {
  const apart = Math.abs(clockOffsetMs)
  const level = levelOf(apart, 1000, 60_000)
  if (level === "fine") return { level, text: "this machine's clock and the database's agree" }
  return {
    level,
    text: `this machine's clock is ${roughly(apart)} ${
      clockOffsetMs > 0 ? "behind" : "ahead of"
    } the database's: workers go by the database's, unless they are told not to (databaseClock), and a program's own times are wrong by as much; set it, and keep it by NTP`
  }
}

const roundTrip = ({ roundTripMs }: SeenHealth): Omit<HealthNote, "topic"> => {
  const level = levelOf(roundTripMs, 5, 20)
  const text = `a round trip takes ${inMs(roundTripMs)}`
  return {
    level,
    text: level === "fine"
      ? `${text}: a connection makes up to ${
        Math.floor(1000 / Math.max(roundTripMs, 0.01))
      } transitions a second, each of many actions`
      : `${text}: one action alone takes several of them; bring the worker nearer to the database, and let more bodies run at a time`
  }
}

const commit = ({ commitMs, isReplica }: SeenHealth): Omit<HealthNote, "topic"> => {
  if (commitMs === undefined) {
    return {
      level: "unseen",
      text: isReplica
        ? "a replica commits nothing: ask where the workers write"
        : "how long a commit takes is not known: this role, or its transaction, writes nothing"
    }
  }
  const level = levelOf(commitMs, 10, 50)
  const text = `a commit takes ${inMs(commitMs)}`
  return {
    level,
    text: level === "fine"
      ? `${text}, and stores what many actions have come to`
      : `${text}: each batch of transitions waits for one; look at the disk of the log and at synchronous replicas, or give workers more connections`
  }
}

const inMs = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`

/** With a sentence for each topic. */
export const healthOf = (seen: SeenHealth): DatabaseHealth => {
  const { isEmbedded: _, seesAll: __, ...health } = seen
  return {
    ...health,
    notes: [
      { topic: "snapshots", ...snapshots(seen) },
      { topic: "locks", ...locks(seen) },
      { topic: "deadRows", ...deadRows(seen) },
      { topic: "connections", ...connections(seen) },
      { topic: "replicas", ...replicas(seen) },
      { topic: "clock", ...clock(seen) },
      { topic: "roundTrip", ...roundTrip(seen) },
      { topic: "commitTime", ...commit(seen) }
    ]
  }
}
