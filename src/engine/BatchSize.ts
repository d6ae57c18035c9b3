/**
 * How much goes into one transition: half after the server has refused one (for the time that it took, or for a lock), and then a little
 * more with each that passes. Without it, a role with a `statement_timeout` would be asked for the same too large batch for ever.
 */
export interface BatchSize {
  readonly get: () => number
  readonly passed: () => void
  readonly refused: (size: number) => void
  readonly reset: () => void
}

export const make = (max: number): BatchSize => {
  let current = max
  return {
    get: () => current,
    passed: () => {
      current = Math.min(max, current + Math.ceil(current / 10))
    },
    refused: (size) => {
      current = Math.max(1, Math.min(current, size >> 1))
    },
    reset: () => {
      current = max
    }
  }
}
