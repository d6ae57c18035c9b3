/** The verbs of an API over HTTP, where the command speaks to one. */
import { Context } from "effect"
import type { AskVerb } from "../verbs/asking.ts"

export class RemoteVerbs extends Context.Service<RemoteVerbs, { readonly ask: AskVerb }>()("stepped/cli/RemoteVerbs") {}
