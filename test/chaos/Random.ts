/** Chance that a seed repeats. */
export interface Random {
  /** From 0 to below the limit. */
  readonly below: (limit: number) => number
  readonly oneOf: <A>(values: ReadonlyArray<A>) => A
  readonly shuffled: <A>(values: ReadonlyArray<A>) => ReadonlyArray<A>
}

export const randomFrom = (seed: number): Random => {
  // mulberry32
  let state = seed >>> 0
  const below = (limit: number) => {
    state = (state + 0x6D2B79F5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296 * limit
  }
  return {
    below,
    oneOf: (values) => values[Math.floor(below(values.length))]!,
    shuffled: (values) =>
      values.map((value) => [below(1), value] as const).sort(([a], [b]) => a - b).map(([, value]) => value)
  }
}
