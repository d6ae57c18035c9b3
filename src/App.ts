/**
 * A program, as tools run it: its actions and its settings, before there is an engine.
 *
 * @since 0.1.0
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import type * as Layer from "effect/Layer"
import type { SqlClient } from "effect/sql/SqlClient"
import type { EngineOptions, Services } from "./engine/engineLayer.ts"

/**
 * What a program's actions may need of whoever runs them.
 *
 * @category models
 * @since 0.1.0
 */
export type AppServices = Services | PgClient | SqlClient

/**
 * What a module exports as `stepped`, for the commands `stepped worker` and `stepped dev`.
 *
 * @category models
 * @since 0.1.0
 */
export interface AppOptions {
  /** The layers of all its actions, with all that they need beside the engine and the database. */
  readonly actions: Layer.Layer<never, unknown, AppServices>
  /** Its database; that of `DATABASE_URL`, or of the command's flags, if not given. `stepped dev` has one of its own. */
  readonly database?: Layer.Layer<PgClient | SqlClient, unknown> | undefined
  /** Settings of the engine; the schema is that of the command's flags, if not given. */
  readonly options?: EngineOptions | undefined
}

/**
 * A program that tools can run.
 *
 * @category models
 * @since 0.1.0
 */
export interface App extends AppOptions {
  readonly "~stepped/app": true
}

/** Whether the command has all that a program's actions need; or what is missing. */
type CheckedServices<R> = [Exclude<R, AppServices>] extends [never] ? unknown
  : readonly ["the actions need services that nobody gives: Layer.provide them to { actions }", Exclude<R, AppServices>]

/**
 * Says what a program is, so that `stepped worker ./app.ts` runs it.
 *
 * **Example** (A module for the command)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Stepped } from "stepped"
 *
 * class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
 * const visit = Stepped.action("visit", { arguments: [Schema.String] }).step((where) => Effect.log(`goes to ${where}`))
 * const Cars = Stepped.actions(Car, [visit])
 *
 * export const stepped = Stepped.app({ actions: Cars.layer, options: { build: "2026-05-01" } })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export function app<R>(
  options: Omit<AppOptions, "actions"> & {
    readonly actions: Layer.Layer<never, unknown, R> & CheckedServices<R>
  }
): App
export function app(options: AppOptions): App {
  return { "~stepped/app": true, ...options }
}

/**
 * Tests whether a value is a program that tools can run.
 *
 * @internal
 */
export const isApp = (u: unknown): u is App => typeof u === "object" && u !== null && "~stepped/app" in u
