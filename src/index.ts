/**
 * Durable trees of actions on Postgres, as typed Effect programs.
 *
 * @since 0.1.0
 */
export { type Achievement, AchievementStore } from "./AchievementStore.ts"
export {
  type Action,
  type ActionCallback,
  type ActionHooks,
  type ActionKey,
  type ActionOptions,
  type AnyAction,
  type ArgSchemas,
  type ArgTypes,
  type CallbackDefinition,
  type DeclaredAction,
  type Definition,
  type Gives,
  type Hooked,
  isAction,
  type Job,
  type JobAction,
  type JobBacked,
  type NoSteps,
  type OneKindOfLane,
  type Outbound,
  type OutboundMethod,
  type Owns,
  type Proceed,
  type ServicesOf
} from "./Action.ts"
export type { NotGiven } from "./ActionChecks.ts"
export type { ActionHandle, ActionSnapshot, ActionStatus } from "./ActionHandle.ts"
export {
  type ActionFilter,
  type ActionRecord,
  ActionRepo,
  type ActionTree,
  type FailureCause,
  type FailureKind,
  type SlotRecord,
  type StepRecord,
  type Waiting
} from "./ActionRepo.ts"
export type { ActionMethods, Actions, AllActions, MethodNames } from "./Actions.ts"
export {
  type ActorClass,
  type ActorConstructor,
  actorId,
  ActorRef,
  type ActorReference,
  type AnyActorClass,
  decodeActorId,
  type LoadedActorClass,
  type LoadedRow,
  type PlainSchema
} from "./Actor.ts"
export type {
  Bulk,
  Client,
  Clients,
  DelayedClient,
  DelayedClients,
  LaterMethod,
  NowMethod,
  WaitingMethod,
  WithOptions
} from "./Client.ts"
export { type AnyActions, type AnyClients, Engine, type Finding, type Registration } from "./Engine.ts"
export type { EnqueueOptions, PromptOptions } from "./EnqueueOptions.ts"
export { type Backlog, JobQueue, type Neglected, type PauseTarget, type QueuedInvocation } from "./JobQueue.ts"
export type {
  LaneBase,
  LaneDebounce,
  LaneKey,
  LaneKeys,
  LaneRate,
  LaneWaiters,
  NamedLane,
  SharedLaneOptions,
  SoleLaneOptions,
  WhenBusy
} from "./Lane.ts"
export { type AfterStatus, afterStatuses, type CompletionOutcome, Outcome } from "./Outcome.ts"
export type { Pause, PauseKind, PauseOptions } from "./Pause.ts"
export { type Lane, PerformanceLane } from "./PerformanceLane.ts"
export {
  type Actors,
  Child,
  isChild,
  type Settled,
  Step,
  type StepContext,
  type StepVerbs,
  type Storable
} from "./Step.ts"
export {
  type AnyStepValue,
  isStepValue,
  type StepBody,
  type StepDefinition,
  type StepKind,
  type StepOptions,
  type StepValue
} from "./StepDefinition.ts"
export * as Stepped from "./Stepped.ts"
export * from "./SteppedError.ts"
