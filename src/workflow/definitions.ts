/** Workflows as definitions of Stepped: an actor's type for each of them, with one action, whose method is the body. */
import * as Context from "effect/Context"
import type * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Workflow from "effect/workflow/Workflow"
import { type AnyAction, replayedAction } from "../Action.ts"
import { type AnyActorClass, engineActor, type PlainSchema } from "../Actor.ts"
import { actorTypeOf } from "../domain/executionNames.ts"
import type { ExecutionKey } from "../Execution.ts"
import { DefinitionError } from "../SteppedError.ts"
import { isAttempts, takesAttempts } from "../Unanswered.ts"
import { schemasOf } from "./codecs.ts"

// what can be said of a workflow by annotating it; see `StepWorkflow.ts`
export const Queue = Context.Reference<string>("stepped/workflow/Queue", { defaultValue: () => "default" })
export const HandledDefects = Context.Reference<((defect: unknown) => boolean) | undefined>(
  "stepped/workflow/HandledDefects",
  {
    defaultValue: () => undefined
  }
)
export const Retry = Context.Reference<Schedule.Schedule<unknown> | undefined>("stepped/workflow/Retry", {
  defaultValue: () => undefined
})
export const Attempts = Context.Reference<number | undefined>("stepped/workflow/Attempts", {
  defaultValue: () => undefined
})

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
  workflow: Workflow.Any
): { readonly actor: AnyActorClass; readonly action: AnyAction } => {
  const { annotations } = workflow
  const attempts = Context.get(annotations, Attempts)
  if (attempts !== undefined && !isAttempts(attempts)) {
    throw new DefinitionError({
      message: `the workflow ${workflow._tag} has StepWorkflow.Attempts ${attempts}: it takes ${takesAttempts}`
    })
  }
  const actor: AnyActorClass = engineActor()(actorTypeOf(workflow._tag), { id: Schema.String })
  const schemas = schemasOf(workflow)
  const action = replayedAction(actionName, Context.get(annotations, Queue), {
    // they are described, and nothing is read with them: whatever services they need
    payload: schemas.payload as Schema.Top as PlainSchema,
    exit: schemas.exit as Schema.Top as PlainSchema
  }, {
    handledDefects: Context.get(annotations, HandledDefects),
    retry: Context.get(annotations, Retry),
    attempts
  })
  return { actor, action }
}
