/** Names that are the engine's own, as what it performs by itself has them. */

/** The type of the actor whose actions the engine has brought along. */
export const ownActor = "Stepped"

/** How the types of actors begin that stand for workflows. */
export const workflowActors = "Workflow."

/** The queue of these actions. */
export const ownQueue = "stepped"
