/** What a run keeps account of: how much was done, and what was found to be wrong. */

const nothingYet = {
  /** Asked for; of some the answer was lost. */
  trees: 0,
  accepted: 0,
  "begun by clients": 0,
  "trucks in named lanes": 0,
  voyages: 0,
  ships: 0,
  executions: 0,
  "steps undone": 0,
  "undone again by an operator": 0,
  pauses: 0,
  "slots of schedules": 0,
  "slots passed by": 0,
  "schedules meddled with": 0,
  actions: 0,
  bodies: 0,
  "transactional effects": 0,
  "cancelled by their own step": 0,
  "completed by their own step": 0,
  "long results": 0,
  "foretold outcomes": 0,
  kills: 0,
  stops: 0,
  "bodies that blocked": 0,
  "bodies that kept a connection": 0,
  terminates: 0,
  restarts: 0,
  cuts: 0,
  stalls: 0,
  "late statements": 0,
  "lost statements": 0,
  "swallowed answers": 0,
  "swallowed commits": 0,
  "lost notifies": 0,
  "clocks off": 0,
  "processes at repeatable read": 0,
  "transitions noted": 0
}

export type Counts = typeof nothingYet

export interface Book {
  readonly counts: Counts
  readonly findings: ReadonlyArray<string>
  /** Enters what is wrong. */
  readonly accuse: (what: string) => void
  /** For one line. */
  readonly inWords: () => string
}

// what is wrong with one is mostly wrong with many
const findingsMax = 50

export const openBook = (): Book => {
  const counts = { ...nothingYet }
  const findings: Array<string> = []
  return {
    counts,
    findings,
    accuse: (what) => {
      if (findings.length < findingsMax && !findings.includes(what)) findings.push(what)
    },
    inWords: () => Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(", ")
  }
}
