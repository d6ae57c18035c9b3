/** Names that are the engine's own, as what it performs by itself has them. */

/** The type of the actor whose actions the engine has brought along. */
export const ownActor = "Stepped"

/** How the types of actors begin that stand for workflows. */
export const workflowActors = "Workflow."

/** The queue of these actions. */
export const ownQueue = "stepped"

/** Why no actor of a program is called so, where that is a name of these. */
export const reservedFor = (type: string): string | undefined => {
  if (type === ownActor) return "it is the engine's own"
  if (String(type).startsWith(workflowActors)) return `names that begin with ${workflowActors} are those of workflows`
  return undefined
}
