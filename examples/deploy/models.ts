/** What actions give to each other, and how they fail. */
import { Schema } from "effect"

export const Release = Schema.Struct({ id: Schema.String, files: Schema.Int, bytes: Schema.Int })
export type Release = typeof Release.Type

/** A server process that has called back. Its id is that of the action that booted it. */
export const Server = Schema.Struct({
  id: Schema.String,
  release: Schema.String,
  port: Schema.Int,
  pid: Schema.Int
})
export type Server = typeof Server.Type

export const Deployed = Schema.Struct({ site: Schema.String, release: Release, server: Server })
export type Deployed = typeof Deployed.Type

/** What a site shows until its first release is there. */
export const holdingPage = "holding-page"

export class DeadLink extends Schema.TaggedError<DeadLink>()("DeadLink", { page: Schema.String, link: Schema.String }) {
  override get message() {
    return `${this.page} links to ${this.link}, which does not exist`
  }
}

export class Crashed extends Schema.TaggedError<Crashed>()("Crashed", { output: Schema.String }) {
  override get message() {
    return `the process ended before it was ready: ${this.output}`
  }
}

export class Unhealthy extends Schema.TaggedError<Unhealthy>()("Unhealthy", { answer: Schema.String }) {
  override get message() {
    return `the last health check was answered with "${this.answer}"`
  }
}

export class NotServed extends Schema.TaggedError<NotServed>()("NotServed", {
  release: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `the proxy serves ${this.found} instead of ${this.release}`
  }
}
