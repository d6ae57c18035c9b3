/** Every metric of the engine, once, as Prometheus gets it: what rules and dashboards may ask for. */
import { Effect } from "effect"
import * as Metric from "effect/Metric"
import { PrometheusMetrics } from "effect/observability"
import { families, make } from "../../src/store/Meter.ts"

/** By their names, with the labels that they have. */
export const exported: ReadonlyMap<string, ReadonlyArray<string>> = new Map(
  Object.values(families).flatMap(({ id, labels, type }): ReadonlyArray<readonly [string, ReadonlyArray<string>]> =>
    type === "Histogram"
      ? [[`${id}_bucket`, [...labels, "le"]], [`${id}_sum`, labels], [`${id}_count`, labels]]
      : [[id, labels]]
  )
)

/** In a registry of its own. */
export const exposition: Effect.Effect<string> = Effect.gen(function*() {
  const meter = make(yield* Effect.context<never>())
  for (const family of Object.values(families)) meter.take(family, 1, ...family.labels.map((label) => `a ${label}`))
  return yield* PrometheusMetrics.format()
}).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
