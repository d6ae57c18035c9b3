/** What workflows store, as JSON: payloads and exits by their schemas, and exits whose values are encoded already. */
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as Workflow from "effect/workflow/Workflow"
import { discreetly } from "../domain/discreet.ts"

/** What is stored of an execution, as JSON. */
export const schemasOf = (workflow: Workflow.Any) => ({
  payload: Schema.toCodecJson(workflow.payloadSchema),
  exit: Schema.toCodecJson(Schema.Exit(workflow.successSchema, workflow.errorSchema, Schema.Defect()))
})

/** What somebody has in place of schemas that are not known, as their types are not. */
type Known = Schema.Codec<unknown, unknown>

/**
 * The codecs of one workflow. Their services are those of whoever executes or registers it, as the types of `effect/workflow` say; the contract
 * that is implemented here has no types for them.
 */
export interface WorkflowCodecs {
  readonly encodePayload: (payload: object) => Effect.Effect<unknown, Schema.SchemaError>
  readonly decodePayload: (json: unknown) => Effect.Effect<object, Schema.SchemaError>
  readonly encodeExit: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<unknown, Schema.SchemaError>
  readonly decodeExit: (json: unknown) => Effect.Effect<Exit.Exit<unknown, unknown>, Schema.SchemaError>
}

export const codecsOf = (workflow: Workflow.Any): WorkflowCodecs => {
  const { exit, payload } = schemasOf(workflow)
  const [known, ended] = [payload as unknown as Known, exit as unknown as Known]
  return {
    encodePayload: discreetly(known, Schema.encodeUnknownEffect(payload) as WorkflowCodecs["encodePayload"]),
    decodePayload: discreetly(known, Schema.decodeUnknownEffect(payload) as WorkflowCodecs["decodePayload"]),
    encodeExit: discreetly(ended, Schema.encodeUnknownEffect(exit) as WorkflowCodecs["encodeExit"]),
    decodeExit: discreetly(ended, Schema.decodeUnknownEffect(exit) as WorkflowCodecs["decodeExit"])
  }
}

/** An exit whose values are JSON by the schemas of an activity or a deferred. */
const EncodedExit = Schema.toCodecJson(Schema.Exit(Schema.Json, Schema.Json, Schema.Defect()))

const orNull = Exit.mapBoth({
  onSuccess: (value: unknown) => value ?? null,
  onFailure: (error: unknown) => error ?? null
})

export const encodeExit = (exit: Exit.Exit<unknown, unknown>): Effect.Effect<unknown, Schema.SchemaError> =>
  Schema.encodeUnknownEffect(EncodedExit)(orNull(exit))

export const decodeExit = (json: unknown): Effect.Effect<Exit.Exit<unknown, unknown>, Schema.SchemaError> =>
  Schema.decodeUnknownEffect(EncodedExit)(json)
