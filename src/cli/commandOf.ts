/** Each verb of an operator has a command: one that is added without is no program. */
import type { OperatorVerb } from "../Operation.ts"

/** What asks for it, behind `stepped`. */
export const commandOf: Readonly<Record<OperatorVerb, string>> = {
  "ActionRepo.tryStepAgain": "try-again",
  "ActionRepo.skipStep": "skip",
  "ActionRepo.completeStep": "complete-step",
  "ActionRepo.failStep": "fail",
  "ActionRepo.abandonUnwinding": "abandon-unwinding",
  "ActionRepo.compensateAgain": "compensate-again",
  "ActionRepo.retry": "retry",
  "ActionRepo.forget": "forget",
  "ActionRepo.delete": "delete",
  "ActionRepo.deleteEnded": "prune",
  "ActionRepo.deleteOutcomes": "prune --what answers",
  "ActionRepo.deleteOperations": "prune --what operations",
  "JobQueue.reprioritise": "reprioritise",
  "JobQueue.reschedule": "reschedule",
  "JobQueue.pause": "pause",
  "JobQueue.resume": "resume",
  "JobQueue.drain": "drain",
  "PerformanceLane.pause": "pause --lane",
  "PerformanceLane.resume": "resume --lane",
  "AchievementStore.forget": "forget-achievement",
  "AchievementStore.forgetAll": "forget-achievement --below",
  "Schedules.pause": "schedules pause",
  "Schedules.resume": "schedules resume",
  "Schedules.run": "schedules run",
  "Schedules.backfill": "schedules backfill",
  "Schedules.remove": "schedules remove",
  "Stepped.cancel": "cancel",
  "Stepped.send": "signal",
  "Stepped.complete": "complete",
  "Stepped.forMany": "cancel --where"
}
