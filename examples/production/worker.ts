/**
 * A worker: start as many as you like, on as many machines.
 *
 * Run with `DATABASE_URL=postgres://… npm run example examples/production/worker.ts`, and end with Ctrl-C or SIGTERM.
 */
// #region worker
import { NodeRuntime } from "@effect/platform-node"
import { Layer } from "effect"
import { Stepped } from "stepped"
import { CarsLive, Garage } from "../quickstart/cars.ts"
import { EngineLive } from "./database.ts"

const Main = Stepped.worker({ concurrency: 32, gracePeriod: "20 seconds" }).pipe(
  Layer.provide(CarsLive),
  Layer.provide(Garage.layer),
  Layer.provide(EngineLive)
)

NodeRuntime.runMain(Layer.launch(Main))
// #endregion
