/** What tenants have in one queue, who take turns in it or do not. */
import { Effect, Schema } from "effect"
import { Stepped } from "stepped"
import { body } from "./Cars.ts"

let heard = (_tenant: number) => {}

/** Has every body that starts from now on tell whose it is. */
export const hearTenants = (ran: (tenant: number) => void): void => {
  heard = ran
}

class Site extends Stepped.Actor<Site>()("Site", { id: Schema.Int }) {}

const of = (tenant: number) => Effect.andThen(body, Effect.sync(() => heard(tenant)))
const options = { arguments: [Schema.Int] } as const

export const fair = Stepped.action("fair", { ...options, fairBy: (tenant) => tenant }).step(of)
export const unfair = Stepped.action("unfair", options).step(of)

/** Of one kind alone: a worker that knows of no tenants does not look for any. */
export const FairSites = Stepped.actions(Site, [fair])
export const Sites = Stepped.actions(Site, [unfair])
