/** The public names, so that these tests need only the modules that define them. */
export { action } from "../../src/Action.ts"
export { actions, after, prependStep } from "../../src/Actions.ts"
export { Actor } from "../../src/Actor.ts"
export { complete, enqueue } from "../../src/Client.ts"
export { Engine } from "../../src/Engine.ts"
export { lane } from "../../src/Lane.ts"
export { Outcome } from "../../src/Outcome.ts"
export { Step } from "../../src/Step.ts"
