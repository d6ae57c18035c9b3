/** Workflows as definitions of Stepped: an actor's type for each of them, with one action, whose method is the body. */
import * as Schema from "effect/Schema"
import type * as Workflow from "effect/workflow/Workflow"
import { type AnyAction, replayedAction } from "../Action.ts"
import { type AnyActorClass, engineActor } from "../Actor.ts"
import type { ExecutionKey } from "../Execution.ts"
import { actorTypeOf } from "./names.ts"

/** The name of the action that an execution is. */
export const actionName = "execute"

/** Which execution of a workflow. */
export const keyOf = (workflow: string, execution: string): ExecutionKey => ({
  actorType: actorTypeOf(workflow),
  name: actionName,
  execution
})

/** What is registered for a workflow. */
export const definitionOf = (
  workflow: Workflow.Any,
  queue: string
): { readonly actor: AnyActorClass; readonly action: AnyAction } => {
  const actor: AnyActorClass = engineActor()(actorTypeOf(workflow._tag), { id: Schema.String })
  return { actor, action: replayedAction(actionName, queue) }
}
