/** The server of DATABASE_URL; without one the folder of `npm run dev`, which one process has at a time. */
import { PgClient } from "@effect/sql-pg"
import { Layer, Redacted } from "effect"
import { Stepped } from "stepped"
import * as Embedded from "stepped/embedded"

const url = process.env.DATABASE_URL

export const EngineLive: Layer.Layer<Stepped.Services, unknown> = url === undefined
  ? Embedded.layer({ dataDir: ".stepped" })
  : Layer.provide(Stepped.layer({ migrate: true }), PgClient.layer({ url: Redacted.make(url) }))
