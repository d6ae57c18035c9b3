/** How often something may be asked: what comes faster is answered with 429. */
import { monotonic } from "../store/RealClock.ts"

/** At most so many in any second, and as many at once. */
export const makeRate = (perSecond: number, nowMs = monotonic): { readonly take: () => boolean } => {
  let left = perSecond
  let at = nowMs()
  return {
    take: () => {
      const now = nowMs()
      left = Math.min(perSecond, left + (now - at) / 1000 * perSecond)
      at = now
      if (left < 1) return false
      left -= 1
      return true
    }
  }
}
