/**
 * Durable trees of actions on Postgres, as typed Effect programs.
 *
 * @since 0.1.0
 */
export { type Achievement, type AchievementFilter, AchievementStore } from "./AchievementStore.ts"
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
export type { ActionHandle, ActionSnapshot, ActionStatus, Cancellation, CancelOptions } from "./ActionHandle.ts"
export type {
  ActionCount,
  ActionFilter,
  ActionRecord,
  ActionTree,
  AskedFilter,
  AskedRecord,
  AttemptRecord,
  ChangedAction,
  FailureCause,
  FailureKind,
  Heartbeat,
  Kept,
  NotUndone,
  SlotRecord,
  StepRecord,
  StepResultRecord,
  TreeOptions,
  Waiting
} from "./ActionRecord.ts"
export { ActionRepo } from "./ActionRepo.ts"
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
  DefinitionDescription,
  DefinitionRecord,
  SchemaDescription,
  SignalDescription,
  StepDescription,
  WorkerRecord
} from "./Catalogue.ts"
export type {
  Check,
  CheckOptions,
  Misfit,
  MisfitKind,
  MisfitMeaning,
  MisfitSample,
  ScheduleMisfit,
  ScheduleMisfitKind
} from "./Check.ts"
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
export type {
  Compensation,
  CompensationDefinition,
  CompensationOptions,
  CompensationRetry,
  UndoingDefinition,
  WithoutResult
} from "./Compensation.ts"
export type { DatabaseHealth, HealthNote, HeldSnapshot, LockWait, ReplicaLag, TableHealth } from "./DatabaseHealth.ts"
export type { DiagramOptions } from "./Diagram.ts"
export type { Encrypted, Encryption, EncryptionKey, EncryptionOptions } from "./Encryption.ts"
export {
  type AnyActions,
  type AnyClients,
  Engine,
  type EngineDatabase,
  type Finding,
  type HealRecord,
  type Listener,
  type Registration,
  type SignalToSend
} from "./Engine.ts"
export type { ChildOptions, EnqueueOptions, PromptOptions } from "./EnqueueOptions.ts"
export type {
  ActionEvent,
  ActionEvents,
  EventDeferred,
  EventFilter,
  EventOrigin,
  EventsLost,
  EventStep,
  FollowedEvent
} from "./Events.ts"
export type { ActivityRecord, ClockRecord, DeferredRecord, ExecutionChild, ExecutionRecord } from "./ExecutionRecord.ts"
export type {
  ExplainedAction,
  ExplainedPlace,
  ExplainedSuperseding,
  ExplainMethod,
  ExplainMethods,
  ExplainOptions,
  Explains,
  ExplainVerb,
  Explanation,
  StoredExplanation
} from "./Explanation.ts"
export type { FailureBuild, FailureFilter, FailureGroup, FailureGroups } from "./Failures.ts"
export type { Extended, Heard, TokenTarget } from "./Heartbeat.ts"
export {
  type Backlog,
  type DefinitionFilter,
  JobQueue,
  type PauseTarget,
  type QueuedInvocation,
  type QueuedOptions
} from "./JobQueue.ts"
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
export type { ListFilter, TypedRecord } from "./Listing.ts"
export type {
  ManyFilter,
  ManyGroup,
  ManyOptions,
  ManyOutcome,
  ManyPlan,
  ManyPlanKey,
  ManySummary,
  ManyVerb
} from "./Many.ts"
export {
  type DeleteResult,
  type ForgetOptions,
  type Forgetting,
  type ForgottenActor,
  type OperationFilter,
  type OperationRecord,
  type OperatorOptions,
  type OperatorVerb,
  operatorVerbs,
  type QueueResult,
  type StillRead,
  type StillThere
} from "./Operation.ts"
export type {
  AbandonUnwindingResult,
  CompensateAgainResult,
  InterruptExecutionResult,
  NotCompensable,
  NotRetryable,
  ResumeExecutionResult,
  RetryOptions,
  RetryResult,
  StepAttempt,
  StepDecisionResult
} from "./OperatorResult.ts"
export {
  type AfterStatus,
  afterStatuses,
  type CompletionOptions,
  type CompletionOutcome,
  Outcome,
  type StepsRan,
  type Unsuccessful
} from "./Outcome.ts"
export type { Listing, Page } from "./Page.ts"
export type { Pause, PauseKind, PauseOptions } from "./Pause.ts"
export { type Lane, PerformanceLane } from "./PerformanceLane.ts"
export type { Live, Ready, WorkerHealth, WorkerState } from "./Readiness.ts"
export type {
  Deletion,
  DeletionOptions,
  DeletionPlan,
  DeletionScope,
  EndedStatus,
  HistoryRetention,
  PlannedDeletion,
  PlanOptions,
  StatusRetention
} from "./Retention.ts"
export type { Retry, RetryDefinition, RetryPolicy, RetryRule, StepFailure } from "./Retry.ts"
export type {
  AnyScheduleOptions,
  CatchUp,
  ScheduleError,
  ScheduleOptions,
  ScheduleSettings,
  ScheduleTimes
} from "./ScheduleOptions.ts"
export {
  type Backfilled,
  type BackfillOptions,
  type FiredSlot,
  type NextSlot,
  type ResumedSchedules,
  type ScheduleFilter,
  type ScheduleRecord,
  Schedules,
  type ScheduleState
} from "./Schedules.ts"
export {
  type AnySignal,
  isSignal,
  type Lists,
  type Receives,
  type Sending,
  type SendOptions,
  type Sent,
  type Signal,
  type SignalOptions,
  type SignalRecord,
  type SignalWait
} from "./Signal.ts"
export {
  type Actors,
  type Attempt,
  Child,
  isChild,
  type Settled,
  Starter,
  type StarterContext,
  Step,
  type StepContext,
  type StepVerbs,
  type Storable
} from "./Step.ts"
export {
  type AnyStepValue,
  type StepBody,
  type StepDefinition,
  type StepKind,
  type StepOptions,
  type StepValue
} from "./StepDefinition.ts"
export * as Stepped from "./Stepped.ts"
export * from "./SteppedError.ts"
export type { OnExhausted, StepDefaults } from "./StepPolicy.ts"
export {
  type Completes,
  type Received,
  type TokenClaims,
  type TokenKey,
  type TokenOptions,
  type TokenOutcome,
  Tokens
} from "./Tokens.ts"
export type { RenderTreeOptions, TypedTree } from "./Tree.ts"
export type { Unanswered } from "./Unanswered.ts"
export type { Doing, Reason, WaitingStep, Why, WhyAction } from "./Why.ts"
