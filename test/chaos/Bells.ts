/**
 * Schedules under chaos: bells that ring each second, as rows of the clients' and as what two versions of the workers' program declare beside
 * each other; one of them is paused, changed, removed and rung by hand meanwhile, and now and then all of them are paused. That none has rung
 * twice at a time, and none that nobody has meddled with has left one out but what all have passed by, is for the verdict.
 */
import { Effect, Layer, Predicate, Schedule, Schema } from "effect"
import { type Engine, Schedules, Stepped } from "stepped"
import type { WorldOptions } from "../model/Trees.ts"

const below = (limit: number) => Math.floor(Math.random() * limit)
const oneOf = <A>(values: ReadonlyArray<A>): A => values[below(values.length)]!

class Bell extends Stepped.Actor<Bell>()("Bell", { id: Schema.Int }) {}
const tower = Stepped.lane("tower", { limit: 4, whenBusy: "line" })

/** That each rings every second is what their slots are counted by. */
export const apartMs = 1000
export const declaredName = "bell-declared"
const rows = ["bell-1", "bell-2"]
/** That somebody meddles with. */
export const shakyName = "bell-shaky"
/** Those that nobody meddles with. */
export const steadyNames: ReadonlyArray<string> = [declaredName, ...rows]

const why = { reason: "chaos", by: "chaos" }

/** Notes which slots of each were passed by while all of them were paused: who moves one on without firing it. */
export const bellTables: ReadonlyArray<string> = [
  "create table chaos.passed (name text not null, slot timestamptz not null)",
  `create function chaos.note_passed() returns trigger language plpgsql as $$ begin
    if exists (select 1 from stepped.pauses where kind = 'schedules') then
      insert into chaos.passed
      select new.name, n from generate_series(old.slot, new.slot - interval '1 ms', ${apartMs} * interval '1 ms') n;
    end if;
    return null;
  end $$`,
  `create trigger passed after update of slot on stepped.schedules for each row
    when (old.slot < new.slot and old.last_slot is not distinct from new.last_slot) execute function chaos.note_passed()`
]

export interface Bells {
  readonly layer: Layer.Layer<never, never, Engine>
  /** What a version of the program declares. */
  readonly declared: (version: number) => Layer.Layer<never, never, Engine>
  /** Puts the rows; again where there was no answer. */
  readonly hang: Effect.Effect<void, unknown, Schedules>
  /** Does something with one of them, or with all. */
  readonly meddle: Effect.Effect<unknown, unknown, Schedules>
}

export const makeBells = (ran: NonNullable<WorldOptions["ran"]>): Bells => {
  const ring = Stepped.action("ring", {
    arguments: [Schema.String, Schema.Int],
    concurrency: (name) => tower(name)
  }).step("strike", (name) => ran(`step ${name} strike`, undefined))
  const towers = Stepped.actions(Bell, [ring])
  const rings = (name: string, version: number) =>
    ({
      every: apartMs,
      // whatever nobody is there for is made up for
      catchUp: { max: 1000, window: "1 day" },
      actions: towers,
      actor: 1,
      action: ring,
      args: [name, version]
    }) as const
  const put = (name: string, version: number) =>
    Effect.flatMap(Schedules, (schedules) => schedules.put(name, rings(name, version)))
  const pauseAll = (schedules: Schedules["Service"]) =>
    Effect.gen(function*() {
      // where there was no answer they may be paused all the same
      const paused = yield* Effect.exit(schedules.pauseAll(why))
      yield* Effect.sleep(below(2 * apartMs))
      yield* Effect.retry(schedules.resumeAll(why), {
        while: (error) => Predicate.isTagged(error, "StorageError"),
        schedule: Schedule.spaced("200 millis")
      })
      return yield* paused
    })
  const meddle = Effect.flatMap(Schedules, (schedules) => {
    const to = new Date()
    return oneOf<Effect.Effect<unknown, unknown, Schedules>>([
      put(shakyName, below(3)),
      put(shakyName, below(3)),
      schedules.pause(shakyName, why),
      schedules.resume(shakyName, why),
      schedules.run(shakyName, why),
      schedules.backfill(shakyName, { from: new Date(to.getTime() - 10_000), to }, why),
      schedules.remove(shakyName, why),
      pauseAll(schedules)
    ])
  })
  return {
    layer: towers.layer,
    declared: (version) => Layer.orDie(Stepped.schedule(declaredName, rings(declaredName, version))),
    hang: Effect.forEach([...rows, shakyName], (name) => put(name, 0), { discard: true }),
    // it may not be there just now
    meddle: Effect.catchIf(meddle, (error) => Predicate.isTagged(error, "UnknownSchedule"), () => Effect.void)
  }
}
