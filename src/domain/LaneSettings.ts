/** What a named lane does, as it is stored with the lane; times in ms. */
export interface LaneSettings {
  readonly limit: number
  readonly whenBusy: "supersede" | "line" | "reject" | "cancelRunning"
  readonly maxPending?: number
  readonly waiters?: "fail"
  readonly wait?: number
  readonly maxWait?: number
  readonly rate?: number
  readonly per?: number
}
