/**
 * Workflows of `effect/workflow` on Stepped: their engine, over the Postgres and the workers of a program's actions.
 *
 * It stands apart from `stepped`, so that programs do not load it that have no workflows.
 *
 * @since 0.1.0
 */
export * as StepWorkflow from "./StepWorkflow.ts"
