/**
 * The bugs: what happened to others, and what this engine would be without one of its precautions.
 *
 * Each is the smallest change that makes the mistake. Where the text that it replaces has changed, the bug is to be planted anew.
 */
import type { Bug } from "./Bug.ts"

const functionFile = (name: string) => `src/sql/schema/functions/${name}.sql`
const call = "src/sql/call.ts"
const transaction = "src/sql/transaction.ts"
const bodies = "src/engine/worker/Bodies.ts"
const claimer = "src/engine/worker/Claimer.ts"
const committer = "src/engine/worker/Committer.ts"
const lease = "src/engine/worker/Lease.ts"
const preparing = "src/engine/worker/preparing.ts"
const catalogs = "src/engine/worker/Catalogs.ts"
const reconciler = "src/engine/worker/Reconciler.ts"
const workers = "src/engine/worker/Workers.ts"
const surroundings = "src/engine/worker/surroundings.ts"
const eventHub = "src/engine/events/Hub.ts"
const watching = "src/engine/events/watching.ts"
const events = "test/behaviour/Events.test.ts"
const eventRaces = "test/races/events.test.ts"
const concluding = "src/engine/perform/concluding.ts"
const performance = "src/engine/perform/Performance.ts"
const results = "src/engine/perform/results.ts"
const pieces = "src/engine/perform/pieces.ts"
const largeData = "test/behaviour/LargeData.test.ts"
const retry = "src/engine/perform/retry.ts"
const runCallbacks = "src/engine/perform/runCallbacks.ts"
const runJob = "src/engine/perform/runJob.ts"
const stepService = "src/engine/perform/stepService.ts"
const codec = "src/domain/Codec.ts"
const registry = "src/engine/Registry.ts"
const runnable = "src/engine/Runnable.ts"
const prerequisites = "src/sql/prerequisites.ts"

const developing = "test/cli/dev.test.ts"
const developingParts = "test/cli/dev/parts.test.ts"
const starting = "test/cli/init.test.ts"
const upkeepTests = "test/engine/maintenance/upkeep.test.ts"
const passedBy = "test/races/passedBy.test.ts"
const suitability = "test/operations/Suitability.test.ts"
const regressions = "test/behaviour/Regressions.test.ts"
const copies = "src/domain/copies.ts"
const copiesTest = "test/domain/copies.test.ts"
const closedLayer = "test/behaviour/ClosedLayer.test.ts"
const waiting = "test/sql/Waiting.test.ts"
const failureCauses = "test/behaviour/FailureCauses.test.ts"
const options = "test/behaviour/EnqueueOptions.test.ts"
const pauses = "test/behaviour/Pauses.test.ts"
const laneDeadlocks = "test/behaviour/LaneDeadlocks.test.ts"
const completionKeys = "test/behaviour/CompletionKeys.test.ts"
const tokens = "test/behaviour/Tokens.test.ts"
const tokenRaces = "test/races/tokens.test.ts"
const heartbeats = "test/behaviour/Heartbeats.test.ts"
const tracedSignals = "test/behaviour/TracedSignals.test.ts"
const tracedCompletions = "test/behaviour/TracedCompletions.test.ts"
const forMany = "test/behaviour/ForMany.test.ts"
const asking = "src/engine/many/asking.ts"
const reported = "test/operations/Reported.test.ts"
const extended = "test/behaviour/ExtendedTimeouts.test.ts"
const heartbeatRaces = "test/races/heartbeats.test.ts"
const completionKeyRaces = "test/races/completionKeys.test.ts"
const fairBy = "test/behaviour/FairBy.test.ts"
const schedules = "test/behaviour/Schedules.test.ts"
const pausedSchedules = "test/behaviour/PausedSchedules.test.ts"
const scheduleRaces = "test/races/schedules.test.ts"
const scheduleRows = "src/sql/schedules.ts"
const doctorFile = "src/sql/Doctor.ts"
const doctorTest = "test/sql/Doctor.test.ts"
const doctorFindings = "test/sql/DoctorFindings.test.ts"
const furtherAttempts = "test/behaviour/FurtherAttempts.test.ts"
const undoingInFull = "test/behaviour/UndoingInFull.test.ts"
const slots = "src/domain/ScheduleSlots.ts"
const slotsTest = "test/domain/ScheduleSlots.test.ts"
const undoingTakenBack = "test/behaviour/UndoingTakenBack.test.ts"
const offsets = "src/domain/Offsets.ts"
const offsetsTest = "test/domain/Offsets.test.ts"
const firing = "src/engine/schedules/firing.ts"
const traces = "src/engine/trace.ts"
const tracing = "test/behaviour/Tracing.test.ts"
const namedLanes = "test/behaviour/NamedLanes.test.ts"
const randomLanes = "test/model/Lanes.test.ts"
const randomSagas = "test/model/Sagas.test.ts"
const explaining = "test/behaviour/Explaining.test.ts"
const trees = "test/behaviour/Trees.test.ts"
const whys = "test/behaviour/Why.test.ts"
const whyEnds = "test/behaviour/WhyEnds.test.ts"
const health = "test/sql/health.test.ts"
const whyCosts = "test/sql/why.test.ts"
const metrics = "test/behaviour/Metrics.test.ts"
const meteredTest = "test/engine/metered.test.ts"
const metering = "src/engine/metered.ts"
const diagrams = "test/behaviour/Diagrams.test.ts"
const explainer = "src/engine/client/explain.ts"
const pausesLooks = "test/sql/transitions/pauses.test.ts"
const pausedLanes = "test/behaviour/PausedLanes.test.ts"
const completing = "src/engine/client/complete.ts"
const unwinding = "src/engine/perform/unwinding.ts"
const compensation = "test/behaviour/Compensation.test.ts"
const undoingRules = "test/behaviour/UndoingRules.test.ts"
const compensating = "src/engine/perform/compensate.ts"
const compensationRetries = "test/behaviour/CompensationRetries.test.ts"
const compensatingAgain = "test/behaviour/CompensatingAgain.test.ts"
const forgetting = "test/behaviour/Forgetting.test.ts"
const forgettingRaces = "test/races/forgetting.test.ts"
const draining = "test/operations/Draining.test.ts"
const compensatingRaces = "test/races/compensatingAgain.test.ts"
const unwindingTests = "test/behaviour/Unwinding.test.ts"
const wholeTests = "test/behaviour/UndoneAsAWhole.test.ts"
const childrenTests = "test/behaviour/UnwindingChildren.test.ts"
const besideTests = "test/behaviour/UnwindingBeside.test.ts"
const endingChildren = "test/races/endingChildren.test.ts"
const cancelOptions = "test/behaviour/CancelOptions.test.ts"
const stepOptions = "test/behaviour/StepOptions.test.ts"
const shielded = "test/behaviour/Shielded.test.ts"
const stepHeld = "test/behaviour/StepHeld.test.ts"
const operatorVerbs = "test/behaviour/OperatorVerbs.test.ts"
const operations = "test/behaviour/Operations.test.ts"
const operatedExecutions = "test/behaviour/OperatedExecutions.test.ts"
const attentionTests = "test/http/Attention.test.ts"
const retrying = "test/behaviour/Retrying.test.ts"
const answers = "test/cli/Answers.test.ts"
const retriedAlone = "test/behaviour/RetriedAlone.test.ts"
const retryingRaces = "test/races/retrying.test.ts"
const callbackResults = "test/behaviour/CallbackResults.test.ts"
const stepRetries = "test/behaviour/StepRetries.test.ts"
const attempting = "src/engine/perform/attempts.ts"
const stepTimeouts = "test/behaviour/StepTimeouts.test.ts"
const limit = "src/engine/perform/stepLimit.ts"
const passedSteps = "test/behaviour/PassedSteps.test.ts"
const attempts = "test/behaviour/Attempts.test.ts"
const attempted = "src/engine/perform/attempted.ts"
const starts = "test/behaviour/Starts.test.ts"
const named = "test/behaviour/NamedActions.test.ts"
const listing = "test/behaviour/Listing.test.ts"
const progress = "test/behaviour/Progress.test.ts"
const rateLimits = "test/stores/RateLimiter.test.ts"
const queues = "test/stores/PersistedQueue.test.ts"
const storeRaces = "test/races/stores.test.ts"
const keyRaces = "test/races/keys.test.ts"
const checksums = "test/behaviour/ActionChecksums.test.ts"
const onceTest = "test/behaviour/Once.test.ts"
const signals = "test/behaviour/Signals.test.ts"
const signalsInLanes = "test/behaviour/SignalsInLanes.test.ts"
const signalRaces = "test/races/signals.test.ts"
const signalling = "src/engine/perform/signals.ts"
const once = "src/engine/perform/once.ts"
const starter = "src/engine/perform/starter.ts"

const checkingFile = (name: string) => `src/engine/check/${name}.ts`
const checking = "test/behaviour/Checking.test.ts"
const checkedPages = "test/sql/live.test.ts"
const program = "test/cli/main.test.ts"
const workflows = "test/behaviour/Workflows.test.ts"
const workflowDeaths = "test/behaviour/WorkflowDeaths.test.ts"
const workflowsShown = "test/behaviour/WorkflowsShown.test.ts"
const workflowOptions = "test/behaviour/WorkflowOptions.test.ts"
const ownAttempts = "test/behaviour/OwnAttempts.test.ts"
const workflowScopes = "test/behaviour/WorkflowScopes.test.ts"
const workflowLimits = "test/behaviour/WorkflowLimits.test.ts"
const workflowSending = "test/behaviour/WorkflowSending.test.ts"
const workflowTransactions = "test/behaviour/WorkflowTransactions.test.ts"
const workflowTrees = "test/behaviour/WorkflowTrees.test.ts"
const workflowWakes = "test/behaviour/WorkflowWakes.test.ts"
const executionRaces = "test/races/executions.test.ts"

// in several lists: the compiler takes all of them in one for too complex
const first: ReadonlyArray<Bug> = [
  // -----------------------------------------------------------------------------------------------------------------
  // rules, section 8
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "unhandled-for-ever",
    breaks: "7.2: an unhandled failure leaves the action performing and its lane held",
    plants: [{
      file: bodies,
      find: `    const unhandled = cause.reasons.find(Cause.isFailReason)?.error`,
      replace: `    if (cause.reasons.some(Cause.isFailReason)) return Effect.undefined
    const unhandled = cause.reasons.find(Cause.isFailReason)?.error`
    }],
    tests: { [regressions]: ["8: an unhandled failure leaves the action performing"] }
  },
  {
    name: "path-of-the-superseded",
    breaks: "7.5: the path of a failure names the action that was asked for, and not the one that superseded it",
    plants: [{
      file: attempted,
      find: `({ ...slot, ...slot.ran })`,
      replace: `slot`
    }],
    tests: { [failureCauses]: ["so does it where a callback of that one failed"] }
  },
  {
    name: "cause-without-path",
    breaks: "7.5: what is ended from outside with its callbacks to come stores a cause without its path",
    plants: [{
      file: functionFile("fix_outcome"),
      find: `cause_at(p_cause, definition, actor_id)`,
      replace: `p_cause`
    }],
    tests: { [failureCauses]: ["every end without success has a cause"] }
  },
  {
    name: "error-of-anybody",
    breaks: "7.5: a declared error is taken for that of whatever action is asked for",
    plants: [{
      file: "src/SteppedError.ts",
      find: `error === undefined || error.action !== action.name`,
      replace: `error === undefined`
    }],
    tests: { [failureCauses]: ["and its error is its own, whoever was asked for"] }
  },
  {
    name: "expected-by-its-text",
    breaks: "22.2: a test that expects what is encrypted passes, or fails, whatever was enqueued or sent",
    plants: [{
      file: "src/testing/sameJson.ts",
      find: "if (!codec.isEncrypting) return",
      replace: "if (!codec.isEncrypting || encoded !== undefined) return"
    }],
    tests: { "test/testing/Expectations.test.ts": ["know what is encrypted"] }
  },
  {
    name: "expected-of-before",
    breaks: "a test that expects what was enqueued is told what its before has made of that",
    plants: [{
      file: "src/testing/enqueued.ts",
      find: "replaced.has(action.id) ?",
      replace: "replaced.has(action.id) && action.endedAt === undefined ?"
    }],
    tests: { "test/testing/Expectations.test.ts": ["go by the arguments that it was asked for with"] }
  },
  {
    name: "checked-by-what-was-taken-back",
    breaks:
      "17.5: after a deploy that was taken back, operators' verbs are checked by the version that nobody has any more",
    plants: [{
      file: "src/verbs/inUse.ts",
      find: "newest: true, limit: 1",
      replace: "limit: 1"
    }, {
      file: "src/verbs/inUse.ts",
      find: "current.length > 0 ?",
      replace: "current.length > 100 ?"
    }],
    tests: { "test/http/Telling.test.ts": ["17.5, 21.1: after a deploy that was taken back"] }
  },
  {
    name: "secret-in-what-is-left",
    breaks: "7.5: arguments that a schema redacts stand in the messages of tests",
    plants: [{
      file: "src/testing/describe.ts",
      find: `Effect.option(argumentsCodec(definition.arguments).decode(action.arguments))`,
      replace: `Effect.succeed(Option.some(argumentsCodec === undefined ? [] : action.arguments))`
    }],
    tests: {
      [failureCauses]: ["what a schema redacts is in no text"],
      "test/testing/Expectations.test.ts": ["that do not hold list what was enqueued"]
    }
  },
  {
    name: "not-yet-is-no-more",
    breaks: "5.2: an answer that comes before a worker has taken the action is told that it is over",
    plants: [{
      file: functionFile("complete"),
      find: `    and l.flags & 16 /* Flag.outbound */ <> 0
    and l.status = 0 /* Status.pending */ then`,
      replace: `    and false then`
    }, {
      file: functionFile("complete"),
      find: `if l.outcome is not null or (p_outbound and l.flags & 16 /* Flag.outbound */ = 0) then`,
      replace: `if l.outcome is not null or (p_outbound and (l.flags & 16 = 0 or l.status <> 1)) then`
    }],
    tests: { "test/behaviour/ActionOutbound.test.ts": ["5.2+: by id: one that has not started says so"] }
  },
  {
    name: "no-json",
    breaks: "a bigint that a schema of anything lets through kills the fiber that asks",
    plants: [{
      file: codec,
      find: `    text = jsonText(field, json)\n  } catch (error) {`,
      replace:
        `    text = JSON.stringify(json) ?? "null"\n  } catch (error) {\n    if (error instanceof TypeError) throw error`
    }],
    tests: { "test/behaviour/BadInput.test.ts": ["as arguments are a typed error, and nothing is stored (a bigint)"] }
  },
  {
    name: "transient-answers",
    breaks: "7.2: a connection that is lost under a body is the body's answer",
    plants: [{
      file: retry,
      find: `    if (own.length === 0) return Effect.fail(new Unhandled(cause, true))\n`,
      replace: ``
    }],
    tests: {
      "test/behaviour/TransientFailures.test.ts": ["7.2+: what the database itself says"],
      "test/races/terminated.test.ts": ["7.2+: under user code (body)"]
    }
  },
  {
    name: "callback-once",
    breaks: "4.2: a callback that fails once, for whatever reason, is never run again",
    plants: [{
      file: runCallbacks,
      find: `        const due = attempts + 1 >= env.settings.attempts\n`,
      replace: `        const due = attempts + 1 > 0\n`
    }],
    tests: { "test/behaviour/CallbackRetries.test.ts": ["4.2+: after an unhandled defect it runs again later, alone"] }
  },
  {
    name: "callbacks-again",
    breaks: "4.2: what has ended is not stored when another callback is put off, and runs again with it",
    plants: [{
      file: runCallbacks,
      find: `due, burns: true, callbacks: [...ended], failure, starts }`,
      replace: `due, burns: true, failure, starts }`
    }],
    tests: { "test/behaviour/CallbackRetries.test.ts": ["4.2: whoever goes on runs only what has not ended"] }
  },
  {
    name: "split-transition",
    breaks: "8: a step and its children are stored by two commits, and a crash between them loses the children",
    plants: [{
      file: "src/sql/PostgresStore.ts",
      find: `      finish: finishOf(calls),`,
      replace: `      finish: (o) => {
        const children = o.conclusions.flatMap((one) => one._tag === "StepWaits" ? one.children : [])
        const conclusions = o.conclusions.map((one) => one._tag === "StepWaits" ? { ...one, children: [] } : one)
        return Effect.tap(
          finishOf(calls)({ ...o, conclusions }),
          () => children.length === 0 ? Effect.void : enqueueOf(calls)(children, o.now, undefined)
        )
      },`
    }],
    tests: { "test/operations/Cost.test.ts": ["a parent and its fifty children take five"] }
  },
  {
    name: "joins-before-its-lease",
    breaks: "1: what a worker has prepared, and joins when it gives itself up, is held for a worker that is gone",
    plants: [{
      file: functionFile("claim"),
      find: `  if not found or (p_prepared is not null and leased(p_token) is null) then`,
      replace: `  if not found then`
    }, {
      file: functionFile("claim"),
      find: `  if count_taken > 0 and p_prepared is null and leased(p_token) is null then`,
      replace: `  if (count_taken > 0 or p_prepared is not null) and leased(p_token) is null then`
    }],
    tests: { "test/races/stopping.test.ts": ["prepared, and about to join when its worker gives itself up"] }
  },
  {
    name: "gives-up-beside-giving-back",
    breaks: "1: what is given back while a worker gives itself up stays with a worker that is gone",
    plants: [{
      file: functionFile("give_back"),
      find: "  perform 1 from workers where token = p_token for key share;\n",
      replace: ""
    }],
    tests: { "test/races/stopping.test.ts": ["is for others at once: giving it back does not come to its end"] }
  },
  {
    name: "gives-up-beside-putting-off",
    breaks: "1: what is put off while a worker gives itself up stays with a worker that is gone",
    plants: [{
      file: functionFile("postpone"),
      find: "  perform 1 from workers where token = p_token for key share;\n",
      replace: ""
    }],
    tests: { "test/races/stopping.test.ts": ["is for others at once: putting it off does not come to its end"] }
  },
  {
    name: "gives-up-beside-progress",
    breaks: "1: a running step that says how far it is while a worker gives itself up stays with a worker that is gone",
    plants: [{
      file: functionFile("note_progress"),
      find: "  perform 1 from workers where token = p_token for key share;\n",
      replace: ""
    }],
    tests: {
      "test/races/stopping.test.ts": [
        "is for others at once: what it says last of a running step does not come to its end"
      ]
    }
  },
  {
    name: "groups-by-actor",
    breaks: "17.6: actions fail in as many groups as there are actors",
    plants: [{
      file: functionFile("failure_path"),
      find: "regexp_replace(s, '^([^ /]+ [^ /]+)/.*$', '\\1')",
      replace: "s"
    }],
    tests: { "test/behaviour/Failures.test.ts": ["17.6: by definition"] }
  },
  {
    name: "groups-own-id-by-arrows",
    breaks: "17.6: an actor's id with an arrow in it makes a group of its own",
    plants: [{
      file: functionFile("failure_path"),
      find: "      then split_part(p_definition, '/', 2)",
      replace: "      and false then split_part(p_definition, '/', 2)"
    }],
    tests: { "test/behaviour/Failures.test.ts": ["17.6: by definition"] }
  },
  {
    name: "failures-have-no-build",
    breaks: "17.6: nobody knows since which deploy something fails",
    plants: [{
      file: functionFile("move_to_history"),
      find: "        then (select w.build from workers w where w.token = p_token) end",
      replace: "        then null end"
    }],
    tests: { "test/behaviour/Failures.test.ts": ["17.6: each build"] }
  },
  {
    name: "a-success-is-a-failure",
    breaks: "17.6: what was cancelled is among the failures",
    plants: [{
      file: functionFile("failed_actions"),
      find: "        e.status in (5 /* Status.failed */, 6 /* Status.timed_out */, 7 /* Status.deadlocked */)\n",
      replace: "        e.status in (4, 5, 6)\n"
    }],
    tests: { "test/behaviour/Failures.test.ts": ["17.6: by definition"] }
  },
  {
    name: "first-of-many-is-committed-alone",
    breaks: "a backlog takes half as many commits again: the first body that ends wakes another loop, which commits it",
    plants: [{
      file: "src/engine/worker/Worker.ts",
      find: `        // whoever opens it is still at it: what the first body of many has come to is not committed alone
        yield* Effect.yieldNow
`,
      replace: ``
    }],
    tests: { "test/operations/Cost.test.ts": ["an action of one step costs"] }
  },
  {
    name: "one-message",
    breaks: "3.7: all results of a step's children travel in one message, whatever it holds",
    plants: [{
      file: functionFile("detail_of"),
      find: `        < 131072 /* travelling */
      then json`,
      replace: `        < 1000000000
      then json`
    }, {
      file: functionFile("detail_of"),
      find: `return case when octet_length(v_detail::text) < 131072 /* travelling */ then v_detail end;`,
      replace: `return v_detail;`
    }],
    tests: { "test/behaviour/StepResults.test.ts": ["3.7: results that no message holds together"] },
    hangs: true
  },
  {
    name: "parts-apart",
    breaks: "3.2: children beyond one statement are stored by several commits",
    plants: [{
      file: call,
      find: `inside ? statements : withTransaction(statements))`,
      replace: `inside || !inside ? statements : withTransaction(statements))`
    }],
    tests: { "test/races/inParts.test.ts": ["3.2: children beyond one statement", "what enqueueMany stores"] }
  },
  {
    name: "statements-by-rows",
    breaks: "a statement takes its rows by their number, and a gigabyte with them",
    plants: [{
      file: "src/store/weight.ts",
      find: `    if (count > 0 && bytes > statementBytes) break`,
      replace: `    if (count > 0 && bytes > 1e12) break`
    }],
    tests: { "test/races/inParts.test.ts": ["3.2: so are those of a transactional step"] }
  },
  {
    name: "claims-by-rows",
    breaks: "a claim takes as many arguments as it has room for actions, however long they are",
    plants: [{
      file: functionFile("take_jobs"),
      find: `where b.before < 16777216 /* answering */ - total_bytes;`,
      replace: `where true;`
    }],
    tests: { "test/races/inParts.test.ts": ["calls at once share statements"] }
  },
  {
    name: "tried-for-ever",
    breaks: "what cannot be stored is tried in its place for ever, and holds up a worker's loop",
    plants: [{
      file: committer,
      find: `        if ((isLong || attempt + 1 >= triesInPlace) && (yield* answers)) {`,
      replace: `        if ((isLong || attempt + 1 >= triesInPlace * 1e9) && (yield* answers)) {`
    }],
    tests: { "test/races/notStored.test.ts": ["what cannot be stored keeps nobody waiting"] },
    hangs: true
  },
  {
    name: "outage-fails",
    breaks: "8: a database that is away counts as one that refuses",
    plants: [{
      file: committer,
      find: `  const answers = Effect.map(Effect.exit(connections.ask(store.clockOffset)), Exit.isSuccess)`,
      replace: `  const answers = Effect.succeed(true)`
    }],
    tests: { "test/races/notStored.test.ts": ["a database that is away fails no action"] }
  },
  {
    name: "joins-for-ever",
    breaks: "a claim that fails again and again is tried again with the same invocations",
    plants: [{
      file: claimer,
      find: `        (!error.isRetryable || (failures + 1 >= triesInPlace && (yield* worker.committer.answers)))`,
      replace:
        `        (!error.isRetryable || (failures + 1 >= triesInPlace * 1e9 && (yield* worker.committer.answers)))`
    }],
    tests: { "test/races/notStored.test.ts": ["what cannot join its lane"] },
    hangs: true
  },
  {
    name: "fails-with-its-mistake",
    breaks: "what cannot join its lane fails with what cannot be stored of it, and so not even that",
    plants: [{
      file: claimer,
      find: `inHand.join([{ ...unjoinable(only), ended: {`,
      replace: `inHand.join([{ ...unjoinable(only), ...only, ended: {`
    }],
    tests: { "test/engine/worker/Claimer.test.ts": ["a prepared invocation that cannot join"] },
    hangs: true
  },
  {
    name: "given-up-with-its-mistake",
    breaks: "what is given up before it is prepared waits for ever, where its timeout or keys cannot be stored",
    plants: [{
      file: preparing,
      find: `...unjoinable(asHeld(task)),`,
      replace: `...unjoinable(asHeld(task)), ...asHeld(task),`
    }],
    tests: { "test/engine/worker/Claimer.test.ts": ["so does one that is given up"] },
    hangs: true
  },
  {
    name: "gate-shut",
    breaks: "all transitions wait until memory and rows could be compared",
    plants: [{
      file: "src/engine/worker/Gate.ts",
      find:
        `        return Effect.ensuring(semaphore.withPermits(permits)(effect), Effect.sync(() => open.openUnsafe()))`,
      replace:
        `        return Effect.tap(semaphore.withPermits(permits)(effect), () => Effect.sync(() => open.openUnsafe()))`
    }],
    tests: { "test/races/notStored.test.ts": ["a comparison with the rows"] },
    hangs: true
  },
  {
    name: "unlimited-results",
    breaks: "3.7: a step receives whatever its children gave",
    plants: [{
      file: pieces,
      find: `    if (this.size <= this.#limit) return Effect.void`,
      replace: `    if (this.size >= 0) return Effect.void`
    }],
    tests: { "test/behaviour/StepResults.test.ts": ["3.7: beyond its limit"] }
  },
  {
    name: "queued-cancelled-for-nothing",
    breaks: "4.1: what is cancelled before a worker has taken it runs no callbacks",
    plants: [{
      file: functionFile("end_cancelled"),
      find: `    where known & 4 /* Flag.cancelled */ <> 0
`,
      replace: `    where false
`
    }, {
      file: functionFile("end_cancelled"),
      find: `    where known & 4 /* Flag.cancelled */ = 0
`,
      replace: ``
    }],
    tests: { "test/behaviour/ActionCancelling.test.ts": ["4.1: an action that no worker has taken runs its cancelled"] }
  },
  {
    name: "undone-in-their-order",
    breaks: "10.1: steps are undone in the order in which they ran",
    plants: [{
      file: unwinding,
      find: `if (!undone.has(row.index)) all.push(`,
      replace: `if (!undone.has(row.index)) all.unshift(`
    }],
    tests: { [compensation]: ["10.1: of an action that fails they run in reverse order"] }
  },
  {
    name: "cancelled-without-undoing",
    breaks: "10.1: what is ended from outside is not undone",
    plants: [{
      file: functionFile("end_from_outside"),
      find: `  if p_unwinds and p_status <> 2 /* Status.succeeded */ then`,
      replace: `  if false then`
    }],
    tests: { [unwindingTests]: ["10.1: cancelled by a process without definitions"] }
  },
  {
    name: "forgets-what-a-deploy-took",
    breaks: "10.2: what the running version no longer undoes is left without a word",
    plants: [{
      file: unwinding,
      find: `  if (row.undo !== undefined || row.status !== "cancelled") return row.undo ?? 0
`,
      replace: ``
    }],
    tests: {
      [unwindingTests]: ["10.2: a version that undoes nothing any more", "10.2: what the running version no longer"]
    }
  },
  {
    name: "uncertain-though-taken-back",
    breaks: "10.3: a transactional step that has left nothing is said to be uncertain",
    plants: [{
      file: concluding,
      find: `    : undoing(performance, isOver && !stays && isTakenBack(performance))`,
      replace: `    : undoing(performance, isOver && stays && isTakenBack(performance))`
    }],
    tests: { [undoingTakenBack]: ["10.3: an attempt fails, the next one fails: nothing", "10.3: nobody outside"] }
  },
  {
    name: "taken-back-though-marked",
    breaks: "10.3: what a transactional step has committed and was marked after is passed over without a word",
    plants: [{
      file: unwinding,
      find: `export const isMarked = ({ kind }: FailureCause): boolean => kind === "marked"`,
      replace: `export const isMarked = ({ kind }: FailureCause): boolean => kind === ("never" as "marked")`
    }],
    tests: { [undoingTakenBack]: ["10.3: an attempt fails, the next one marks: it"] }
  },
  {
    name: "taken-back-though-an-attempt-stays",
    breaks: "10.3: what an earlier attempt has committed is passed over without a word",
    plants: [{
      file: unwinding,
      find: `performance.attempted?.stays !== true && `,
      replace: ``
    }],
    tests: {
      [undoingTakenBack]: ["10.3: an attempt marks, the next one fails", "10.3: an attempt waits in vain, the next"]
    }
  },
  {
    name: "closed-though-it-was-to-wait",
    breaks: "10.3: what a body has committed that was to wait, and whose action has ended meanwhile, is passed over",
    plants: [{
      file: "src/engine/perform/decide.ts",
      find: `openStep(performance, "cancelled", null, event._tag === "StepWaits")`,
      replace: `openStep(performance, "cancelled", null, event._tag === "Suspended")`
    }],
    tests: { [undoingTakenBack]: ["10.3: one that ends its own action"] }
  },
  {
    name: "held-and-taken-back-is-uncertain",
    breaks: "10.3: a transactional step that is held, has left nothing, and is cancelled is said to be uncertain",
    plants: [{
      file: unwinding,
      find: `step?.transactional === true && row.stays !== true`,
      replace: `false`
    }],
    tests: { [undoingTakenBack]: ["10.3: an attempt fails and is held"] }
  },
  {
    name: "held-forgets-what-stays",
    breaks: "10.3: what a held attempt has committed is passed over without a word, once it is cancelled",
    plants: [{
      file: functionFile("detail_of"),
      find: `case when s.status = 4 /* Status.cancelled */ then s.attempts -> 'stays' end as stays`,
      replace: `null::jsonb as stays`
    }],
    tests: { [undoingTakenBack]: ["10.3: an attempt marks and is held"] }
  },
  {
    name: "undone-twice",
    breaks: "10.2: what was undone before a crash is undone again",
    plants: [{
      file: "src/sql/rows.ts",
      find: `  undoes: undoes ?? undefined`,
      replace: `  undoes: undoes === null ? undefined : undefined`
    }],
    tests: { [unwindingTests]: ["10.1: a worker that dies while it undoes a step"] }
  },
  {
    name: "joins-what-is-undone",
    breaks: "10.1: a newcomer joins an action that is being undone, and fails with it",
    plants: [{
      file: functionFile("same_in_lane"),
      find:
        `      and not (l.flags & 64 /* Flag.compensates */ <> 0 and coalesce(l.outcome, 2) <> 2 /* Status.succeeded */)`,
      replace: ``
    }],
    tests: { [compensation]: ["10.1: one with the same checksum"] }
  },
  {
    name: "retried-from-the-last-attempt",
    breaks: "18.1: what an earlier attempt has done is done again by who goes on for it",
    plants: [{
      file: functionFile("take_over"),
      find: `          and (r.slot is not null or (
            o.attempt is distinct from s.attempt`,
      replace: `          and (r.slot is not null or (
            false`
    }],
    tests: { "test/behaviour/RetriedBetween.test.ts": ["18.1: what an earlier attempt"] }
  },
  {
    name: "retried-without-other-attempts",
    breaks: "10.4: what an attempt that was not the last one has started is not undone by who goes on for its action",
    plants: [{
      file: functionFile("take_over"),
      find: `        s.idx < g.step
        or r.taken`,
      replace: `        (s.idx < g.step and o.attempt is not distinct from s.attempt)
        or r.taken`
    }],
    tests: { "test/behaviour/RetriedBetween.test.ts": ["18.1, 10.4: what an attempt"] }
  },
  {
    name: "retried-without-those-given-up",
    breaks: "10.4: a child that ended well and did not count is not undone by who goes on for its parent",
    plants: [{
      file: functionFile("take_over"),
      find: `          s.idx = g.step and not g.afresh and o.status <> 2 /* Status.succeeded */
`,
      replace: `          false
`
    }],
    tests: {
      "test/behaviour/RetriedBetween.test.ts": ["18.1, 10.4: a child that has succeeded", "18.1, 10.4: nor is one left"]
    }
  },
  {
    name: "retried-beside-those-given-up",
    breaks: "18.1: an action goes on while a child that it has given up may still end well, which nobody undoes then",
    plants: [{
      file: functionFile("not_retryable"),
      find: `      and not is_wanted(o.child, s.action)
`,
      replace: `      and false
`
    }],
    tests: { "test/behaviour/RetriedBetween.test.ts": ["18.1, 10.4: nor is one left"] }
  },
  {
    name: "retried-only-when-all-is-undone",
    breaks: "18.1: what goes on behind its steps is not retried, since the last one is not undone",
    plants: [{
      file: functionFile("may_be_outbound"),
      find: `bool_or(d.json -> 'options' ? 'outbound')`,
      replace: `bool_or(true)`
    }],
    tests: { "test/behaviour/RetriedBetween.test.ts": ["18.1: what goes on behind all"] }
  },
  {
    name: "begun-again-and-not-undone",
    breaks: "18.1: of what somebody outside has failed the last step is done a second time, which is not undone",
    plants: [{
      file: functionFile("may_be_outbound"),
      find: `bool_or(d.json -> 'options' ? 'outbound')`,
      replace: `bool_or(false)`
    }],
    tests: { "test/behaviour/RetriedBetween.test.ts": ["18.1: where somebody outside has failed it"] }
  },
  {
    name: "unknown-and-begun-again",
    breaks: "18.1: while nobody has said whether an action is outbound, its last step is done a second time",
    plants: [{ file: functionFile("may_be_outbound"), find: `  ), true);`, replace: `  ), false);` }],
    tests: { "test/behaviour/RetriedBetween.test.ts": ["18.1: what goes on behind all"] }
  },
  {
    name: "retried-beside-what-begins-again",
    breaks:
      "18.1: a child is retried by itself beside the last step of its outbound parent, which asks for it once more",
    plants: [{
      file: functionFile("retried_above"),
      find: `goes_on_at(holder.action, above.step, may_be_outbound(e.definition)) g)`,
      replace: `goes_on_at(holder.action, above.step, false) g)`
    }],
    tests: { "test/behaviour/RetriedBetween.test.ts": ["18.1: while a retry is to begin that begins"] }
  },
  {
    name: "remembered-by-the-first-step-alone",
    breaks: "18.1: what was done once is done again behind a step that is done again",
    plants: [{
      file: "src/engine/perform/concluding.ts",
      find: ` || performance.retries?.remembered?.includes(name) === true`,
      replace: ``
    }],
    tests: { "test/behaviour/RetriedBetween.test.ts": ["18.1: what was done once is not done again"] }
  },
  {
    name: "remembered-only-as-it-travels",
    breaks: "18.1: what was done once is done again behind a step, where what the action has does not travel",
    plants: [{
      file: functionFile("what_of"),
      find: `from memos m where m.action = l.id))`,
      replace: `from memos m where false))`
    }],
    tests: { "test/behaviour/RetriedBetween.test.ts": ["behind a step that is, whose arguments"] }
  },
  {
    name: "used-again-and-asked-anew",
    breaks: "18.1, 9.1: what a retried step has again is done once more by its further attempts",
    plants: [{
      file: functionFile("wait_again"),
      find: `case when o.request = '' then asked.request else o.request end`,
      replace: `o.request`
    }],
    tests: { "test/behaviour/RetriedBetween.test.ts": ["18.1, 9.1: what a further attempt"] }
  },
  {
    name: "used-again-by-each",
    breaks: "18.1: of a success that was used again two are used again",
    plants: [{
      file: functionFile("add_children"),
      find: `unstored = e.unstored,
      request = ''`,
      replace: `unstored = e.unstored`
    }],
    tests: { "test/behaviour/RetriedBetween.test.ts": ["18.1: what has been used again"] }
  },
  {
    name: "between-attempts-without-a-body",
    breaks: "18.1: a step that was to begin again waits without its body, and so without its result",
    plants: [{
      file: functionFile("goes_on_at"),
      find: ` and not (last.was_to_come and step = last.idx)`,
      replace: ``
    }],
    tests: { "test/behaviour/RetriedBetween.test.ts": ["18.1: a step that was to begin again"] }
  },
  {
    name: "dies-beyond-counting",
    breaks: "7.2: what has died more often than a row can count keeps all others from being taken over",
    plants: [{
      file: functionFile("recover"),
      find: `set token = null, attempts = least(attempts + case when p_burn then 1 else 0 end, 32767)`,
      replace: `set token = null, attempts = attempts + case when p_burn then 1 else 0 end`
    }],
    tests: { "test/races/leftovers.test.ts": ["7.2: what has died is performed alone"] }
  },
  {
    name: "kept-unsaid",
    breaks:
      "10.4: a child that its step has given up, and somebody else waits for, is not listed as kept by what unwinds the step",
    plants: [{
      file: functionFile("leave_wanted"),
      find: `undo = case when o.undo is not null then 3 /* UndoSlot.kept */ end`,
      replace: `undo = o.undo`
    }],
    tests: {
      "test/behaviour/UnwindingBeside.test.ts": ["10.4: so is one that has not ended yet when its step is given up"]
    }
  },
  {
    name: "waits-for-what-others-want",
    breaks: "10.1: an action that unwinds waits for a child that somebody else has joined",
    plants: [{
      file: functionFile("close_steps"),
      find: `(child is null or is_wanted(child, action))`,
      replace: `child is null`
    }, {
      file: functionFile("cancel_abandoned"),
      find: `dead);\n    if found then return; end if;\n`,
      replace: `dead);\n    return;\n`
    }, {
      file: functionFile("leave_wanted"),
      find: `  if parents is null then return; end if;`,
      replace: `  if true then return; end if;`
    }],
    tests: { [unwindingTests]: ["10.1: a child that somebody else waits for, too"] }
  },
  {
    name: "unwinds-before-its-children",
    breaks: "10.1: an action is undone while the children of its open step still are",
    plants: [{
      file: functionFile("fix_outcome"),
      find: `      when phase = 1 /* Phase.waiting */ then phase\n`,
      replace: ``
    }],
    tests: { [unwindingTests]: ["10.1: children of the open step"] }
  },
  {
    name: "undone-beside-its-children",
    breaks: "10.1: a parent that is cancelled is undone while its children are cancelled, or complete",
    plants: [{
      file: functionFile("fix_outcome"),
      find: `      when phase = 1 /* Phase.waiting */ then phase\n`,
      replace: ``
    }],
    tests: { "test/races/unwinding.test.ts": ["10.1: of a child's success and its parent's cancellation"] }
  },
  {
    name: "late-step-that-succeeds",
    breaks:
      "10.1: a step whose time was over counts as a success, since its action was cancelled before that was concluded",
    plants: [{
      file: functionFile("close_steps"),
      find: `and l.verdict is not null)`,
      replace: `and false)`
    }],
    tests: { [compensation]: ["10.1: a step whose own time was over"] }
  },
  {
    name: "not-undone-in-silence",
    breaks: "10.7: the cause of an action without callbacks does not say what was not undone",
    plants: [{
      file: functionFile("move_to_history"),
      find:
        `case when l.outcome is null or x.cause ?| '{notUndone,uncertain,kept}' then x.cause else l.cause end as cause`,
      replace: `case when l.outcome is null then x.cause else l.cause end as cause`
    }],
    tests: { [compensation]: ["10.3: without callbacks"] }
  },
  {
    name: "past-the-point-of-no-return",
    breaks: "10.5: what lies before a point of no return is undone",
    plants: [{
      file: unwinding,
      find: `    if (isDone && (undo & Undo.pointOfNoReturn) !== 0) break`,
      replace: ``
    }],
    tests: { [compensation]: ["10.5: behind a point of no return"] }
  },
  {
    name: "keeps-no-result-to-undo",
    breaks: "10.1: the result of a step without a name is not there when it is undone",
    plants: [{
      file: results,
      find: `  const isReceived = step.policy?.compensate !== undefined`,
      replace: `  const isReceived = false`
    }],
    tests: { [compensation]: ["10.1: of an action that fails they run in reverse order"] }
  },
  {
    name: "undone-after-one-try",
    breaks: "10.2: what fails once is not undone",
    plants: [{
      file: attempting,
      find: `tries + 1 >= env.settings.attempts ? undefined`,
      replace: `tries >= 0 ? undefined`
    }],
    tests: { [compensation]: ["10.2: whatever it fails with"] }
  },
  {
    name: "asked-again-about-undoing",
    breaks: "10.5: whoever goes on after a crash asks again whether the action's steps are undone",
    plants: [{
      file: unwinding,
      find: `      next: step,\n      until,`,
      replace: `      next: undefined,\n      until,`
    }],
    tests: { [undoingRules]: ["10.5: its answer is stored"] }
  },
  {
    name: "undone-whatever-it-says",
    breaks: "10.5: what an action's steps have done is undone, though it says that it stays",
    plants: [{
      file: compensating,
      find: `Exit.isSuccess(answer) && answer.value === false`,
      replace: `Exit.isSuccess(answer) && answer.value === null`
    }],
    tests: { [undoingRules]: ["10.5: compensateWhen is asked once"] }
  },
  {
    name: "goes-on-after-it-stops",
    breaks: "10.7: the others are undone, though the first that cannot be is to stop that",
    plants: [{
      file: "src/engine/perform/decide.ts",
      find: `undoing?.stops === true`,
      replace: `undoing?.stops === undefined`
    }],
    tests: { [undoingRules]: ["10.7: with onFailure"] }
  },
  {
    name: "certain-where-it-is-kept",
    breaks: "10.3, 10.5: an action whose steps stay as they are does not say which of them are uncertain",
    plants: [{
      file: "src/engine/perform/decide.ts",
      find: `    case "Kept":\n      return unwound(performance)`,
      replace: `    case "Kept":\n      return endNow(performance, undefined, performance.outcome!)`
    }],
    tests: { [undoingRules]: ["10.3, 10.5"], [randomSagas]: ["9, 10, 11, 13"] }
  },
  {
    name: "unwound-past-the-point",
    breaks: "10.5: steps before a point of no return are undone",
    plants: [{
      file: unwinding,
      find: `if (isDone && (undo & Undo.pointOfNoReturn) !== 0) break`,
      replace: `if (isDone && (undo & Undo.pointOfNoReturn) !== 0) continue`
    }],
    tests: { [compensation]: ["10.5: behind a point of no return"], [randomSagas]: ["9, 10, 11, 13"] }
  },
  {
    name: "undoing-without-end",
    breaks: "10.7: what undoes a step runs on when the time for all of them is over",
    plants: [{
      file: unwinding,
      find: `isUnwinding(performance) ? performance.timeoutAt : undefined`,
      replace: `isUnwinding(performance) ? undefined : performance.timeoutAt`
    }],
    tests: { [undoingRules]: ["10.7: what waits when it is over"] }
  },
  {
    name: "abandoned-by-its-worker-alone",
    breaks: "10.7: a compensation that runs when it is abandoned goes on with the others",
    plants: [{
      file: functionFile("decide_step"),
      find: `    token = null,\n`,
      replace: `    token = token,\n`
    }],
    tests: { [undoingRules]: ["10.7: a body that runs has not been done then"] }
  },
  {
    name: "abandoned-without-a-word",
    breaks: "10.7: what is left when it is abandoned is not listed",
    plants: [{
      file: unwinding,
      find: `given = withLeft(performance, given, { notUndone: [entry] })`,
      replace: `given = withLeft(performance, given, { notUndone: entry.message === message ? [] : [entry] })`
    }],
    tests: { [undoingRules]: ["10.7: what undoes an action may be abandoned"] }
  },
  {
    name: "refused-without-a-word",
    breaks: "10.7: an action whose end the database refuses while it unwinds does not say what is left",
    plants: [{
      file: "src/engine/perform/decide.ts",
      find: `      : isUnwinding(performance)\n      ? (message)`,
      replace: `      : isUnwinding(performance) && outcome === undefined\n      ? (message)`
    }],
    tests: { [undoingRules]: ["10.7: what cannot be stored of it ends the action"] }
  },
  {
    name: "undoing-forgets-its-end",
    breaks: "10.7: the time for all of them is stored with the first one alone",
    plants: [{
      file: functionFile("apply_conclusions"),
      find: `coalesce(c.step_timeout_at, l.undone_until)`,
      replace: `c.step_timeout_at`
    }],
    tests: { [undoingRules]: ["10.7: nobody undoes anything when it is over"] }
  },
  {
    name: "undone-by-what-all-have-given",
    breaks: "10.2: the result of another step that cannot be read fails what undoes a step that does not look at it",
    plants: [{
      file: results,
      find: `const read = yield* Effect.exit(readResult(performance, env, step, index, result))`,
      replace: `const read = Exit.succeed(yield* Effect.orDie(readResult(performance, env, step, index, result)))`
    }],
    tests: { [unwindingTests]: ["10.2: the result of another step"] }
  },
  {
    name: "undone-without-what-was-given",
    breaks: "10.2: who looks at the result of another step that cannot be read goes on without it",
    plants: [{
      file: results,
      find: `throw Cause.squash(read.cause)`,
      replace: `return void Cause.squash(read.cause)`
    }],
    tests: { [unwindingTests]: ["10.2: the result of another step"] }
  },
  {
    name: "whole-undone-by-what-is-stored",
    breaks: "10.4: what undoes a child as a whole is given what is stored of its success, whether that fits or not",
    plants: [{
      file: compensating,
      find: `? codecOf(performance.runnable.definition.success).decode(performance.outcome!.result)`,
      replace:
        `? Effect.orElseSucceed(codecOf(performance.runnable.definition.success).decode(performance.outcome!.result), () => performance.outcome!.result)`
    }],
    tests: { [unwindingTests]: ["10.4: a child that is undone as a whole"] }
  },
  {
    name: "undoing-as-the-engine-tries",
    breaks: "10.2: what undoes a step is tried as often as the engine tries, whatever its own policy says",
    plants: [{
      file: unwinding,
      find: `mayFail: false, retry, timeout }`,
      replace: `mayFail: false, retry: retry && undefined, timeout }`
    }],
    tests: { [compensationRetries]: ["10.2: it begins again as its own policy says"] }
  },
  {
    name: "undoing-waits-for-ever",
    breaks: "10.2: what undoes a step waits for its children beyond its time",
    plants: [{
      file: functionFile("time_out_steps"),
      find: `l.phase = 1 /* Phase.waiting */ and l.token is null`,
      replace: `l.phase = 1 /* Phase.waiting */ and l.outcome is null and l.token is null`
    }],
    tests: { [compensationRetries]: ["10.2, 9.4: one that waits for a child"] }
  },
  {
    name: "undoing-timed-from-before",
    breaks: "10.2: the time of what undoes a step begins with the step that was open",
    plants: [{
      file: functionFile("fix_outcome"),
      find:
        `    step_started_at = case when p_unwinds and phase <> 1 /* Phase.waiting */ then null else step_started_at end,\n`,
      replace: ``
    }],
    tests: { [compensationRetries]: ["10.2, 9.4: its time begins when it does, whoever"] }
  },
  {
    name: "undoing-attempts-forgotten",
    breaks: "10.2: an attempt of what undoes a step is none that can be read, or counted",
    plants: [{
      file: "src/engine/perform/concluding.ts",
      find: `(phase === "unwinding" && (verdict === undefined || detail?.stepStartedAt !== undefined))`,
      replace: `(phase === "unwinding" && verdict !== undefined && detail?.stepStartedAt !== undefined)`
    }],
    tests: { [compensationRetries]: ["10.2: it begins again as its own policy says"] }
  },
  {
    name: "cancelled-without-its-reason",
    breaks: "13.1: what is cancelled before a worker has taken it forgets why",
    plants: [{
      file: functionFile("complete"),
      find:
        `      failure = case when p_cause ? 'reason' then cause_at(p_cause, definition, actor_id) else failure end`,
      replace: `      failure = failure`
    }],
    tests: { [cancelOptions]: ["13.1: what no worker has taken yet"] }
  },
  {
    name: "cancels-the-performing-first",
    breaks: "13.1: whoever cancels all of an actor's actions has those begin that are still to be cancelled",
    plants: [{
      file: functionFile("cancellable"),
      find: `      order by l.status, l.id desc`,
      replace: `      order by l.status desc, l.id`
    }],
    tests: { [cancelOptions]: ["13.1: nobody begins"] }
  },
  {
    name: "cancels-a-thousand-silently",
    breaks: "13.1: what is beyond the limit of one call is left, and nobody says so",
    plants: [{
      file: completing,
      find: `      let hasMore = found.length > cancelMax`,
      replace: `      let hasMore = false`
    }],
    tests: { [cancelOptions]: ["13.1: at most 1,000"] }
  },
  {
    name: "cancelled-while-prepared",
    breaks: "4.1: an action that is cancelled while it is prepared starts all the same",
    plants: [{
      file: functionFile("complete"),
      find: `      priority = -1000 /* Priority.first */,
      token = null,
`,
      replace: ``
    }],
    tests: { "test/behaviour/ActionCancelling.test.ts": ["4.1: what before gives in spite of it does not count"] },
    hangs: true
  },
  {
    name: "order-within-a-queue",
    breaks: "2.9: a younger sibling in another queue does not wait for its elder",
    plants: [{
      file: functionFile("in_turn"),
      find: `          e.parent = (y.j).parent and e.parent_step`,
      replace: `          e.queue = (y.j).queue and e.parent = (y.j).parent and e.parent_step`
    }],
    tests: { "test/behaviour/ActionSiblings.test.ts": ["2.9+: across queues"] }
  },
  {
    name: "asleep-beside-its-elder",
    breaks: "2.9: a younger sibling waits for an elder that is just going, and that does not see it",
    plants: [{
      file: functionFile("in_turn"),
      find: `        order by e.id desc
        limit 1
        for share skip locked
`,
      replace: `        order by e.id desc
        limit 1
`
    }],
    tests: { "test/races/order.test.ts": ["2.9: a younger sibling whose elder somebody", "2.9: an elder (slow)"] }
  },
  {
    name: "elder-wakes-nobody",
    breaks: "2.9: a younger sibling waits for ever when its elder has joined",
    plants: [{
      file: functionFile("in_turn"),
      find: `from unnest(jobs_left || p_others) j`,
      replace: `from unnest(p_others) j`
    }],
    tests: { "test/behaviour/ActionSiblings.test.ts": ["2.9+: a worker without the elder's definition"] },
    hangs: true
  },
  {
    name: "two-completions",
    breaks: "1.2: of several completions each runs its callbacks",
    plants: [{
      file: functionFile("complete"),
      find: `  if l.outcome is not null or (p_outbound and l.flags & 16 /* Flag.outbound */ = 0) then`,
      replace: `  if p_outbound and l.flags & 16 /* Flag.outbound */ = 0 then`
    }],
    tests: { [regressions]: ["8: two completions both run callbacks"] }
  },
  {
    name: "dead-parent-restarts",
    breaks: "4.6: a child that ends after its parent was cancelled has the parent go on",
    plants: [{
      file: functionFile("complete"),
      find: `  return query select * from end_from_outside(
    p_token, p_now, p_definitions, p_first_steps, p_flags, array[p_id], p_status, p_result, p_cause, p_unwinds,
    p_trace);`,
      replace:
        `  if p_status = 4 and l.phase = 1 then update live_actions set outcome = 4, cause = p_cause where id = p_id; return; end if;
  return query select * from end_from_outside(
    p_token, p_now, p_definitions, p_first_steps, p_flags, array[p_id], p_status, p_result, p_cause, p_unwinds,
    p_trace);`
    }],
    tests: { [regressions]: ["8: a child that ends after its parent was cancelled"] }
  },
  {
    name: "joins-superseded",
    breaks: "2.5 b: a newcomer joins an action of its checksum that was superseded, and waits for ever",
    plants: [{
      file: functionFile("same_in_lane"),
      find: `    from live_actions l
    where
      l.lane = p_job.lane
      and l.seat in (-1 /* Seat.pending */, 0 /* Seat.performing */)
`,
      replace: `    from (
      select id, lane, seat, checksum_key, checksum, flags, outcome from live_actions
      union all
      select id, lane, 0, checksum_key, checksum, 0, null from ended_actions where status = 3) l
    where
      l.lane = p_job.lane
`
    }],
    tests: { [regressions]: ["8: reuse attaches to a superseded action"] }
  },
  {
    name: "one-key-two-lanes",
    breaks: "4.3: of two lanes with one checksum key the earlier success stays the achievement",
    plants: [{
      file: functionFile("after_ends"),
      find: `    on conflict (checksum_key) do update
    set
      checksum = excluded.checksum,
      result = excluded.result,
      action = excluded.action,
      achieved_at = excluded.achieved_at,
      definition = excluded.definition;`,
      replace: `    on conflict (checksum_key) do nothing;`
    }],
    tests: { [regressions]: ["8: one checksum key in two lanes collides"] }
  },
  {
    name: "counted-slots",
    breaks: "8: whatever child ends, the first open slot of its step is settled: told twice, a sibling's is gone",
    plants: [{
      file: functionFile("after_ends"),
      find: `      where w.child = any(p_ids) and w.status is null and o.ctid = w.ctid and o.status is null
`,
      replace: `    where w.child = any(p_ids) and o.status is null and (o.action, o.step, o.slot) in (
      select action, step, min(slot) filter (where status is null) from slots
      where (action, step) in (select action, step from slots where child = any(p_ids)) group by action, step)
`
    }, {
      file: functionFile("after_ends"),
      find: "  if is_awaited then\n    with u as (",
      replace: "  if true then\n    with u as ("
    }],
    tests: { [regressions]: ["8: a conclusion that is delivered twice"] }
  },
  {
    name: "one-slot-a-child",
    breaks: "2.9: of a child that a step has started twice one slot is settled",
    plants: [{
      file: functionFile("after_ends"),
      find: `      where w.child = any(p_ids) and w.status is null and o.ctid = w.ctid and o.status is null
`,
      replace: `    where w.child = any(p_ids) and w.status is null and o.ctid = w.ctid and o.status is null
      and not exists (select 1 from slots z where z.action = o.action and z.step = o.step and z.child = o.child and z.slot < o.slot)
`
    }],
    tests: { [regressions]: ["8: the same checksummed child twice from one step hangs"] }
  },
  {
    name: "next-of-that-name",
    breaks: "5.2: completing by name again hits the next action of that name",
    plants: [{
      file: functionFile("performing_outside"),
      find: `      and status = 1 /* Status.performing */
`,
      replace: ``
    }, {
      file: functionFile("complete"),
      find: `    and l.flags & 16 /* Flag.outbound */ <> 0
    and l.status = 0 /* Status.pending */ then`,
      replace: `    and false then`
    }],
    tests: { [regressions]: ["8: completing by name hits the next action"] }
  },
  {
    name: "completes-any",
    breaks: "an action that is not outbound is completed from outside",
    plants: [{
      file: functionFile("complete"),
      find: `  if l.outcome is not null or (p_outbound and l.flags & 16 /* Flag.outbound */ = 0) then`,
      replace: `  if l.outcome is not null then`
    }],
    tests: { "test/behaviour/ActionOutbound.test.ts": ["5.2+: an id of nothing, of another action"] }
  },
  {
    name: "callbacks-in-the-lock",
    breaks: "4.4: callbacks run in a transaction that holds their lane",
    plants: [{
      file: bodies,
      find: `failpoint("performed", perform(performance, env)), {`,
      replace: `failpoint("performed", inLock(performance, perform(performance, env))), {`
    }, {
      file: bodies,
      find: `  const run: Bodies["run"] = (work) => {`,
      replace:
        `  const inLock = <A>(held: Performance, effect: Effect.Effect<A, Unhandled>): Effect.Effect<A, Unhandled> =>
    held.phase !== "callbacks" ? effect : Effect.catchCause(
      worker.store.withTransaction(Effect.andThen(
        worker.store.finish({
          token: worker.lease.token()!,
          now: 0,
          catalog: { queues: [], definitions: [] },
          conclusions: [{
            _tag: "CallbacksDue",
            fence: { action: held.id, step: held.step, phase: held.phase },
            ended: undefined,
            outcome: held.outcome!,
            freshAttempts: false
          }]
        }),
        effect
      )),
      (cause) => Effect.fail(new Unhandled(cause, false))
    )

  const run: Bodies["run"] = (work) => {`
    }],
    tests: { [regressions]: ["8: callbacks run inside the lane's lock"] }
  },
  {
    name: "late-timeout",
    breaks: "2.7: the timeout is armed after the first step",
    plants: [{
      file: functionFile("start_performing"),
      find: `    p_now + p_timeout_ms * interval '1 millisecond'
`,
      replace: `    null::timestamptz
`
    }, {
      file: functionFile("apply_conclusions"),
      find: `      attempts = case when c.attempts < 0 then 0 else`,
      replace: `      timeout_at = coalesce(l.timeout_at, p_now + l.timeout_ms * interval '1 millisecond'),
      attempts = case when c.attempts < 0 then 0 else`
    }],
    tests: { [regressions]: ["8: a timeout is armed only after the first step ran"] },
    hangs: true
  },
  {
    name: "raising-key",
    breaks: "7.2: a key function that throws leaves the parent waiting",
    plants: [{
      file: preparing,
      find: `      return { _tag: "Prepared", prepared }\n    })`,
      replace: `      return prepared.ended?.status === "failed" ? undefined : { _tag: "Prepared", prepared }\n    })`
    }],
    tests: { [regressions]: ["8: a key function that throws leaves the parent waiting"] }
  },
  {
    name: "steps-by-position",
    breaks: "8: the next step is found by its number",
    plants: [{
      file: performance,
      find: `  let next: RunnableStep | undefined
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i]!
    if (isPrepended(step)) continue
    // what comes after the last one that ran has not
    if (hasRun(ran, step, endsNow)) break
    next = step
  }
  return next`,
      replace: `  return steps[ran.length + (endsNow === undefined ? 0 : 1)]`
    }],
    tests: { [regressions]: ["8: steps are found by position"] }
  },
  {
    name: "unescaped-keys",
    breaks: `2.8: ["a/b", "c"] and ["a", "b/c"] are one lane`,
    plants: [{
      file: "src/domain/Key.ts",
      find: `String(part).replaceAll("\\\\", "\\\\\\\\").replaceAll("/", "\\\\/")`,
      replace: `String(part)`
    }],
    tests: { [regressions]: [`8: the keys ["a/b", "c"] and ["a", "b/c"] are equal`] }
  },
  {
    name: "circles-undetected",
    breaks: "2.5 a: waiting is followed through parents, not across lanes",
    plants: [{
      file: functionFile("waiters_of"),
      find: `where c.seat = 0 /* Seat.performing */ and p.lane = c.lane`,
      replace: `where c.seat = 0 /* Seat.performing */ and false and p.lane = c.lane`
    }],
    tests: { [regressions]: ["8: waiting across lanes in a circle goes undetected"] }
  },
  {
    name: "all-who-perform-must-end",
    breaks: "15.9: a lane holds up who waits for it when any of its performers cannot go on",
    plants: [{ file: functionFile("blocked_by"), find: `where p.count >= e."limit"`, replace: `where p.count >= 1` }],
    tests: { [waiting]: ["15.9: of two who perform in a lane, one that can end is enough"] }
  },
  {
    name: "lines-hold-nobody-up",
    breaks: "15.9: who is before others in line, and waits in another lane, is not seen to hold them up",
    plants: [{
      file: functionFile("blocked_by"),
      find: `where e."limit" is not null and f.turn < e.turn`,
      replace: `where e."limit" is not null and f.turn < e.turn and false`
    }],
    tests: {
      [waiting]: ["15.9: an action waits in each of its lanes, and holds up who stands behind it in any of them"]
    }
  },
  {
    name: "search-without-end",
    breaks: "15.9: a newcomer looks through whatever there is, under its lane's lock",
    plants: [{
      file: functionFile("deadlock_of"),
      find: `      continue when cardinality(among) >= size;`,
      replace: `      continue when cardinality(among) >= size and size < p_edges;`
    }],
    tests: { [waiting]: ["15.9: beyond its limit the search leaves it to the sweep, which looks further"] }
  },
  {
    name: "sweep-stops-where-newcomers-do",
    breaks: "15.9: the sweep never finds a cycle among more edges than a newcomer looks through",
    plants: [{
      file: functionFile("break_deadlocks"),
      find: `  if broken is null and cardinality(further) > 0 then`,
      replace: `  if broken is null and cardinality(further) < 0 then`
    }],
    tests: { [waiting]: ["15.9: beyond its limit the search leaves it to the sweep, which looks further"] }
  },
  {
    name: "sweep-trusts-its-first-look",
    breaks: "2.5 a: an action of a cycle that has opened meanwhile ends as deadlocked",
    plants: [{
      file: functionFile("break_deadlocks"),
      find: `lock_waiting(one) then broken := (deadlock_of(one)).cycle; end if;`,
      replace: `lock_waiting(one) then broken := found_in.cycle; end if;`
    }],
    tests: { "test/behaviour/ActionDeadlocks.test.ts": ["2.5 a: the sweep looks again"] }
  },
  {
    name: "joins-its-ancestor",
    breaks: "2.5 b: whoever would join an action that waits for it waits for ever",
    plants: [{
      file: functionFile("join_named_lane"),
      find: `      cycle := (deadlock_of(p_job.action, p_joined => same)).cycle;`,
      replace: `      cycle := null;`
    }],
    tests: { [laneDeadlocks]: ["2.5 a, b: a child that would join its ancestor"] }
  },
  {
    name: "joining-unswept",
    breaks: "2.5 b: two that have joined what waits for the other wait for ever",
    plants: [{
      file: functionFile("break_deadlocks"),
      find: `    return query select * from break_joining(p_token, p_now, p_definitions, p_flags);\n`,
      replace: ``
    }],
    tests: { [laneDeadlocks]: ["2.5 b: two that join each other's parents"] }
  },
  {
    name: "named-cancel-spares-too-many",
    breaks: "15.3: nobody is cancelled who could go on without the newcomer",
    plants: [{
      file: functionFile("cancelled_for"),
      find: `    spared := coalesce(spared, among);`,
      replace: `    spared := among;`
    }],
    tests: { [laneDeadlocks]: ["15.3, 15.9: whoever can go on"] }
  },
  {
    name: "performers-hold-up-lines",
    breaks: "15.9: who performs where there is room, and waits for a child that is stuck, counts as one of its cycle",
    plants: [{
      file: functionFile("cycle_of"),
      find: `else h."limit" is not null and h.turn < b.turn end`,
      replace: `else h.several and h.turn < b.turn end`
    }],
    tests: { [waiting]: ["15.9: who performs holds up nobody"] }
  },
  {
    name: "inherited-waiters-unseen",
    breaks: "15.9: who supersedes one whose parent performs in another of its lanes waits for ever",
    plants: [{
      file: functionFile("deadlock_in_named_lanes"),
      find: `p_inherited => inherited`,
      replace: `p_inherited => '{}'`
    }],
    tests: { [laneDeadlocks]: ["15.9, 15.5: who would supersede one"] }
  },
  {
    name: "held-up-in-line-unseen",
    breaks: "15.9: who stands in line before one whose parent performs in another of its lanes waits for ever",
    plants: [{
      file: functionFile("deadlock_in_named_lanes"),
      find: `if p_job.parent is null and is_before is not true and`,
      replace: `if p_job.parent is null and`
    }],
    tests: { [laneDeadlocks]: ["15.9, 15.5: who would hold up in line"] }
  },
  {
    name: "superseded-at-once-in-a-cycle",
    breaks: "15.9: a child that is superseded as it arrives waits for one that waits for its parent",
    plants: [{
      file: functionFile("join_named_lane"),
      find: `    if newer.told_in is null and p_job.parent is not null then`,
      replace: `    if false then`
    }],
    tests: { [laneDeadlocks]: ["15.9, 14.2: a child that a newer one"] }
  },
  {
    name: "named-cancel-one-alone",
    breaks: "15.3: where the limit was lowered the newcomer waits for those that go on",
    plants: [{ file: functionFile("cancelled_for"), find: `    limit many);`, replace: `    limit 1);` }],
    tests: { "test/behaviour/LaneDeploys.test.ts": ["15.2, 15.3: where a limit is lower"] }
  },
  {
    name: "endless-recursion",
    breaks: "8: a tree becomes deeper than its limit",
    plants: [{
      file: stepService,
      find: `        if (performance.depth + 1 >= settings.depth) {`,
      replace: `        if (performance.depth + 1 >= settings.depth * 4) {`
    }],
    tests: { [regressions]: ["8: recursion has no bound"] }
  },
  {
    name: "children-left-running",
    breaks: "4.6: children go on when their parent is cancelled",
    plants: [{
      file: functionFile("cancel_slots"),
      find: `from o where child is not null`,
      replace: `from o where false`
    }],
    tests: { [regressions]: ["8: cancelling leaves children running"] }
  },
  {
    name: "timed-out-goes-on",
    breaks: "7.1: a timed-out action goes on with its next steps",
    plants: [{
      file: functionFile("tick"),
      find: `    return query select * from end_from_outside(
      p_token, p_now, p_definitions, p_first_steps, p_flags, late, 6 /* Status.timed_out */::smallint, null, null);`,
      replace: `    update live_actions set outcome = 6, timeout_at = null where id = any(late);`
    }],
    tests: { [regressions]: ["8: a timed-out action goes on with its next steps"] }
  },

  // -----------------------------------------------------------------------------------------------------------------
  // lanes, slots, achievements
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "waits-stay",
    breaks: "2.5 c: who waited for a superseded action does not wait for the newcomer",
    plants: [{
      file: functionFile("supersede_pending"),
      find: `  perform wait_for_instead(superseded, asked, p_job.action, coalesce(p_job.given, p_job.arguments));
`,
      replace: ``
    }],
    tests: { "test/behaviour/ActionSuperseding.test.ts": ["2.5 c: all slots that waited for the superseded"] }
  },
  {
    name: "ended-beside-its-named-lane",
    breaks: "1.2: what has just succeeded in a named lane is cancelled with its parent, too",
    plants: [{
      file: functionFile("cancel_abandoned"),
      find: `  perform 1 from live_actions where id = any(kids) and lanes is not null order by id for update;
`,
      replace: ``
    }],
    tests: { "test/races/movedOn.test.ts": ["1.2: a child in a named lane whose end is just being stored"] }
  },
  {
    name: "waits-for-what-is-there",
    breaks: "10.2, 9.1: a compensation that asks only for what has succeeded before waits until somebody heals it",
    plants: [{
      file: "src/engine/perform/compensate.ts",
      find: `slots: effects.waitsFor(now),`,
      replace: `slots,`
    }],
    tests: {
      "test/behaviour/CompensationRetries.test.ts": ["10.2, 9.1: where all that it asks for has succeeded before"]
    }
  },
  {
    name: "failed-for-ever",
    breaks: "9.11: what one step has failed with is said of all after it",
    plants: [{
      file: functionFile("apply_conclusions"),
      find: `c.attempts < 0 or c.next_step > c.step or c.outcome is not null`,
      replace: `c.attempts < 0`
    }],
    tests: { "test/behaviour/Records.test.ts": ["what a step has failed with is not said of the steps after it"] }
  },
  {
    name: "refused-end-of-an-execution",
    breaks: "24.2: an execution whose end the database refuses has failed for good",
    plants: [{
      file: "src/engine/perform/decide.ts",
      find: `isReplayed(performance) && performance.phase === "step"`,
      replace: `isReplayed(performance) && performance.phase === "job"`
    }],
    tests: { "test/engine/client/executions.test.ts": ["24.2: nor does an end that the database refuses"] }
  },
  {
    name: "sent-to-who-never-was",
    breaks: "4.7: what was sent to one that is achieved already stays for ever",
    plants: [{
      file: functionFile("answer_unstored"),
      find: `    perform forget_unread(array(select (a.job).action from unnest(p_answers) a));
`,
      replace: `    null;
`
    }],
    tests: { "test/behaviour/Signals.test.ts": ["11.3, 4.7: what was sent to one that never begins"] }
  },
  {
    name: "key-of-who-never-was",
    breaks: "11.4: the key of a signal that was sent to one that never began is held for ever",
    plants: [{
      file: functionFile("forget_unread"),
      find: `where action = any(p_ids) and kind = 4`,
      replace: `where action = any(p_ids) and kind = 44`
    }],
    tests: { "test/behaviour/Signals.test.ts": ["11.4, 4.7: a key that counts for all actions"] }
  },
  {
    name: "key-of-who-was-answered",
    breaks: "11.4: nor does it go where the answer of that one is forgotten first",
    plants: [{
      file: "src/sql/deleting.ts",
      find: `and free_at is null and kind = \${KeyKind.signal}`,
      replace: `and free_at is not null and kind = \${KeyKind.signal}`
    }],
    tests: { "test/behaviour/Signals.test.ts": ["11.4, 4.7: a key that counts for all actions"] }
  },
  {
    name: "read-under-one-key-twice",
    breaks: "11.4: a signal that comes after a later one with its key was read is read, too",
    plants: [{
      file: functionFile("match_signals"),
      find: `(e.id < u.id or e.step is not null)`,
      replace: `e.id < u.id`
    }],
    tests: { "test/behaviour/Signals.test.ts": ["11.4: of two with one key the one that was read counts"] }
  },
  {
    name: "joined-root-cancelled",
    breaks: "4.6: a child that a root invocation has joined is cancelled with its parent",
    plants: [{
      file: functionFile("join_lane"),
      find: `      if p_job.parent is null then update live_actions set rooted = true where id = same; end if;
`,
      replace: ``
    }],
    tests: { "test/behaviour/ActionCancelling.test.ts": ["4.6+: a child that a root invocation has joined"] }
  },
  {
    name: "erased-and-found",
    breaks: "2.7, 2.9: of siblings claimed together the younger one finds what the elder one has erased",
    plants: [{
      file: functionFile("take_lanes"),
      find: `where x.id > x.first and`,
      replace: `where x.id < x.first and`
    }],
    tests: { "test/behaviour/ActionChecksums.test.ts": ["2.7, 2.9: what an elder sibling erases"] }
  },
  {
    name: "achieved-in-spite",
    breaks: "4.3: the achievement is granted although a callback failed",
    plants: [{
      file: functionFile("after_ends"),
      find: `and checksum is not null and status = 2 /* Status.succeeded */ and callbacks_failed = 0`,
      replace: `and checksum is not null and status = 2 /* Status.succeeded */`
    }],
    tests: { "test/behaviour/ActionCallbacks.test.ts": ["4.3: with a failed callback there is no achievement"] }
  },
  {
    name: "lane-order-lost",
    breaks: "2.9: children of one step join their lane in another order than the body's",
    plants: [{
      file: functionFile("take_lanes"),
      find: `    order by lane, case when ordered then 0 else priority end, id`,
      replace: `    order by lane, id desc`
    }],
    tests: { "test/behaviour/ActionSuperseding.test.ts": ["2.9: of three children in one lane"] }
  },
  {
    name: "elder-ignored",
    breaks: "2.9: a child overtakes an elder sibling that is still to join",
    plants: [{
      file: functionFile("in_turn"),
      find: `      (y.j).ordered is true and exists (`,
      replace: `      false and exists (`
    }],
    tests: {
      "test/behaviour/ActionSuperseding.test.ts": ["2.9: children with a `before` keep their order"],
      "test/races/order.test.ts": ["2.9: an engine that is held up by another lane"]
    }
  },
  {
    name: "bulk-in-parts",
    breaks: "what enqueueMany stores in several statements is there in part when one of them fails",
    plants: [{
      file: call,
      find: `Effect.flatMap(inTransaction, (inside) => inside ? statements : withTransaction(statements))`,
      replace: `statements`
    }],
    tests: { "test/behaviour/EnqueueMany.test.ts": ["takes several statements for many, all of them or none"] }
  },

  // -----------------------------------------------------------------------------------------------------------------
  // what is asked for and cannot be had
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "workers-share-their-queues",
    breaks: "a worker takes from the queues of the others over its layer, beyond its own concurrency",
    plants: [{
      file: workers,
      find: `Worker.make({ ...engine, name, queues, peers, parts })`,
      replace: `Worker.make({ ...engine, name, queues: undefined, peers, parts })`
    }],
    tests: { "test/behaviour/SeveralWorkers.test.ts": ["each takes from its queues"] }
  },
  {
    name: "ends-only-its-own",
    breaks: "7.1: a timeout that one worker notices leaves the body of another one running",
    plants: [{
      file: workers,
      find: `drop: (gone, spare) => Effect.forEach(all(), (worker) => worker.drop(gone, spare), { discard: true }),`,
      replace: `drop: (gone, spare) => self.drop(gone, spare),`
    }],
    tests: { "test/behaviour/SeveralWorkers.test.ts": ["7.1: and one whose time is over"] }
  },
  {
    name: "given-back-for-nobody",
    breaks: "what a worker gives back waits for a poll, though another one beside it has room",
    plants: [{
      file: workers,
      find: `        for (const worker of others()) worker.wake()\n`,
      replace: ``
    }],
    tests: {
      "test/behaviour/SeveralWorkers.test.ts": ["what one that stops was running, the other one begins at once"]
    }
  },
  {
    name: "now-under-the-wrong-token",
    breaks: "7.3: what is performed now is held by a worker that does not take its queue",
    plants: [{
      file: workers,
      find: `candidates.find((worker) => queue === undefined || worker.takes(queue))`,
      replace: `candidates.find((worker) => queue === undefined || worker.takes(queue) !== undefined)`
    }],
    tests: { "test/behaviour/SeveralWorkers.test.ts": ["7.3: what is performed now is held by"] }
  },
  {
    name: "takes-over-its-neighbour",
    breaks: "a worker takes over what another one of its process holds whose renewal is late",
    plants: [{
      file: "src/engine/maintenance/recover.ts",
      find: `[...peers.answeredFor]`,
      replace: `peers.answeredFor.size < 0 ? [0n] : []`
    }],
    tests: { "test/races/severalWorkers.test.ts": ["none takes over what another one holds"] }
  },
  {
    name: "everybody-listens",
    breaks: "each worker of a process listens on a connection of its own",
    plants: [{
      file: workers,
      find: `listening.withPermit(wakeups.listening)`,
      replace: `Effect.andThen(listening.withPermit(Effect.void), wakeups.listening)`
    }],
    tests: { "test/races/severalWorkers.test.ts": ["one listens for both"] }
  },
  {
    name: "cancels-whatever-the-id-names",
    breaks: "2.6: a handle with the id of something else cancels that",
    plants: [{
      file: functionFile("complete"),
      find: `
      or (p_actor_id is not null and (v_definition, v_actor_id) <> (p_definition, p_actor_id)) then`,
      replace: ` then`
    }],
    tests: { "test/behaviour/ActionHandles.test.ts": ["2.6: whatever a handle is asked, its id must name"] }
  },
  {
    name: "waits-for-whatever-the-id-names",
    breaks: "2.6: a handle with the id of something else waits for that",
    plants: [{
      file: "src/engine/client/Handle.ts",
      find: `watcher.wait(id, asked(key, actorId, id))`,
      replace: `watcher.wait(id, () => undefined)`
    }],
    tests: { "test/behaviour/ActionHandles.test.ts": ["2.6: waiting for what the id does not name ends"] },
    hangs: true
  },
  {
    name: "retries-after-no-number",
    breaks: "a job that is to be run again after NaN is run until its attempts are used up",
    plants: [{
      file: "src/Action.ts",
      find: `readDuration("delay of Job.retry", delay, { least: 0 })`,
      replace: `Number.isNaN(delay) ? Number.NaN : readDuration("delay of Job.retry", delay, { least: 0 })`
    }],
    tests: { "test/behaviour/BadInput.test.ts": ["of a job that is to be run again after NaN fail"] }
  },
  {
    name: "mistakes-are-retried",
    breaks: "7.2: what a body asks for and nobody can do is asked for again and again",
    plants: [{
      file: retry,
      find: ` || isMistake(defect))) return`,
      replace: ` || (handled === undefined && isMistake(defect)))) return`
    }],
    tests: { "test/behaviour/BadInput.test.ts": ["of a job that is to be run again after NaN fail"] }
  },
  {
    name: "asked-of-nobody",
    breaks: "3.2: a child that is asked for after the body's end seems to be enqueued, and never exists",
    plants: [{
      file: stepService,
      find: `effects.over ? refused(asked()) : effect`,
      replace: `effects.over && performance.id === "" ? refused(asked()) : effect`
    }, {
      file: stepService,
      find: `          if (effects.over) return`,
      replace: `          if (effects.over && performance.id === "") return`
    }],
    tests: { "test/behaviour/Steps.test.ts": ["3.2: what is asked of Step by a fiber that outlives the body"] }
  },
  {
    name: "in-hand-before-the-commit",
    breaks: "3.2: callbacks see arguments that a transaction has replaced which did not commit",
    plants: [{
      file: "src/engine/perform/runStep.ts",
      find: `  const { marked, replaced, slots, starts } = effects\n`,
      replace: `  const { marked, replaced, slots, starts } = effects
  if (replaced !== undefined) Object.assign(performance, replaced)\n`
    }],
    tests: { "test/behaviour/TransactionalSteps.test.ts": ["what the COMMIT itself refuses is in nobody's hands"] }
  },
  {
    name: "sets-are-nothing",
    breaks: "2.3: a Set has the checksum of {}, and other work counts as done",
    plants: [{
      file: "src/engine/checksum.ts",
      find: `  if (value instanceof Set) throw refuse(`,
      replace: `  if (value instanceof Set) return "{}"
  if (value instanceof WeakSet) throw refuse(`
    }],
    tests: {
      "test/engine/checksum.test.ts": ["2.3: refuse what JSON does not hold"],
      "test/behaviour/ActionChecksums.test.ts": ["2.3: what JSON does not hold has no checksum"]
    }
  },
  {
    name: "assigned-results",
    breaks: "3.1: the result of a step called __proto__ is lost when it is read back",
    plants: [{
      file: results,
      find: `results: Object.fromEntries(results),`,
      replace: `results: results.reduce<Record<string, unknown>>((all, [name, result]) => {
      all[name] = result
      return all
    }, {}),`
    }],
    tests: { "test/behaviour/Names.test.ts": ["3.1: steps and keys of values have any name"] }
  },
  {
    name: "methods-of-every-object",
    breaks: "3.1: an action called toString is performed by what every object has under that name",
    plants: [{
      file: registry,
      find: `methodOf(registration.methods, name)`,
      replace: `methodOf(registration.methods, name) ?? registration.methods[name]`
    }],
    tests: { "test/behaviour/Names.test.ts": ["3.1: what every object has is no action's method"] },
    hangs: true
  },
  {
    name: "mark-in-a-key",
    breaks: "2.8: a key with U+0001 in it is the name of a lane that nobody finds",
    plants: [{
      file: "src/engine/invoke/invocation.ts",
      find: `    : text.includes(laneMark)`,
      replace: `    : text === laneMark`
    }],
    tests: { "test/behaviour/BadInput.test.ts": ["2.8: neither kind of key holds U+0001"] }
  },
  {
    name: "lane-of-nobody",
    breaks: `2.8: [""] is a lane that everybody shares`,
    plants: [{
      file: "src/engine/invoke/invocation.ts",
      find: `return text === "" ? otherwise : checked(field, text)`,
      replace: `return text === "" ? Array.isArray(value) ? "" : otherwise : checked(field, text)`
    }],
    tests: { "test/behaviour/ActionInvoking.test.ts": [`2.8: a key function that gives [""]`] }
  },

  // -----------------------------------------------------------------------------------------------------------------
  // fences, leases, batches
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "no-token-fence",
    breaks: "a worker commits what another one has taken over",
    plants: [{
      file: functionFile("lock_concluded"),
      find: `where l.id = c.action and l.token = p_token and l.step = c.step and l.phase = c.phase`,
      replace: `where l.id = c.action and l.step = c.step and l.phase = c.phase`
    }, {
      file: functionFile("move_to_history"),
      find: `l.token = p_token and l.step = x.step and l.phase = x.phase`,
      replace: `l.step = x.step and l.phase = x.phase`
    }],
    tests: { "test/races/fences.test.ts": ["8: stores nothing of what another worker has taken over"] }
  },
  {
    name: "no-phase-fence",
    breaks: "1.2: a conclusion of a step that the action has moved on from is stored",
    plants: [{
      file: functionFile("lock_concluded"),
      find: `where l.id = c.action and l.token = p_token and l.step = c.step and l.phase = c.phase`,
      replace: `where l.id = c.action and l.token = p_token`
    }, {
      file: functionFile("move_to_history"),
      find: `l.token = p_token and l.step = x.step and l.phase = x.phase`,
      replace: `l.token = p_token`
    }],
    tests: { "test/races/fences.test.ts": ["1.2: a stale conclusion is stale beside a valid one"] }
  },
  {
    name: "late-is-lost",
    breaks: "8: a body that has blocked the thread past its lease is begun again, although nobody has taken over",
    plants: [{
      file: "src/sql/transitions/lease.ts",
      find: `* interval '1 millisecond' where token = $1 returning drained_at)`,
      replace: `* interval '1 millisecond' where token = $1 and lease_until > clock_timestamp() returning drained_at)`
    }],
    tests: {
      "test/races/fences.test.ts": ["8: is renewed late, as long as nobody has taken over"],
      "test/operations/Blocking.test.ts": ["runs once, where nobody takes over"]
    },
    hangs: true
  },
  {
    name: "outage-burns",
    breaks: "8: an outage that is longer than the lease counts as an attempt",
    plants: [{
      file: lease,
      find: `      const running = worker.bodies.dropAll()`,
      replace: `      answeredFor.delete(lost)
      const running = worker.bodies.dropAll()`
    }],
    tests: { "test/races/ownFaults.test.ts": ["8: a lease that this process gives up itself burns no attempt"] }
  },
  {
    name: "unlisten-for-ever",
    breaks:
      "a process that listens on a connection that has died in silence waits for the answer to UNLISTEN when it is to end",
    plants: [{
      file: "src/engine/Wakeups.ts",
      find: `Exit.isSuccess(alive) ? connection : { ...connection, strategy: "parallel" }`,
      replace: `Exit.isSuccess(alive) ? connection : connection`
    }],
    tests: { "test/operations/Stopping.test.ts": ["comes to its end soon after the grace period, where it listens"] },
    hangs: true
  },
  {
    name: "rollback-for-ever",
    breaks: "a process that rolls back on a connection that has died in silence waits for the answer when it is to end",
    plants: [{
      file: transaction,
      find: `Effect.onInterrupt(body, () => answersStill)`,
      replace: `Effect.onInterrupt(body, () => Effect.isEffect(answersStill) ? Effect.void : answersStill)`
    }],
    tests: { "test/operations/Stopping.test.ts": ["comes to its end soon after the grace period, where it polls"] },
    hangs: true
  },
  {
    name: "lease-behind-the-pool",
    breaks:
      "8: bodies that use all connections of the pool hold up the renewal of the lease, and everything starts over",
    plants: [{
      file: "src/engine/worker/Connections.ts",
      find: `own === undefined ? call : own.use(call, urgent)`,
      replace: `own === undefined || urgent ? call : own.use(call)`
    }],
    tests: { "test/operations/Pools.test.ts": ["run once (report), and what is due meanwhile goes on"] },
    hangs: true
  },
  {
    name: "pool-too-small",
    breaks: "a pool that is too small for a worker is waited for, and nothing says so",
    plants: [{
      file: "src/sql/OwnConnections.ts",
      find: `if (size !== undefined && size < tooSmall(size).needed)`,
      replace: `if (size !== undefined && size < 0)`
    }],
    tests: { "test/operations/Pools.test.ts": ["of 1 is refused where a worker needs 6"] },
    hangs: true
  },
  {
    name: "lease-unchecked",
    breaks: "a write is accepted from a worker whose lease has passed",
    plants: [{
      file: functionFile("leased"),
      find: `where token = p_token and lease_until > clock_timestamp() for key share`,
      replace: `where token = p_token for key share`
    }],
    tests: { "test/races/fences.test.ts": ["8: stores nothing when the lease is over"] }
  },
  {
    name: "for-update",
    breaks: "a transition locks its worker's row so that the lease cannot be renewed meanwhile",
    plants: [{
      file: functionFile("leased"),
      find: `for key share`,
      replace: `for update`
    }],
    tests: { "test/races/fences.test.ts": ["8: lets the lease be renewed"] }
  },
  {
    name: "waits-for-jobs",
    breaks: "lock order: who ends an action waits for whoever has claimed its job and waits for its lane",
    plants: [{
      file: functionFile("end_actions"),
      find: `where action = any(queued) and kind = 1 /* JobKind.continuation */
        for update skip locked`,
      replace: `where action = any(queued) and kind = 1 /* JobKind.continuation */
        for update`
    }],
    tests: { "test/races/lockOrder.test.ts": ["an action that ends does not wait"] }
  },
  {
    name: "achievements-unordered",
    breaks: "lock order: achievements that are erased are locked before those that are granted",
    plants: [{
      file: functionFile("after_ends"),
      find:
        `        select coalesce(checksum_key, lane) from live_actions where id = any(next_up) and unwinds is null)));`,
      replace:
        `        select coalesce(checksum_key, lane) from live_actions where id = any(next_up) and unwinds is null))
      for update);`
    }],
    tests: { "test/races/lockOrder.test.ts": ["achievements that are granted and erased at once"] }
  },
  {
    name: "one-sinks-the-batch",
    breaks: "what cannot be stored of one action sinks its whole batch",
    plants: [{
      file: committer,
      find: `      if (batch.length > 1) return yield* commitHalves(token, batch, queue)
      const { conclusion, of, refused } = batch[0]!`,
      replace: `      const { conclusion, of, refused } = batch[0]!`
    }],
    tests: { "test/engine/worker/Committer.test.ts": ["what cannot be stored of one action"] }
  },
  {
    name: "stale-sinks-the-batch",
    breaks: "one stale conclusion drops all the others of its batch",
    plants: [{
      file: functionFile("finish"),
      find: `    if cardinality(good) = 0 then return; end if;`,
      replace: `    return;`
    }],
    tests: { "test/races/fences.test.ts": ["8: stores nothing of what another worker has taken over"] }
  },
  {
    name: "unfenced-transaction",
    breaks: "a transactional step of an action that others have taken over commits its SQL",
    plants: [{
      file: surroundings,
      find: `        if (stale !== undefined || isLost()) return yield* Effect.die(new Fenced())`,
      replace: `        if ((stale !== undefined || isLost()) && token < 0n) return yield* Effect.die(new Fenced())`
    }],
    tests: { "test/behaviour/TransactionalSteps.test.ts": ["a body whose action others have taken over"] }
  },
  {
    name: "kill-not-counted",
    breaks: "8: an action that kills its worker is begun again for ever",
    plants: [{
      file: functionFile("recover"),
      find: `    set token = null, attempts = least(attempts + case when p_burn then 1 else 0 end, 32767)
`,
      replace: `    set token = null
`
    }],
    tests: { "test/operations/Worker.test.ts": ["kill -9: another one goes on"] }
  },
  {
    name: "dies-in-company",
    breaks: "7.2: what an action that kills its process was claimed with loses all its attempts",
    plants: [{
      file: functionFile("is_suspect"),
      find: `p_deaths >= least(2, p_most - 1)`,
      replace: `p_deaths < 0`
    }],
    tests: { "test/operations/Alone.test.ts": ["kills nobody a third time"] }
  },
  {
    name: "suspect-by-the-engine",
    breaks:
      "7.2: which attempt is performed alone is counted by the engine's attempts, whatever the action says itself",
    plants: [{
      file: "src/engine/maintenance/recover.ts",
      find: "unanswered?.attempts === undefined ? [] :",
      replace: "unanswered?.attempts !== 0 ? [] :"
    }],
    tests: { "test/operations/Alone.test.ts": ["7.2: counts the attempts that an action says itself"] }
  },
  {
    name: "live-suspect-by-the-engine",
    breaks:
      "7.2: what has begun, and killed its worker, is performed alone by the engine's attempts, whatever the action says itself",
    plants: [{
      file: functionFile("recover"),
      find: `coalesce(p_own_attempts[array_position(p_own, t.definition)], p_attempts))`,
      replace: `p_attempts)`
    }],
    tests: { "test/races/leftovers.test.ts": ["7.2: what has died is performed alone"] }
  },
  {
    name: "held-suspect-by-the-engine",
    breaks: "7.2: what has killed its worker while it was prepared is prepared alone by the engine's attempts",
    plants: [{
      file: functionFile("recover"),
      find: `coalesce(p_own_attempts[array_position(p_own, j.definition)], p_attempts) as most`,
      replace: `p_attempts as most`
    }],
    tests: { "test/races/leftovers.test.ts": ["7.2: what has died is performed alone"] }
  },
  {
    name: "prepared-in-company",
    breaks: "7.2: a hook that kills its process takes along what was claimed with it, again and again",
    plants: [{
      file: functionFile("recover"),
      find: `then 1005 /* Priority.alone */`,
      replace: `then coalesce(j.own_priority, 0)`
    }],
    tests: { "test/races/leftovers.test.ts": ["what has died a second time while it was prepared"] }
  },
  {
    name: "taken-over-beside-others",
    breaks: "7.2: on the embedded database what kills its process has the attempts of all that runs beside it",
    plants: [{
      file: "src/engine/Engine.ts",
      find: `store.recover(yield* now, [], { otherwise: attempts, own: new Map() })`,
      replace: `store.recover(yield* now, [], attempts === 0 ? { otherwise: attempts, own: new Map() } : undefined)`
    }],
    tests: { "test/operations/EmbeddedTakeover.test.ts": ["7.2: what has died with its process before"] }
  },
  {
    name: "alone-at-once",
    breaks: "7.2: what is to be performed alone begins beside what runs",
    plants: [{
      file: "src/engine/worker/Alone.ts",
      find: `waitWhile(() => !peers.areIdle(),`,
      replace: `waitWhile(() => false,`
    }],
    tests: { "test/operations/Alone.test.ts": ["begins when the workers of its process have nothing else"] }
  },
  {
    name: "begun-beside-it",
    breaks: "7.2: others begin beside what is performed alone",
    plants: [{
      file: "src/engine/worker/Alone.ts",
      find: `turn.holder === undefined ? given : turn.holder === name && turn.isQuiet ? 1 : 0`,
      replace: `turn.holder === name ? given : given`
    }, {
      file: "src/engine/worker/Bodies.ts",
      find: `if (workContext === undefined || worker.peers.turn.holder !== undefined) return 0`,
      replace: `if (workContext === undefined) return 0`
    }],
    tests: { "test/operations/Alone.test.ts": ["begins when the workers of its process have nothing else"] }
  },
  {
    name: "shutdown-burns",
    breaks: "a worker that stops burns an attempt of what it gives back",
    plants: [{
      file: functionFile("give_back"),
      find: `update live_actions set token = null where`,
      replace: `update live_actions set token = null, attempts = attempts + 1 where`
    }],
    tests: { "test/operations/Stopping.test.ts": ["a job releases it without burning an attempt"] }
  },
  {
    name: "looked-at-is-kept",
    breaks:
      "a worker that stops leaves behind what it prepares while a sibling looks at it, under a token that is no more",
    plants: [{
      file: reconciler,
      find: `(held) => held.length > 0`,
      replace: `() => false`
    }],
    tests: { "test/operations/Stopping.test.ts": ["a worker that stops gives back what it prepares"] }
  },
  {
    name: "lost-claim",
    breaks: "8: what a claim has handed over is lost with its answer",
    plants: [{
      file: reconciler,
      find: `      letGo()
      return Exit.isSuccess(exit) ? Effect.void : doubt`,
      replace: `      letGo()
      return Effect.void`
    }],
    tests: {
      "test/races/lostAnswers.test.ts": ["8: what the first claim has handed over"],
      "test/races/inHand.test.ts": ["7.3: what was stored to be performed now, without an answer"]
    },
    hangs: true
  },
  {
    name: "logger-ends-loops",
    breaks:
      "a logger that fails ends what it speaks for: nothing is claimed any more, or what cannot be stored is never tried again",
    plants: [{
      file: "src/engine/log.ts",
      find: `Effect.ignoreCause(Effect.suspend(line))`,
      replace: `Effect.suspend(line)`
    }],
    tests: {
      "test/races/ownFaults.test.ts": [
        "a logger that fails does not end what claims",
        "a logger that fails does not end what tries again"
      ]
    },
    hangs: true
  },
  {
    name: "fallen-for-ever",
    breaks: "7.3: what fails once more while a body's sudden end is seen to keeps its action in hand for ever",
    plants: [{
      file: bodies,
      find: `Effect.catchCause(again(work), () => Effect.succeed<Ran>({ _tag: "Fenced" }))`,
      replace: `again(work)`
    }],
    tests: { "test/races/ownFaults.test.ts": ["7.3: what a body that ended its own fiber leaves"] }
  },
  {
    name: "back-untold",
    breaks: "what goes back with a due time waits for the next poll, and what was answered to it is not looked at",
    plants: [{
      file: committer,
      find: `Effect.exit(tryOnce(token, [back], queue))`,
      replace: `Effect.exit(gate.shared(Effect.as(
          store.finish({
            token,
            now: yield* now,
            catalog: catalogs.own(),
            conclusions: [back.conclusion]
          }),
          { lost: false, stale: new Set<string>() }
        )))`
    }],
    tests: { "test/races/ownFaults.test.ts": ["what goes back since not even its failure"] },
    hangs: true
  },
  {
    name: "timers-forgotten",
    breaks: "7.1: after a look at what is due that failed, the next one comes with the next poll",
    plants: [{
      file: "src/engine/worker/Timers.ts",
      find: `overlooked(Effect.tapError(look, () => Effect.map(now, (since) => know(since + 1000))))`,
      replace: `overlooked(look)`
    }],
    tests: { "test/races/ownFaults.test.ts": ["what is due while the look at it fails"] },
    hangs: true
  },
  {
    name: "transaction-without-a-lease",
    breaks: "8: a transactional step's body runs in a process that has given up its lease",
    plants: [{
      file: surroundings,
      find: `      const token = worker.lease.token()
      // the lease was lost before it began`,
      replace: `      const token = worker.lease.token() ?? 0n
      // the lease was lost before it began`
    }],
    tests: { "test/races/ownFaults.test.ts": ["8: a transactional step does not begin"] }
  },
  {
    name: "hooks-unheard",
    breaks: "4.6: a hook goes on in another process although its action was cancelled",
    plants: [{
      file: bodies,
      find: ` || work._tag === "Prepare"
          ? [work.id]`,
      replace: `
          ? [work.id]`
    }],
    tests: { "test/races/ownFaults.test.ts": ["4.6+: a hook that runs in another process"] },
    hangs: true
  },
  {
    name: "hooks-not-compared",
    breaks: "4.6: comparing with the rows passes by the hooks of what has ended",
    plants: [{
      file: reconciler,
      find: `      (work._tag === "Perform" || work._tag === "Prepare") && before.has`,
      replace: `      work._tag === "Perform" && before.has`
    }],
    tests: { "test/races/ownFaults.test.ts": ["4.6+: a hook that runs in another process"] },
    hangs: true
  },
  {
    name: "said-before-the-commit",
    breaks: "5.3: what a job says in a transaction counts although that rolls back, and the action waits for ever",
    plants: [{
      file: "src/engine/client/complete.ts",
      find: `        yield* store.afterCommit(Effect.sync(completed))`,
      replace: `        completed()`
    }],
    tests: {
      "test/behaviour/ActionJobs.test.ts": ["5.3: what a job says in a transaction that rolls back"]
    }
  },
  {
    name: "job-ended-by-its-commit",
    breaks: "5.3: a job that completes its action in a transaction is interrupted by the commit",
    plants: [{
      file: "src/engine/client/complete.ts",
      find: `engine.workers.take(answer, spare)`,
      replace: `engine.workers.take(answer, undefined)`
    }],
    tests: { "test/behaviour/ActionJobs.test.ts": ["5.3: what a job says in a transaction counts"] }
  },
  {
    name: "own-end-fenced",
    breaks: "a transactional step that ends its own action is taken back, and begun again for ever",
    plants: [{
      file: surroundings,
      find: `if (stale?.endedHere === true) return undefined`,
      replace: `if (stale?.endedHere === true && token < 0n) return undefined`
    }],
    tests: {
      "test/behaviour/TransactionalSteps.test.ts": ["a body that cancels its own action commits"]
    },
    hangs: true
  },
  {
    name: "fenced-and-forgotten",
    breaks: "an action whose transactional body was fenced stays under its token in nobody's hands",
    plants: [{
      file: bodies,
      find: `        else Effect.runFork(worker.reconciler.doubt)`,
      replace: `        else return`
    }],
    tests: { "test/races/inHand.test.ts": ["an action whose transactional body was fenced"] },
    hangs: true
  },
  {
    name: "too-late-and-succeeded",
    breaks: "7.1: an action whose body ends after its time is over has succeeded",
    plants: [{
      file: committer,
      find: `one.limit !== undefined && one.limit.at <= at ? one.limit.instead() : one`,
      replace: `one.limit !== undefined && one.limit.at <= 0 ? one.limit.instead() : one`
    }],
    tests: { "test/behaviour/ActionTimeouts.test.ts": ["7.1: a body that ends later"] }
  },
  {
    name: "completed-too-late",
    breaks: "7.1: an action is completed from outside after its time is over",
    plants: [{
      file: functionFile("complete"),
      find: `  if p_outbound and least(l.timeout_at, l.silent_at) <= p_now then`,
      replace: `  if false then`
    }],
    tests: {
      "test/behaviour/ActionTimeouts.test.ts": ["7.1: a job that ends too late", "7.1: so has what is completed"]
    }
  },
  {
    name: "timeouts-of-the-next-look",
    breaks: "7.1: a timeout that is shorter than a poll fires at the next look",
    plants: [{
      file: "src/engine/worker/Answers.ts",
      find: `worker.peers.inCharge().timers.know(item.performance.timeoutAt ?? Infinity)`,
      replace: `worker.peers.inCharge().timers.know(Infinity)`
    }],
    tests: { "test/engine/worker/Timers.test.ts": ["7.1: end what has started"] },
    hangs: true
  },
  {
    name: "held-by-number",
    breaks: "what is under the token and in nobody's hands is not found while something else is in hand",
    plants: [{
      file: lease,
      find: `        const odd = new Set(answer.value.held.filter((id) => !mineNow.has(id)))`,
      replace: `        const odd = new Set(answer.value.held.length > mineNow.size ? answer.value.held : [])`
    }],
    tests: { "test/races/inHand.test.ts": ["what is under the token and in nobody's hands is found"] },
    hangs: true
  },
  {
    name: "now-in-nobodys-hands",
    breaks: "7.3: what is stored to be performed now is in nobody's hands until it is claimed",
    plants: [{
      file: "src/engine/worker/performNow.ts",
      find: `          yield* reconciler.keeping(
            [id],
            () => Effect.andThen(store(token), Effect.suspend(() => claimer.claim(0, id, [], queue)))
          )`,
      replace: `          yield* Effect.andThen(store(token), Effect.suspend(() => claimer.claim(0, id, [], queue)))`
    }],
    tests: {
      "test/behaviour/PerformNow.test.ts": ["7.3: what is performed now is in hand"],
      "test/races/inHand.test.ts": ["7.3: what is stored to be performed now"]
    }
  },
  {
    name: "claimed-ahead-kept",
    breaks: "a worker keeps what it has claimed ahead and does not come to",
    plants: [{
      file: "src/engine/worker/Timers.ts",
      find: `      } else if (monotonic() - seenAt >= pollMs) yield* bodies.giveBackStalled`,
      replace: `      } else if (monotonic() - seenAt >= pollMs * 1e9) yield* bodies.giveBackStalled`
    }],
    tests: { "test/engine/worker/InHand.test.ts": ["a worker whose bodies become long"] },
    hangs: true
  },

  // -----------------------------------------------------------------------------------------------------------------
  // what others fell into
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "anything-happens",
    breaks: "what cannot happen in a phase is concluded all the same",
    plants: [{
      file: "src/engine/perform/decide.ts",
      find: "if (!happens(performance, event._tag)) {",
      replace: "if (!happens(performance, event._tag) && performance.attempts < 0) {"
    }],
    tests: { "test/engine/perform/decide.test.ts": ["leads somewhere, or cannot happen"] }
  },
  {
    name: "attempts-of-the-step",
    breaks:
      "7.2: what a step has used up of its attempts is its action's callbacks', too, for whoever goes on with them in memory",
    plants: [{
      file: concluding,
      find: `        phase: "callbacks",
        attempts: 0,`,
      replace: `        phase: "callbacks",
        attempts,`
    }],
    tests: { "test/engine/perform/decide.test.ts": ["is what the model says"] }
  },
  {
    name: "alone-is-stored-again",
    breaks: "what a try without an answer has stored with others is stored again, alone, and performed twice",
    plants: [{
      file: "src/engine/client/GroupCommit.ts",
      find: `yield* store(part, until - limitMs)`,
      replace: `yield* store(part)`
    }],
    tests: { "test/engine/client/GroupCommit.test.ts": ["is not stored again alone when the next try is refused"] }
  },
  {
    name: "stored-again-without-end",
    breaks: "4.7: what an enqueueing has stored may be deleted while it is still tried again",
    plants: [{
      file: "src/engine/client/GroupCommit.ts",
      find: `if (!isOver()) yield*`,
      replace: `if (true) yield*`
    }],
    tests: { "test/engine/client/GroupCommit.test.ts": ["no more when that is over"] }
  },
  {
    name: "stored-meanwhile-is-final",
    breaks: "what a first try stores while the next one looks for it is an error of whoever asked, and is performed",
    plants: [{
      file: "src/sql/storageError.ts",
      find: `operation === "enqueue" && state === "23505"`,
      replace: `operation === "enqueue" && state === ""`
    }],
    tests: { "test/races/cancelling.test.ts": ["commits after the next one has looked"] }
  },
  {
    name: "late-start-is-not-waited-for",
    breaks: "what begins at once by a commit that comes late, after its answer was lost, is stored and performed again",
    plants: [{
      file: functionFile("enqueue_and_claim"),
      find: `  perform pg_advisory_xact_lock_shared(enqueueing_lock(p_token));`,
      replace: ``
    }],
    tests: { "test/races/lostAnswers.test.ts": ["is performed once, although it begins at once"] }
  },
  {
    name: "stored-again-after-claim",
    breaks: "what a try without an answer has stored is stored again, as it is claimed before that can be inserted",
    plants: [{
      file: functionFile("enqueue"),
      find: `  if p_again is not null then
    delete from`,
      replace: `  if p_again is null then
    delete from`
    }],
    tests: { "test/races/lostAnswers.test.ts": ["is performed once, although it is queued and claimed"] }
  },
  {
    name: "no-deadline",
    breaks: "a call that the server never answers is waited for for ever",
    plants: [{
      file: "src/sql/storageError.ts",
      find: `      deadline,\n`,
      replace: `      Duration.times(deadline, 1e6),\n`
    }],
    tests: { "test/sql/PostgresStore.test.ts": ["a call that is not answered in time"] },
    hangs: true
  },
  {
    name: "lost-commit",
    breaks: "a COMMIT whose answer is lost is an error of whoever asked for it, and may have happened",
    plants: [{
      file: transaction,
      find: `const lostTransaction = storageError("transaction")`,
      replace: `const lostTransaction = (error: SqlError) =>
  new StorageError({ operation: "transaction", isRetryable: false, cause: storageError("transaction")(error) })`
    }],
    tests: { "test/faults/Bulk.test.ts": ["8: after lost-answer at its commit a bulk is there once"] }
  },
  {
    name: "rollback-defect",
    breaks: "a ROLLBACK on a connection that is gone is a defect, and nobody tries again",
    plants: [{
      file: transaction,
      find: `const lost = cause.reasons.filter(Cause.isDieReason).find(({ defect }) => defect instanceof SqlError)`,
      replace: `const lost = cause.reasons.filter(Cause.isDieReason).find(({ defect }) => defect === undefined)`
    }],
    tests: { "test/faults/Bulk.test.ts": ["8: after fail at its enqueue a bulk is there once"] }
  },
  {
    name: "short-timers",
    breaks: "3.3: waits of more than 24.8 days end at once, as timers of 32 bits do",
    plants: [{
      file: stepService,
      find: `slot(null, null, null, Math.ceil(now + millis), null, null)`,
      replace: `slot(null, null, null, Math.ceil(now + (millis > 0x7fffffff ? 1 : millis)), null, null)`
    }],
    tests: { "test/behaviour/StepWait.test.ts": ["3.3: it may take longer than the timers of a process do"] }
  },
  {
    name: "nul-in-message",
    breaks: "8: a failure whose message cannot be stored cannot be stored",
    plants: [{
      file: "src/domain/Failure.ts",
      find: `  const tidy = text.replaceAll("\\u0000", "\\ufffd").toWellFormed()`,
      replace: `  const tidy = text`
    }],
    tests: { "test/behaviour/BadInput.test.ts": ["whose text has a NUL character are stored readably"] }
  },
  {
    name: "unknown-fails",
    breaks: "a worker takes jobs whose definitions it does not have, and fails them",
    plants: [{
      file: functionFile("take_jobs"),
      find: `          and j.priority < k.below
          and j.definition = any(p_definitions)`,
      replace: `          and j.priority < k.below`
    }, {
      file: functionFile("start_performing"),
      find: `      p_flags[array_position(p_definitions, p_definition)] as flags,`,
      replace: `      coalesce(p_flags[array_position(p_definitions, p_definition)], 0) as flags,`
    }, {
      file: "src/engine/worker/Answers.ts",
      find: `    if (runnable === undefined) return undefined
    try {`,
      replace: `    if (runnable === undefined) {
      const fence = { action: task.action, step: 0, phase: "step" } as const
      const outcome = { status: "failed", result: null, cause: null } as const
      const conclusion = { fence, outcome, ended: undefined, callbacksSucceeded: 0, callbacksFailed: 0 }
      return {
        _tag: "Broken",
        id: task.action,
        concluded: { conclusion: { ...conclusion, _tag: "ActionEnds" }, next: undefined, of: task }
      }
    }
    try {`
    }],
    tests: { "test/operations/Worker.test.ts": ["are only jobs of definitions that it has"] }
  },
  {
    name: "never-polls",
    breaks: "a notification that is lost is never made up for by looking",
    plants: [{
      file: "src/engine/worker/Timers.ts",
      find: `lookedAt + pollMs - monotonic()`,
      replace: `lookedAt + pollMs * 1e6 - monotonic()`
    }],
    tests: { "test/operations/Worker.test.ts": ["without notifications it looks for itself"] },
    hangs: true
  },
  {
    name: "notifies-each-commit",
    breaks: "every commit notifies",
    plants: [{
      file: "src/engine/Wakeups.ts",
      find: `const quietMs = 20`,
      replace: `const quietMs = 0`
    }],
    tests: { "test/engine/Wakeups.test.ts": ["what is enqueued one after another"] }
  },
  {
    name: "claims-wait",
    breaks: "a claim waits for jobs that somebody else is taking",
    plants: [{
      file: functionFile("take_jobs"),
      find: `        limit p_room - taken
        for update skip locked`,
      replace: `        limit p_room - taken
        for update`
    }],
    tests: { "test/races/claims.test.ts": ["jobs that are due at once are passed by"] }
  },
  {
    name: "given-before-taken",
    breaks: "2.5: what a claim has begun to give before it finds a lane taken is performed beside who has it",
    plants: [{
      file: functionFile("start_plain"),
      find: `where (select count(*) from l) > 0`,
      replace: `where true`
    }],
    tests: { "test/races/claims.test.ts": ["2.5: of two claims that find a lane free"] }
  },
  {
    name: "free-at-a-look",
    breaks:
      "2.5: a claim takes lanes for free that were so when it looked, and fails where somebody has taken one since",
    plants: [{
      file: functionFile("start_plain"),
      find: `exception when unique_violation then`,
      replace: `exception when division_by_zero then`
    }],
    tests: { "test/races/claims.test.ts": ["2.5: of two claims that find a lane free"] }
  },
  {
    name: "batches-erase-no-lanes",
    breaks: "2.7: of actions that begin together those whose key is their lane's leave what is stored under it",
    plants: [{
      file: functionFile("take_jobs"),
      find: `array_agg(coalesce(c.checksum_key, c.lane))`,
      replace: `array_agg(c.checksum_key)`
    }],
    tests: {
      "test/behaviour/ActionChecksums.test.ts": ["2.7: so does one without a checksum whose key is its lane's"]
    }
  },
  {
    name: "key-of-the-lane-unjoined",
    breaks: "2.5 b: an action whose key is its lane's is not joined by one with the same checksum",
    plants: [{
      file: functionFile("same_in_lane"),
      find: `and coalesce(l.checksum_key, l.lane) = p_job.checksum_key`,
      replace: `and l.checksum_key = p_job.checksum_key`
    }],
    tests: { "test/behaviour/ActionChecksums.test.ts": ["2.5 b: a live action with the same checksum is joined"] }
  },
  {
    name: "batches-erase-nothing",
    breaks: "2.7: actions without a checksum that begin together leave what is stored under their keys",
    plants: [{
      file: functionFile("start_plain"),
      find: `      perform erase_achievements(p_keys);
      return;`,
      replace: `      return;`
    }],
    tests: {
      "test/behaviour/ActionChecksums.test.ts": [
        "2.7: an action without a checksum erases what is stored under its key, also one of many"
      ]
    }
  },
  {
    name: "claim-takes-the-enqueueing-along",
    breaks: "what an idle worker's claim meets, the caller's invocation is lost by",
    plants: [{
      file: "src/engine/client/enqueue.ts",
      find: `Effect.catch(idle.value, () => plainly(true))`,
      replace: `idle.value`
    }],
    tests: { "test/engine/client/GroupCommit.test.ts": ["loses nothing by a claim that fails"] }
  },
  {
    name: "enqueueing-waits-for-lanes",
    breaks: "whoever enqueues waits while somebody else has the lane locked",
    plants: [{ file: functionFile("enqueue_and_claim"), find: ` set lock_timeout = '20ms'`, replace: `` }],
    tests: { "test/engine/client/GroupCommit.test.ts": ["does not wait for a lane that somebody has locked"] }
  },
  {
    name: "at-once-before-others",
    breaks: "what an idle worker is asked for begins before those that were enqueued earlier",
    plants: [{
      file: functionFile("start_at_once"),
      find: `j.queue = q.name and j.priority < 1000 /* Priority.later */`,
      replace: `j.queue = q.name and j.priority < -1000`
    }],
    tests: { "test/engine/client/AtOnce.test.ts": ["lets those begin first who were enqueued before"] }
  },
  {
    name: "at-once-although-paused",
    breaks: "what an idle worker is asked for begins although it is paused",
    plants: [{
      file: functionFile("start_at_once"),
      find: `exists (select 1 from pauses) or leased`,
      replace: `leased`
    }],
    tests: { "test/engine/client/AtOnce.test.ts": ["leaves what is paused in the queue"] }
  },
  {
    name: "at-once-erases-nothing",
    breaks: "what an idle worker begins at once leaves standing what was achieved before",
    plants: [{
      file: functionFile("start_at_once"),
      find: `  perform erase_achievements(array[coalesce(p_checksum_key, p_lane)]);\n`,
      replace: ``
    }],
    tests: { "test/engine/client/AtOnce.test.ts": ["begins what it takes at once as a claim does"] }
  },
  {
    name: "at-once-although-achieved",
    breaks: "an idle worker begins at once what has a checksum, and may be achieved",
    plants: [{
      file: functionFile("enqueue_and_claim"),
      find: `    and invocation_checksum is null\n`,
      replace: ``
    }],
    tests: { "test/engine/client/AtOnce.test.ts": ["begins what it takes at once as a claim does"] }
  },
  {
    name: "heals-many-at-once",
    breaks: "what nothing continues is put right by more than a thousand in one pass",
    plants: [{
      file: "src/engine/maintenance/heal.ts",
      find: "pagesOfPass = 13",
      replace: "pagesOfPass = 16"
    }],
    tests: { "test/races/healing.test.ts": ["a pass of upkeep puts right a thousand"] }
  },
  {
    name: "takes-over-after-all-duties",
    breaks: "7.2: taking over waits until a long history is deleted",
    plants: [{
      file: "src/engine/maintenance/upkeep.ts",
      find: "[turns([recover(worker)]), turns<unknown>(duties), turns([retention(worker)])]",
      replace: "[turns<unknown>([recover(worker), ...duties, retention(worker)])]"
    }],
    tests: { [upkeepTests]: ["taking over comes again while"] },
    hangs: true
  },
  {
    name: "one-duty-for-all",
    breaks: "a duty that fails each time keeps those after it from ever having their turn",
    plants: [{
      file: "src/engine/maintenance/upkeep.ts",
      find: "const each = those.map((duty) => timers.overlooking()(Effect.asVoid(duty)))",
      replace: "const each = [timers.overlooking()(Effect.forEach(those, (duty) => duty, { discard: true }))]"
    }],
    tests: { [upkeepTests]: ["what fails keeps nothing else"] },
    hangs: true
  },
  {
    name: "one-retention-for-all",
    breaks: "4.8: what cannot be deleted keeps the rest of what is kept no longer",
    plants: [{
      file: "src/engine/maintenance/retention.ts",
      find: "Effect.forEach(passes, Effect.exit)",
      replace: "Effect.forEach(passes, (each) => Effect.map(each, () => Effect.void))"
    }],
    tests: { [upkeepTests]: ["what fails keeps nothing else"] },
    hangs: true
  },
  {
    name: "retention-never-smaller",
    breaks: "4.8: what a role's statement_timeout does not let be deleted at once is never deleted",
    plants: [{
      file: "src/engine/maintenance/retention.ts",
      find: "if (error instanceof StorageError && error.isRetryable) size.refused(limit)",
      replace: ""
    }],
    tests: { [upkeepTests]: ["4.8: what takes too long is deleted in smaller parts"] }
  },
  {
    name: "nothing-heals",
    breaks: "a live action that nothing continues waits for ever",
    plants: [{
      file: "src/engine/maintenance/upkeep.ts",
      find: `    healing(worker),`,
      replace: `    Effect.asVoid(Effect.succeed(healing(worker))),`
    }],
    tests: { "test/races/healing.test.ts": ["what nothing continues is healed once"] },
    hangs: true
  },
  {
    name: "trusts-the-mark-of-a-pause",
    breaks:
      "who waits in a named lane that is marked as paused, and is not, waits for ever, and the doctor finds nothing",
    plants: [{
      file: functionFile("neglected_in_named_lanes"),
      find: `        waits_for_pause(l.id)
        and exists`,
      replace: `        exists`
    }, {
      file: "src/sql/Doctor.ts",
      find: `(n.paused and \${isHeld(s, "l")}) or n.settings`,
      replace: `n.paused or n.settings`
    }],
    tests: { "test/races/healing.test.ts": ["because of a pause that is gone"] }
  },
  {
    name: "doctor-cut-off-whole",
    breaks: "of a large database nothing is found: checking all of it takes longer than a statement may",
    plants: [{
      file: "src/sql/examining.ts",
      find: "isCutOff(error) ? oneByOne(now) : Effect.fail(error)",
      replace: "isCutOff(error) && now < -1 ? oneByOne(now) : Effect.fail(error)"
    }],
    tests: { "test/sql/examining.test.ts": ["19: the invariants are checked one by one"] }
  },
  {
    name: "doctor-passes-what-it-cannot-check",
    breaks: "an invariant that could not be checked in time is said to hold",
    plants: [{
      file: "src/sql/examining.ts",
      find: "isCutOff(error) ? Effect.succeed(cut)",
      replace: "isCutOff(error) ? Effect.succeed([])"
    }],
    tests: { "test/sql/examining.test.ts": ["19: the invariants are checked one by one"] }
  },
  {
    name: "doctor-of-attempts",
    breaks: "9.1: the doctor finds something wrong with an action whose step had children and begins again, or is held",
    plants: [{
      file: "src/sql/Doctor.ts",
      find: `(o.status is null or not exists (select 1`,
      replace: `(o.status is null or true or not exists (select 1`
    }],
    tests: { [stepRetries]: ["9.1: an action between two attempts is well"] }
  },
  {
    name: "held-lane-is-not-healed",
    breaks: "who is first in a lane that nothing pauses any more waits for ever if that it was resumed is lost",
    plants: [{
      file: functionFile("heal_lanes"),
      find: `        and not is_paused(l.lane, l.queue, l.definition)`,
      replace: `        and false`
    }],
    tests: { "test/races/healing.test.ts": ["because of a pause that is gone"] }
  },
  {
    name: "heals-what-waits",
    breaks: "upkeep gives a job to a parent that waits for its slots",
    plants: [{
      file: "src/sql/schema/views.sql",
      find: `      l.phase <> 1 /* Phase.waiting */
      or not exists`,
      replace: `      true
      or not exists`
    }],
    tests: {
      "test/races/healing.test.ts": [
        "what nothing continues is healed once",
        "what another transaction is about to continue"
      ]
    }
  },
  {
    name: "heals-in-silence",
    breaks: "whoever is on call is not told that a worker had to heal what nobody would have gone on with",
    plants: [{
      file: functionFile("heal"),
      find: `    perform record_heals(p_now, p_by, locked, false);`,
      replace: `    perform record_heals(p_now, p_by, locked[:0], false);`
    }],
    tests: {
      "test/http/Attention.test.ts": ["21.1: what a worker had to heal"],
      "test/races/healing.test.ts": ["what nothing continues is healed once"]
    }
  },
  {
    name: "heals-for-ever",
    breaks: "what was healed long ago is kept for ever",
    plants: [{
      file: functionFile("heal"),
      find: `last_at < p_now - interval '7 days'`,
      replace: `last_at < p_now - interval '7 years'`
    }],
    tests: { "test/http/Attention.test.ts": ["21.1: what a worker had to heal"] }
  },
  {
    name: "heals-in-one-look",
    breaks: "upkeep waits for rows that somebody has in hand, and gives a second job to what goes on by itself",
    plants: [{
      file: functionFile("heal"),
      find: `and place < v_to for update skip locked);`,
      replace: `and place < v_to for update);`
    }],
    tests: { "test/races/healing.test.ts": ["what nothing continues is healed once"] },
    hangs: true
  },
  {
    name: "migrating-locks-first",
    breaks: "a process that has nothing to migrate waits for the end of a dump, and all that start after it",
    plants: [{
      file: "src/sql/Migrations.ts",
      find: `          if (first.required.length === 0 && !first.unset) return []`,
      replace:
        `          if (first.required.length === 0) yield* sql.unsafe(\`lock table \${table} in access exclusive mode\`)`
    }],
    tests: { "test/operations/Migrating.test.ts": ["where there is nothing to do nobody waits"] },
    hangs: true
  },
  {
    name: "migrating-waits-for-ever",
    breaks: "a migration waits for the end of a dump without a word, and everybody behind it",
    plants: [{
      file: "src/sql/Migrations.ts",
      find: `          yield* sql.unsafe("select set_config('lock_timeout', $1, true)",`,
      replace: `          yield* sql.unsafe("select $1::text",`
    }],
    tests: { "test/operations/Migrating.test.ts": ["says for whom it waits, holds nobody up, and gives up"] },
    hangs: true
  },
  {
    name: "any-tables-will-do",
    breaks: "tables that an unreleased version has made are taken for this one's",
    plants: [{
      file: "src/sql/Migrations.ts",
      find: `rows[0][1] !== fingerprint`,
      replace: `rows[0][1] === ""`
    }],
    tests: { "test/sql/Migrations.test.ts": ["what an unreleased version has made is told"] }
  },
  {
    name: "old-snapshots",
    breaks: "a transaction at repeatable read decides by what was committed when it began",
    plants: [{
      file: functionFile("require_read_committed"),
      find: `if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then`,
      replace: `if false then`
    }],
    tests: {
      "test/behaviour/IsolationLevels.test.ts": ["neither complete nor cancel at", "a transactional step that goes to"]
    }
  },
  {
    name: "level-by-default",
    breaks: "the engine's own transactions have the level that the program or the database gives to others",
    plants: [{ file: transaction, find: `"begin isolation level read committed"`, replace: `begin` }],
    tests: { "test/behaviour/IsolationLevels.test.ts": ["transactional steps are at read committed"] }
  },
  {
    name: "temporary-tables-first",
    breaks: "a program's temporary table of the name `jobs` is taken for the queue",
    plants: [{
      file: "src/sql/Migrations.ts",
      find: `sql.unsafe(\`set local search_path = \${quoted}, pg_temp\`)`,
      replace: `sql.unsafe(\`set local search_path = \${quoted}\`)`
    }],
    tests: {
      "test/behaviour/TemporaryTables.test.ts": [
        "everything goes on as without them",
        "every search path that a function sets names them last"
      ]
    }
  },
  {
    name: "gives-up-while-it-takes",
    breaks:
      "what a worker takes while it gives itself up stays under its token until the lease ends, and burns an attempt",
    plants: [{
      file: functionFile("recover"),
      find: `  perform 1 from workers where token = any(p_tokens) order by token for update;
`,
      replace: ""
    }],
    tests: { "test/races/stopping.test.ts": ["is for others at once, and has burnt no attempt"] }
  },
  {
    name: "joins-by-statistics",
    breaks: "with an old snapshot elsewhere and fresh statistics every batch reads an index as a whole",
    plants: [{
      file: functionFile("lock_concluded"),
      find: `  with h as (
    select c.n, l.place
    from (
      select y.action, y.step, y.phase, y.n
      from (
        select x.action, x.step, x.phase, x.n, (select l.lane from live_actions l where l.id = x.action) as lane
        from unnest(conclusion_action, conclusion_step, conclusion_phase) with ordinality as x(action, step, phase, n)
        offset 0
      ) y
      -- asked once, and only where there is one without a lane; sorting ends before the first row is locked
      order by coalesce(y.lane, (
        select lock_named_lanes(array(
          select e.action from unnest(conclusion_action, conclusion_ends) as e(action, ends) where e.ends)))), y.action
      offset 0
    ) c
    left join lateral (
      select l.ctid as place
      from live_actions l
      where l.id = c.action and l.token = p_token and l.step = c.step and l.phase = c.phase
        and coalesce(l.epoch, 0) = coalesce(conclusion_epoch[c.n], 0)
      for update
    ) l on true
  )
`,
      replace: `  with f as (
    select c.n, l.ctid as place
    from unnest(conclusion_action, conclusion_step, conclusion_phase) with ordinality as c(action, step, phase, n)
    join live_actions l on l.id = c.action
    where l.token = p_token and l.step = c.step and l.phase = c.phase
      and coalesce(l.epoch, 0) = coalesce(conclusion_epoch[c.n], 0)
    order by l.lane
    for update of l
  ),
  h as (
    select c.n, f.place
    from unnest(conclusion_action) with ordinality as c(action, n)
    left join f on f.n = c.n
  )
`
    }],
    tests: { "test/sql/transitions/claim.test.ts": ["actions end by looking up their own rows"] }
  },
  {
    name: "said-once-more",
    breaks: "1.2: what a worker says once more, as its answer was lost, takes the action from the run that came after",
    plants: [{
      file: functionFile("lock_concluded"),
      find: `
        and coalesce(l.epoch, 0) = coalesce(conclusion_epoch[c.n], 0)
`,
      replace: "\n"
    }],
    tests: {
      "test/races/fences.test.ts": [
        "that it is tried again is stale once its worker has it again",
        "10.7: what was concluded of what is to be tried",
        "10.7: what was concluded of what waits",
        "1.2, 10.1: what was concluded of a step that waits"
      ]
    }
  },
  {
    name: "ends-once-more",
    breaks: "1.2: an end that was concluded in an earlier epoch ends the run that came after",
    plants: [{
      file: functionFile("move_to_history"),
      find: `
          and coalesce(l.epoch, 0) = coalesce(x.epoch, 0)`,
      replace: ""
    }],
    tests: { "test/races/fences.test.ts": ["how it ends is stale once its worker has it again"] }
  },
  {
    name: "goes-on-for-others",
    breaks: "8: a worker stores steps of what another one has taken over",
    plants: [{
      file: functionFile("move_on"),
      find: `l.token = p_token and l.step = x.step`,
      replace: `l.step = x.step`
    }],
    tests: { "test/races/fences.test.ts": ["8: stores nothing of what another worker has taken over"] }
  },
  {
    name: "goes-on-twice",
    breaks: "1.2: a step that has ended is stored once more as the next one's end",
    plants: [{
      file: functionFile("move_on"),
      find: `l.token = p_token and l.step = x.step and l.phase = 0 /* Phase.step */`,
      replace: `l.token = p_token`
    }],
    tests: { "test/races/fences.test.ts": ["1.2: stores nothing twice"] }
  },
  {
    name: "goes-on-once-more",
    breaks: "1.2: a step that has ended in an earlier epoch takes the action on from the run that came after",
    plants: [{
      file: functionFile("move_on"),
      find: `
      and coalesce(l.epoch, 0) = coalesce(x.epoch, 0)`,
      replace: ""
    }],
    tests: { "test/races/fences.test.ts": ["that its step has ended is stale once its worker has it again"] }
  },
  {
    name: "goes-on-without-those-that-are-joined",
    breaks: "8: a step of an action that somebody has changed at this moment is stale, and runs again",
    plants: [{
      file: functionFile("finish"),
      find: "    if cardinality(stored) = cardinality(conclusion_action) then return; end if;",
      replace: "    return;"
    }],
    tests: { "test/races/fences.test.ts": ["8: stores what is of an action that somebody joins"] }
  },
  {
    name: "prepended-by-position",
    breaks:
      "6.1: which prepended steps are still to come is asked of the process that goes on, and not of the one that began",
    plants: [{
      file: performance,
      find: `    for (const name of prepended) {
      const step = steps.find((candidate) => isPrepended(candidate) && candidate.name === name)
      if (step !== undefined && !hasRun(ran, step, endsNow)) return step
    }`,
      replace: `    const at = steps.findLastIndex((step) => isPrepended(step) && hasRun(ran, step, endsNow))
    for (const step of steps.slice(at + 1).filter(isPrepended)) return step`
    }],
    tests: {
      "test/behaviour/ActionExtending.test.ts": ["6.1+: each prepended step runs once"],
      "test/engine/perform/Performance.test.ts": ["is first one of the prepended ones"]
    }
  },
  {
    name: "kind-by-name",
    breaks: "6.1: a step is taken for another one that has its name",
    plants: [{
      file: "src/domain/Phase.ts",
      find: "a.name === b.name && a.kind === b.kind",
      replace: "a.name === b.name"
    }],
    tests: { "test/behaviour/ActionExtending.test.ts": ["6.1+: a method that a deploy has turned into steps"] }
  },
  {
    name: "owed-by-definition",
    breaks:
      "2.3: whether a checksum is still to be computed is asked of the worker's definition, which may have dropped its hook",
    plants: [{
      file: functionFile("sort_jobs"),
      find: `      or not coalesce(j.prepared, not p_prepare[array_position(p_definitions, j.definition)])),`,
      replace: `      or p_prepare[array_position(p_definitions, j.definition)]),`
    }, {
      file: functionFile("sort_jobs"),
      find: `and coalesce(j.prepared, not p_prepare[array_position(p_definitions, j.definition)]) as is_ready`,
      replace: `and not p_prepare[array_position(p_definitions, j.definition)] as is_ready`
    }],
    tests: {
      "test/behaviour/Deploys.test.ts": ["2.3: enqueued under a hook", "2.2: a hook does not run on what it has given"]
    }
  },
  {
    name: "flags-of-the-first-version",
    breaks: "5.1: who completes an action stays what the version said that began it, and a later one parks it for ever",
    plants: [{
      file: functionFile("resume_parents"),
      find: `
        epoch = coalesce(t.epoch, 0) + 1,
        flags = p_flags[array_position(p_definitions, t.definition)] & 1023`,
      replace: `
        epoch = coalesce(t.epoch, 0) + 1`
    }, {
      file: functionFile("continue_claimed"),
      find: `          s.flags,
`,
      replace: `          t.flags,
`
    }],
    tests: {
      "test/behaviour/Deploys.test.ts": ["5.1: an action that a deploy has made outbound", "5.3: one to which a deploy"]
    }
  },
  {
    name: "job-for-granted",
    breaks: "5.3: an action whose job a deploy has taken is given to a job that is not there",
    plants: [
      { file: runJob, find: "    if (run === undefined) return", replace: "    if (run === null) return" },
      { file: runJob, find: "run(job, ...args)", replace: "run!(job, ...args)" }
    ],
    tests: { "test/behaviour/Deploys.test.ts": ["5.3: an action whose job a deploy has taken"] }
  },
  {
    name: "success-by-name",
    breaks: "2.5: a child's result is read with a schema that somebody has declared for actions of its name",
    plants: [{
      file: registry,
      find: "    return known.by.get(fingerprint) ?? (known.by.size === 1",
      replace: "    return [...known.by.values()].at(-1) ?? (known.by.size === 1"
    }],
    tests: {
      "test/behaviour/Deploys.test.ts": ["2.5+: a child's result is read", "2.5+: a schema that a deploy has changed"]
    }
  },
  {
    name: "looked-at-too-early",
    breaks:
      "9.4: what an attempt has left behind is forgotten by whoever has looked at what the one before it had left",
    plants: [{
      file: functionFile("cancel_abandoned"),
      find: `delete from abandoned_by where ctid = any(places)`,
      replace: `delete from abandoned_by where action = any(dead)`
    }, {
      file: functionFile("cancel_slots"),
      find: `select distinct action from o where child is not null`,
      replace:
        `select distinct action from o where child is not null and not exists (select 1 from abandoned_by b where b.action = o.action)`
    }],
    tests: { "test/races/leftovers.test.ts": ["4.6, 9.4: what an attempt leaves"] }
  },
  {
    name: "history-with-what-it-left",
    breaks: "an action's history is deleted before its children are cancelled, and they run",
    plants: [{
      file: functionFile("reads_of"),
      find:
        `        when (select a.action from abandoned_by a where a.action = e.id limit 1) is not null then 'children'
`,
      replace: ``
    }],
    tests: { "test/ActionRepo.test.ts": ["keeps what was cancelled until"] }
  },
  {
    name: "history-of-children",
    breaks: "4.7: results of a live action's children are deleted",
    plants: [{
      file: functionFile("reads_of"),
      find: `        when (select l.id from live_actions l where l.id = e.parent) is not null then 'parent'
`,
      replace: ``
    }],
    tests: { "test/behaviour/History.test.ts": ["4.7: an action that waits for a year"] }
  },
  {
    name: "history-of-children-of-others",
    breaks: "4.7: what a live action's child has joined is deleted",
    plants: [{
      file: functionFile("reads_of"),
      find: `o.child = e.id and o.moved
`,
      replace: `o.child = e.id and false
`
    }],
    tests: {
      "test/behaviour/History.test.ts": [
        "4.7: what another parent's child has joined",
        "4.7: what has superseded a child"
      ]
    }
  },
  {
    name: "slot-of-who-was-superseded",
    breaks: "4.7: nothing says that a child's slot waits for its successor by now, or for whom that has joined",
    plants: [{
      file: functionFile("wait_for_instead"),
      find: `    moved = true,
`,
      replace: ``
    }],
    tests: {
      "test/behaviour/History.test.ts": [
        "4.7: what has superseded a child",
        "4.7: what another parent's child has joined"
      ]
    }
  },
  {
    name: "history-of-who-joined",
    breaks: "4.7: what the answer of whoever has joined follows is deleted",
    plants: [{
      file: functionFile("reads_of"),
      find: `        when (select o.id from outcomes o where o.follows = e.id limit 1) is not null then 'answer'
`,
      replace: ``
    }],
    tests: { "test/behaviour/History.test.ts": ["4.7: handles follow a chain"] }
  },
  {
    name: "joined-and-left-behind",
    breaks: "2.5: who has joined an action does not follow its successor",
    plants: [{
      file: functionFile("supersede_pending"),
      find: `  if was_rooted then update outcomes set follows = p_job.action where follows = superseded; end if;
`,
      replace: ``
    }],
    tests: { "test/behaviour/History.test.ts": ["4.7: handles follow a chain"] }
  },
  {
    name: "history-of-the-superseded",
    breaks: "4.7: what was superseded is deleted while its successor is live, and handles lose their way",
    plants: [{
      file: functionFile("what_goes"),
      find: `array_agg(u.id) filter (where u.because is null and u.held_by is null)`,
      replace: `array_agg(u.id) filter (where u.because is null)`
    }],
    tests: { "test/behaviour/History.test.ts": ["4.7: handles follow a chain"] }
  },
  {
    name: "history-link-by-link",
    breaks: "4.7: of what was superseded in one lane each pass deletes one",
    plants: [{
      file: functionFile("what_goes"),
      find: "      if place < i then goes[i] := goes[place]; end if;",
      replace: "      if false then goes[i] := goes[place]; end if;"
    }],
    tests: { "test/behaviour/History.test.ts": ["4.7: what was superseded in one lane"] }
  },
  {
    name: "history-without-its-queue",
    breaks: "what has ended in the default queue is shown in none",
    plants: [{
      file: "src/sql/schema/action_views.sql",
      find: "    coalesce(queue, 'default') as queue,",
      replace: "    queue,"
    }],
    tests: { "test/behaviour/Records.test.ts": ["what has ended is shown with its queue"] }
  },
  {
    name: "history-without-its-key",
    breaks: "what has ended is shown without its checksum key where that is its lane's",
    plants: [{
      file: "src/sql/schema/action_views.sql",
      find:
        "    coalesce(checksum_key, lane) as checksum_key,\n    checksum,\n    parent,\n    parent_step,\n    started_by,\n    started_by_step,\n    retry_of,\n    depth,\n    -- what was given up",
      replace:
        "    checksum_key,\n    checksum,\n    parent,\n    parent_step,\n    started_by,\n    started_by_step,\n    retry_of,\n    depth,\n    -- what was given up"
    }],
    tests: { "test/behaviour/Records.test.ts": ["what has ended is shown with its queue"] }
  },
  {
    name: "history-in-a-row",
    breaks: "4.7: who deletes history waits for whoever else does",
    plants: [{
      file: functionFile("delete_history"),
      find: "where id = any(p_ids) for update skip locked",
      replace: "where id = any(p_ids) for update"
    }],
    tests: { "test/races/history.test.ts": ["nobody waits for who deletes"] },
    hangs: true
  },
  {
    name: "history-by-id-alone",
    breaks: "4.7: what was enqueued long ago is deleted, however late it ended",
    plants: [{
      file: functionFile("what_goes"),
      find: `filter (where y.ended_at < kept_since(p_before, p_rules, y.definition, y.status))`,
      replace: `filter (where true)`
    }],
    tests: { "test/behaviour/History.test.ts": ["4.7: what ended later than a time"] }
  },
  {
    name: "retention-of-all-alike",
    breaks: "4.8: what its action or status is to be kept longer for goes with the first",
    plants: [{
      file: functionFile("kept_since"),
      find: "when p_rules is null then p_before",
      replace: "when p_before is not null then p_before"
    }],
    tests: { "test/behaviour/Retention.test.ts": ["4.8: what has ended is kept as long as"] }
  },
  {
    name: "retention-without-own-rules",
    breaks: "4.8: what is said of an action counts nothing",
    plants: [{
      file: functionFile("kept_since"),
      find: "coalesce(p_rules -> p_definition, p_rules -> '')",
      replace: "(p_rules -> '')"
    }],
    tests: { "test/behaviour/Retention.test.ts": ["4.8: what has ended is kept as long as"] }
  },
  {
    name: "retention-without-trees",
    breaks: "4.8: what a failure has started goes before it, and it cannot be retried",
    plants: [{
      file: functionFile("kept_above"),
      find: "    if x.is_old is not true then return true; end if;\n",
      replace: ""
    }],
    tests: { "test/behaviour/Retention.test.ts": ["4.8: what a failure has started"] }
  },
  {
    name: "plan-of-one-page",
    breaks: "4.8: what was superseded by what an earlier page would delete is said to stay",
    plants: [{
      file: functionFile("what_goes"),
      find: "  if p_is_plan then looked_at := looked_at || superseders_to_delete(page, p_before, p_rules); end if;\n",
      replace: ""
    }],
    tests: { "test/behaviour/Retention.test.ts": ["4.8: the plan says what is still read"] }
  },
  {
    name: "retention-of-the-layer-alike",
    breaks: "4.8: a worker deletes all that is older than the shortest time",
    plants: [{
      file: "src/engine/maintenance/retention.ts",
      find: "retention: historyRetention.given, asOf",
      replace: "retention: historyRetention.shortestMs, asOf"
    }],
    tests: { "test/behaviour/Retention.test.ts": ["4.8: a worker deletes by what"] }
  },
  {
    name: "retention-all-day",
    breaks: "4.8: a worker looks at what is kept all day long",
    plants: [{
      file: "src/engine/maintenance/retention.ts",
      find: "Math.max(periodMs, Math.min(tookMs / passPart, passMaxMs))",
      replace: "Math.max(periodMs, Math.min(tookMs * passPart, passMaxMs))"
    }],
    tests: { "test/engine/maintenance/retention.test.ts": ["4.8: what has looked at much"] }
  },
  {
    name: "retention-after-deleting",
    breaks: "4.8: after much was deleted a worker looks a day later",
    plants: [{
      file: "src/engine/maintenance/retention.ts",
      find: "tookMs += (monotonic() - asked) * (1 - Math.min(1, count / limit))",
      replace: "tookMs += (monotonic() - asked) * Math.max(1, count / limit)"
    }],
    tests: { "test/engine/maintenance/retention.test.ts": ["4.8: what has looked at much"] }
  },
  {
    name: "nonce-of-all",
    breaks: "22.1: values are encrypted with one nonce, which gives away what is alike in them",
    plants: [{
      file: "src/Encryption.ts",
      find: `webcrypto.getRandomValues(new Uint8Array(nonceBytes))`,
      replace: `new Uint8Array(nonceBytes)`
    }],
    tests: { "test/Encryption.test.ts": ["22.1: is a text of another nonce each time"] }
  },
  {
    name: "encrypted-for-any-field",
    breaks: "22.1: what was encrypted for one field opens for another",
    plants: [{
      file: "src/Encryption.ts",
      find: `utf8.encode(\`\${form}.\${key}.\${field}\`)`,
      replace: `utf8.encode(\`\${form}.\${key}.\${field.slice(0, 0)}\`)`
    }],
    tests: { "test/Encryption.test.ts": ["22.1: opens for its field alone"] }
  },
  {
    name: "encrypted-text-twice",
    breaks: "22.1: another text of the same bytes opens, too",
    plants: [{
      file: "src/Encryption.ts",
      find: `bytes.length < nonceBytes + tagBytes || bytes.toString("base64url") !== data`,
      replace: `bytes.length < nonceBytes + tagBytes`
    }],
    tests: { "test/Encryption.test.ts": ["22.1: is opened by nothing once any of its bytes"] }
  },
  {
    name: "decrypted-in-messages",
    breaks: "22.1: what was decrypted and does not fit its schema is in the message",
    plants: [{
      file: "src/Encryption.ts",
      find: `() => issue("was decrypted, and does not fit its schema")`,
      replace: `() => issue(\`was decrypted, and does not fit its schema: \${text}\`)`
    }],
    tests: { "test/Encryption.test.ts": ["22.1: that does not fit its schema any more"] }
  },
  {
    name: "digest-of-the-first-key",
    breaks: "22.2: a new first key makes another of what is the same",
    plants: [{
      file: "src/Encryption.ts",
      find: `digestKey === undefined ? opened.at(-1)!`,
      replace: `digestKey === undefined ? first`
    }],
    tests: { "test/Encryption.test.ts": ["22.2: is told from others by a digest"] }
  },
  {
    name: "identity-of-the-text",
    breaks: "22.2: who enqueues the same once more under its key is told of a conflict",
    plants: [{
      file: "src/domain/Codec.ts",
      find: `(value) => Effect.orDie(Effect.provideService(encode(value), Digesting, true))`,
      replace: `(value) => Effect.orDie(Effect.provideService(encode(value), Digesting, false))`
    }],
    tests: { "test/behaviour/Encryption.test.ts": ["22.2: keys of lanes and checksums"] }
  },
  {
    name: "signal-missed-by-who-begins",
    breaks: "11.2: what is sent by actor to an action that begins at that moment is lost",
    plants: [{
      file: functionFile("signalled"),
      find: `language plpgsql stable as`,
      replace: `language plpgsql volatile as`
    }],
    tests: { [signalRaces]: ["11.2: one that is sent by actor to an action that begins"] }
  },
  {
    name: "signal-for-who-has-just-ended",
    breaks: "11.2: what is sent by actor while an action ends is for nobody, although the next one performs",
    plants: [{
      file: functionFile("send_signal"),
      find: `    exit when t.takes or p_id is not null;`,
      replace: `    exit;`
    }],
    tests: { [signalRaces]: ["11.2: one that is sent by actor while the action that it is for ends"] }
  },
  {
    name: "signal-of-the-text",
    breaks: "22.2: a signal that comes twice under its key is a conflict, as it was encrypted twice",
    plants: [{
      file: "src/engine/client/send.ts",
      find: `    if (!codec.isEncrypting) return Effect.succeed(false)`,
      replace: `    return Effect.succeed(false)`
    }],
    tests: { "test/behaviour/Encryption.test.ts": ["22.2: a failed signal that comes twice"] }
  },
  {
    name: "taken-over-by-its-text",
    breaks: "22.2: who goes on for what has failed does the same once more, as it was encrypted",
    plants: [{
      file: "src/engine/perform/requests.ts",
      find: `if (slot[1] !== null || slot[2] !== definition || slot[3] !== actorId) return`,
      replace: `if (slot[1] !== null || slot[2] !== definition || slot[3] !== actorId || true) return`
    }],
    tests: { "test/behaviour/Encryption.test.ts": ["22.2, 18.1: of what was taken over"] }
  },
  {
    name: "encrypted-error-in-clear",
    breaks: "22.1: an error that is encrypted is stored beside that in clear, as its message",
    plants: [{
      file: "src/engine/causes.ts",
      find: `isEncrypting(schema) && exit._tag === "Success"`,
      replace: `!isEncrypting(schema) && exit._tag === "Success"`
    }],
    tests: { "test/behaviour/Encryption.test.ts": ["22.1: arguments, results of steps"] }
  },
  {
    name: "field-in-no-fingerprint",
    breaks: "22.1: of two fields that are encrypted one is read as the other",
    plants: [{
      file: "src/domain/Codec.ts",
      find: `const fields = isEncrypting(schema) ? fieldsIn(schema) : []`,
      replace: `const fields: ReadonlyArray<string> = isEncrypting(schema) ? [] : fieldsIn(schema)`
    }],
    tests: { "test/behaviour/Encryption.test.ts": ["22.1: of two fields"] }
  },
  {
    name: "ready-while-it-stops",
    breaks: "19.4: a process is ready whose worker takes nothing new",
    plants: [{
      file: "src/engine/readiness.ts",
      find: `[...database, ...all.flatMap(problemOf)]`,
      replace: `[...database, ...all.flatMap(problemOf).slice(0, 0)]`
    }],
    tests: { "test/behaviour/Health.test.ts": ["19.4: a worker that stops"] }
  },
  {
    name: "ready-to-read",
    breaks: "19.4: a process is ready whose database takes no writes",
    plants: [{
      file: "src/engine/readiness.ts",
      find: `exit.value ? [] :`,
      replace: `exit.value || true ? [] :`
    }],
    tests: { "test/behaviour/Health.test.ts": ["19.4: a database without the tables"] }
  },
  {
    name: "alive-without-parts",
    breaks: "19.4: a worker of which a part has died counts as well",
    plants: [{
      file: "src/engine/worker/Parts.ts",
      find: `if (Exit.hasDies(exit)) hasFailed = true`,
      replace: `if (Exit.hasFails(exit)) hasFailed = true`
    }],
    tests: { "test/engine/worker/Parts.test.ts": ["19.4: a worker has failed"] }
  },
  {
    name: "garbage-for-the-server",
    breaks: "steps of an id that is none are an error of the server's",
    plants: [{
      file: "src/ActionRepo.ts",
      find: "steps: (action) => isActionId(action) ? store.stepsOf([action]) : Effect.succeed([])",
      replace: "steps: (action) => store.stepsOf([action])"
    }],
    tests: { "test/ActionRepo.test.ts": ["under what nothing can have there is nothing"] }
  },
  {
    name: "failed-before",
    breaks: "a step shows what an earlier one has failed with",
    plants: [{
      file: functionFile("apply_conclusions"),
      find: "c.attempts < 0 or c.next_step > c.step or c.outcome is not null",
      replace: "false"
    }],
    tests: { "test/behaviour/Records.test.ts": ["what a step has failed with is not the next one's"] }
  },
  {
    name: "shown-with-marks",
    breaks: "a result is shown with the places that the engine keeps for those of children",
    plants: [{
      file: "src/sql/schema/views.sql",
      find: `when strpos(given::text, '"$') = 0 then given`,
      replace: `when true then given`
    }],
    tests: { "test/behaviour/Records.test.ts": ["step results are shown as later steps receive them"] }
  },
  {
    name: "any-limit",
    breaks: "a limit that is no number is an error of the server's, and one beyond all limits is taken",
    plants: [{
      file: "src/store/asked.ts",
      find: "Number.isInteger(limit) && limit >= 1 && limit <= most",
      replace: "limit !== undefined"
    }],
    tests: { "test/ActionRepo.test.ts": ["what cannot be asked for is refused"] }
  }
]

const second: ReadonlyArray<Bug> = [
  // -----------------------------------------------------------------------------------------------------------------
  // databases, roles and clients on which it cannot work
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "any-encoding",
    breaks: "a database that cannot store every text is taken, and refuses some of them later",
    plants: [{
      file: prerequisites,
      find: `encoding === "UTF8" ?`,
      replace: `encoding !== "" ?`
    }],
    tests: { [suitability]: ["is told by the migration, before anything is made"] }
  },
  {
    name: "hidden-rows",
    breaks: "row security hides rows, and what they hold is never performed",
    plants: [{
      file: prerequisites,
      find: "    if (hidden.length > 0) {",
      replace: "    if (hidden.length < 0) {"
    }],
    tests: { [suitability]: ["that hides rows of the tables is told"] }
  },
  {
    name: "worker-without-rights",
    breaks: "a worker that may not write starts, and fails at everything",
    plants: [{
      file: prerequisites,
      find: `as === "worker"`,
      replace: `as !== "worker"`
    }],
    tests: { [suitability]: ["without rights is told which of them it lacks"] }
  },
  {
    name: "sequences-behind",
    breaks: "after logical replication sequences give numbers that rows have",
    plants: [{
      file: prerequisites,
      find: "  if (tables.length === 0) return",
      replace: "  if (tables.length >= 0) return"
    }],
    tests: { [suitability]: ["are told by the layer, and set by the migration"] }
  },
  // -----------------------------------------------------------------------------------------------------------------
  // the log
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "root-fails-silently",
    breaks: "a root that fails by a child's failure is in no log",
    plants: [{
      file: committer,
      find: "  if (unsaid.length === 0) return Effect.void",
      replace: "  if (unsaid.length >= 0) return Effect.void"
    }],
    tests: { "test/engine/log.test.ts": ["a root that fails by what is not its own"] }
  },
  {
    name: "one-name",
    breaks: "all workers of containers have one name",
    plants: [{
      file: "src/engine/worker/Workers.ts",
      find: "${randomUUID().slice(0, 8)}",
      replace: "${randomUUID().length}"
    }],
    tests: { "test/operations/Logs.test.ts": ["no two have one name"] }
  },
  {
    name: "silent-takeover",
    breaks: "nobody hears that a worker has died and another one goes on",
    plants: [{
      file: "src/engine/maintenance/recover.ts",
      find: "if (workers.length === 0 && actions === 0) return",
      replace: "if (workers.length >= 0 && actions >= 0) return"
    }],
    tests: { "test/operations/Logs.test.ts": ["that is killed is named by whoever takes over"] }
  },
  // -----------------------------------------------------------------------------------------------------------------
  // a layer that has closed
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "closed-layer-asks",
    breaks: "what a program has kept of a closed layer asks on, as long as its client is open",
    plants: [{
      file: "src/sql/PostgresStore.ts",
      find: `    yield* Effect.addFinalizer(() => calls.close)\n`,
      replace: ""
    }],
    tests: { [closedLayer]: ["every question is answered with that, at once", "nothing has come to it"] }
  },
  {
    name: "definitions-of-a-closed-layer",
    breaks: "after the layer has closed, performing at once says that the process has no such action",
    plants: [{
      file: "src/engine/client/Client.ts",
      find: `          yield* store.checkOpen("enqueue")\n`,
      replace: ""
    }],
    tests: { [closedLayer]: ["every question is answered with that, at once"] }
  },
  {
    name: "one-text-for-a-function",
    breaks: "who reads other columns of a function than its first caller gets the first one's",
    plants: [{
      file: call,
      find: "columns === undefined ? name : `${columns} from ${name}`",
      replace: "name"
    }],
    tests: { "test/sql/PostgresStore.test.ts": ["each caller reads the columns that it asks for"] }
  },
  // -----------------------------------------------------------------------------------------------------------------
  // two copies of effect
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "schemas-of-another-copy",
    breaks: "a field by another copy of effect is taken for a schema, and a text stored as nothing",
    plants: [{
      file: copies,
      find: `!partsOf(ast).every(isOwn)`,
      replace: `partsOf(ast).length < 0`
    }],
    tests: { [copiesTest]: ["whatever an action takes and gives: a field"] }
  },
  {
    name: "suspended-schemas-looked-at",
    breaks: "a schema that is suspended is looked at before it is there",
    plants: [{
      file: copies,
      find: `    // what is suspended may not be there yet\n`,
      replace: `    case "Suspend":
      return [...encoded, ast.thunk()]\n`
    }],
    tests: { [copiesTest]: ["of its own copy every schema is known"] }
  },
  {
    name: "client-of-another-copy",
    breaks: "a client of another copy of effect is used, and its errors are not known as such",
    plants: [{
      file: prerequisites,
      find: `if (!isOwnKey(transactionService)) {`,
      replace: `if (!isOwnKey(transactionService) && false) {`
    }],
    tests: { [copiesTest]: ["is refused where a layer is built", "is refused where tables are made"] }
  },

  // -----------------------------------------------------------------------------------------------------------------
  // enqueueing with options
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "priority-ignored",
    breaks: "14.1: what is urgent waits in the order of enqueueing",
    plants: [{
      file: functionFile("enqueue"),
      find: `      else coalesce(x.priority, 0) end,`,
      replace: `      else 0 end,`
    }],
    tests: { [options]: ["14.1: of what waits the lower priority goes first"] }
  },
  {
    name: "urgent-passed-by",
    breaks: "14.1: what becomes urgent is passed by, as what the last claims have taken is",
    plants: [{
      file: functionFile("take_jobs"),
      find: `          and (j.priority, j.id) > (k.priority, k.passed)`,
      replace: `          and j.priority >= k.priority and j.id > (select max(p.value::bigint) from (
              select '-1' as value union all select value from jsonb_each_text(p_after -> q.name)) p)`
    }],
    tests: { "test/sql/transitions/claim.test.ts": ["what is more urgent is claimed first"] }
  },
  {
    name: "priority-lost",
    breaks: "14.1: what a worker gives back has no priority any more",
    plants: [{
      file: functionFile("give_back"),
      find: `case when turn is null then coalesce(own_priority, 0) else`,
      replace: `case when turn is null then 0 else`
    }],
    tests: { "test/operations/Stopping.test.ts": ["a worker that stops gives back what it prepares"] }
  },
  {
    name: "delayed-at-once",
    breaks: "14.1: what is delayed is taken at once",
    plants: [{
      file: functionFile("enqueue"),
      find: `      when x.due > p_now then 1003 /* Priority.delayed */\n`,
      replace: ``
    }],
    tests: { [options]: ["14.1: a delayed one starts when it is due"] }
  },
  {
    name: "due-before-urgent",
    breaks: "14.1: what was delayed comes before what is urgent when it is due",
    plants: [{
      file: functionFile("queue_delayed"),
      find: `priority = coalesce(j.own_priority, 0), due_at`,
      replace: `priority = -1000 /* Priority.first */, due_at`
    }],
    tests: { [options]: ["14.1: due ones stand in the queue by their priorities"] }
  },
  {
    name: "due-with-its-old-number",
    breaks: "14.1: what was delayed stands before what was enqueued long before it was due, where claims pass it by",
    plants: [{
      file: functionFile("queue_delayed"),
      find: `  set id = default, priority`,
      replace: `  set priority`
    }],
    tests: { [options]: ["14.1: due ones stand in the queue by their priorities"] }
  },
  {
    name: "newer-by-arrival",
    breaks: "14.2: one that arrives supersedes a newer one",
    plants: [{
      file: functionFile("join_lane"),
      find: `    and is_newer(`,
      replace: `    and false and is_newer(`
    }],
    tests: { [options]: ["14.2: one that arrives and is older"] }
  },
  {
    name: "newer-by-clock",
    breaks: "14.2: a process whose clock is behind loses what it has enqueued last",
    plants: [{
      file: functionFile("is_newer"),
      find: `    when p_delayed_until is null and than_delayed_until is null then p_queued_as > than_queued_as\n`,
      replace: `    when false then null\n`
    }],
    tests: {
      [options]: ["14.2: of two that are not delayed"],
      [namedLanes]: ["15.3, 14.2: in a superseding lane the one that was enqueued later"]
    }
  },
  {
    name: "newer-in-a-paused-lane",
    breaks: "14.2, 15.8: the first one in a paused lane is superseded by an older one",
    plants: [{
      file: functionFile("hold_lanes"),
      find: `    queued_as = j.id,\n`,
      replace: ``
    }],
    tests: { [pauses]: ["15.8, 14.2: the first one in a paused lane"] }
  },
  {
    name: "newer-by-its-place",
    breaks:
      "14.2: what was delayed and is pending is as new as its place in the queue, which it gets when it is seen to",
    plants: [{
      file: functionFile("join_lane"),
      find: `p_job.tags, p_job.trace, p_job.delayed_until, p_job.id, p_job.started_by`,
      replace: `p_job.tags, p_job.trace, null, p_job.id, p_job.started_by`
    }],
    tests: { [options]: ["14.2: a delayed one that is pending is no newer"] }
  },
  {
    name: "root-taken-along",
    breaks:
      "14.2, 4.6: the action that a root waits for since it was superseded at once is cancelled with its own parent",
    plants: [{
      file: functionFile("superseded_at_once"),
      find: `  if p_job.parent is null then update live_actions set rooted = true where id = p_by; end if;\n`,
      replace: ``
    }],
    tests: { [options]: ["14.2: an older root that was superseded at once"] }
  },
  {
    name: "delayed-elder",
    breaks: "2.9: siblings wait for one that is delayed",
    plants: [{
      file: functionFile("in_turn"),
      find: `            and e.priority <> 1003 /* Priority.delayed */
            and (e.action in (select unnest(leaving))) is not true
          offset 0
        ) as waits`,
      replace: `            and (e.action in (select unnest(leaving))) is not true
          offset 0
        ) as waits`
    }, {
      file: functionFile("in_turn"),
      find: `          and e.priority <> 1002 /* Priority.waiting */
          and e.priority <> 1003 /* Priority.delayed */`,
      replace: `          and e.priority <> 1002 /* Priority.waiting */`
    }],
    tests: { [options]: ["2.9, 14.1: siblings do not wait for a delayed one"] }
  },
  {
    name: "overtakes-one-that-looks",
    breaks: "2.9, 16.1: a sibling overtakes an elder one while a worker looks at what that has found",
    plants: [{
      file: functionFile("claim"),
      find: `|| cancelled, unseen) t`,
      replace: `|| cancelled, null) t`
    }],
    tests: { "test/behaviour/ActionSiblings.test.ts": ["2.9, 16.1: one that is taken with an elder"] }
  },
  {
    name: "put-back-without-end",
    breaks:
      "2.9: a sibling behind one of several lanes that waits in another one of them is taken and put back for ever",
    plants: [{
      file: functionFile("in_turn"),
      find: `coalesce(e.action, f.action) as whom`,
      replace: `e.action as whom`
    }],
    tests: { "test/behaviour/ActionSiblings.test.ts": ["2.9+: one behind a sibling of two lanes"] }
  },
  {
    name: "overtaken-by-one-of-its-batch",
    breaks: "2.9: a sibling overtakes one that was taken with it and waits in another of its lanes",
    plants: [{
      file: functionFile("in_turn"),
      find: `    exit when jobs_left is null or not`,
      replace: `    exit when jobs_left is null or true or not`
    }],
    tests: { "test/behaviour/ActionSiblings.test.ts": ["2.9+: one behind a sibling of two lanes"] }
  },
  {
    name: "looks-again-in-the-same-lanes-alone",
    breaks: "2.9: one that waits by way of another behind one that is cancelled waits on",
    plants: [{
      file: functionFile("wake_behind_all"),
      find: `      and priority = 1002 /* Priority.waiting */
`,
      replace:
        `      and priority = 1002 /* Priority.waiting */ and lanes && (select b.lanes from jobs b where b.id = p_id)
`
    }],
    tests: { "test/behaviour/ActionSiblings.test.ts": ["2.9+: so does each that waits behind one that goes"] }
  },
  {
    name: "waits-for-whom-one-that-is-gone-waited",
    breaks: "2.9: a sibling waits on for whom one was waiting that is cancelled by now",
    plants: [{
      file: functionFile("in_turn"),
      find: `where j.ordered and cardinality(j.lanes) > 1;`,
      replace: `where j.ordered and cardinality(j.lanes) > 9;`
    }],
    tests: { "test/behaviour/ActionSiblings.test.ts": ["2.9+: one behind a sibling of two lanes"] }
  },
  {
    name: "raised-and-not-looked-at",
    breaks: "15.2: a limit is higher for a newcomer that is turned away, and nobody of the line begins by it",
    plants: [{
      file: functionFile("enter_named_lanes"),
      find: `set settings = excluded.settings, due_at = p_now`,
      replace: `set settings = excluded.settings`
    }],
    tests: { "test/behaviour/LaneDeploys.test.ts": ["15.2: where a limit is higher for a newcomer"] }
  },
  {
    name: "elder-put-off-and-waited-for",
    breaks:
      "2.9, 18.2: one that an operator puts off and the sibling that has waited for it wait for each other for ever",
    plants: [{
      file: functionFile("reschedule"),
      find: `(select ctid from jobs where elder = p_action for update skip locked)`,
      replace: `(select ctid from jobs where elder = p_action and id < 0 for update skip locked)`
    }],
    tests: { "test/behaviour/ActionSiblings.test.ts": ["2.9, 18.2: those that wait for one that an operator puts off"] }
  },
  {
    name: "left-to-one-that-was-put-off",
    breaks: "2.9, 18.2: one that was locked when the sibling it waits for was put off waits for it for ever",
    plants: [{
      file: functionFile("recover"),
      find: ` and e.priority <> 1003 /* Priority.delayed */
          -- what was put off has a new number when it is due
          and e.id < w.id`,
      replace: ``
    }],
    tests: { "test/behaviour/ActionSiblings.test.ts": ["2.9, 18.2: upkeep lets go one"] }
  },

  // -----------------------------------------------------------------------------------------------------------------
  // pauses
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "abandoned-in-a-paused-queue",
    breaks: "15.8, 4.6: children of a parent that is over, in a paused queue, are not ended while that is paused",
    plants: [{
      file: functionFile("take_jobs"),
      find: `if cardinality(paused) > 0 and taken < p_room`,
      replace: `if cardinality(paused) < 0 and taken < p_room`
    }],
    tests: { [pauses]: ["15.8, 4.6: children whose parent is over"] }
  },
  {
    name: "pause-unheard",
    breaks: "15.8: what is paused is taken all the same",
    plants: [{
      file: functionFile("hold_paused"),
      find: `        and is_paused(null, j.queue, j.definition) as is_held`,
      replace: `        and false as is_held`
    }],
    tests: { [pauses]: ["15.8: while a definition is paused nothing new begins"] }
  },
  {
    name: "pause-for-the-cancelled",
    breaks: "15.8: what is cancelled while it is paused waits for the pause's end",
    plants: [{
      file: functionFile("hold_paused"),
      find: `        and j.cancelled_at is null\n`,
      replace: ``
    }],
    tests: { [pauses]: ["15.8: what waits because of a pause can be cancelled"] }
  },
  {
    name: "pause-out-of-order",
    breaks: "15.8: what is resumed has lost its priority",
    plants: [{
      file: functionFile("resume_paused"),
      find: `  set priority = coalesce(own_priority, 0)`,
      replace: `  set priority = 0`
    }],
    tests: { [pauses]: ["15.8: while a definition is paused nothing new begins"] }
  },
  {
    name: "pause-of-free-lanes",
    breaks: "15.8: in a paused lane that is free the first comer performs",
    plants: [{
      file: functionFile("take_lanes"),
      find: `is true and is_paused(i.lane, null, null));`,
      replace: `is true and false);`
    }],
    tests: { [pauses]: ["15.8: in a paused lane that is free the first one waits"] }
  },
  {
    name: "pause-of-occupied-lanes",
    breaks: "15.8: who is next in a paused lane performs when the performer has ended",
    plants: [{
      file: functionFile("after_ends"),
      find: `  if cardinality(next_up) > 0 and exists (select 1 from pauses) then`,
      replace: `  if false then`
    }],
    tests: { [pauses]: ["15.8: who performs in a lane that is paused goes on to its end"] }
  },
  {
    name: "pause-keeps-the-oldest",
    breaks: "15.8, 2.5 c: in a paused lane the first comer is not superseded",
    plants: [{
      file: functionFile("join_lane"),
      find:
        `    case when l.status = 0 /* Status.pending */ then 0 /* Seat.performing */ else -1 /* Seat.pending */ end`,
      replace: `    -1 /* Seat.pending */`
    }],
    tests: { [pauses]: ["15.8: in a paused lane that is free the first one waits"] }
  },
  {
    name: "claimed-in-two-passes",
    breaks: "a claim locks achievements of named lanes after those of plain ones, against the order of their keys",
    plants: [{
      file: functionFile("claim"),
      find: `checked, is_pausing, keys, performing) t;`,
      replace: `checked, is_pausing, null, performing) t;`
    }],
    tests: { "test/races/lockOrder.test.ts": ["a claim erases achievements by their order"] }
  },
  {
    name: "resumed-in-two-passes",
    breaks: "what is resumed in lanes and in named ones locks achievements against the order of their keys",
    plants: [{
      file: functionFile("tick"),
      find: `  if timed_out = 0 and joining = 0 and looked_at = 0 then`,
      replace: `  if timed_out = 0 and looked_at = 0 then`
    }],
    tests: { "test/races/lockOrder.test.ts": ["what is resumed in lanes and in named ones"] }
  },
  {
    name: "waits-for-a-locked-child",
    breaks: "what is due comes to nobody while a program's transaction holds a child that is to be cancelled",
    plants: [{
      file: "src/engine/maintenance/cancelAbandoned.ts",
      find: "if (locked > 0 && !waits) {",
      replace: "if (locked < 0 && !waits) {"
    }],
    tests: { [passedBy]: ["what times bring to others comes"] },
    hangs: true
  },
  {
    name: "looks-at-a-locked-child-all-the-time",
    breaks: "claims have a child looked at all the time that a program's transaction holds",
    plants: [{
      file: "src/engine/maintenance/cancelAbandoned.ts",
      find: "isDue && !isResting",
      replace: "isDue"
    }, {
      file: "src/engine/maintenance/cancelAbandoned.ts",
      find: "if (!isResting) worker.timers.wake()",
      replace: "worker.timers.wake()"
    }],
    tests: { [passedBy]: ["what times bring to others comes"] }
  },
  {
    name: "forgets-a-locked-child",
    breaks: "a child that a program's transaction held when it was to be cancelled is not looked at again",
    plants: [{
      file: "src/engine/maintenance/cancelAbandoned.ts",
      find: "          worker.peers.inCharge().abandoned.due()\n",
      replace: ""
    }],
    tests: { [passedBy]: ["what times bring to others comes"] },
    hangs: true
  },
  {
    name: "starts-behind-a-locked-step",
    breaks: "15.6: one due wait whose step somebody has locked stops all starts that lanes have put off",
    plants: [{
      file: functionFile("tick"),
      find: `  if timed_out = 0 and joining = 0 and looked_at = 0 then`,
      replace: `  if has_times is not true and timed_out = 0 and joining = 0 then`
    }],
    tests: { [passedBy]: ["15.6: a start that a lane has put off"] }
  },
  {
    name: "waits-behind-locked-steps",
    breaks: "due waits whose steps somebody has locked hide those that are due after them",
    plants: [{
      file: functionFile("tick"),
      find: `      order by due_at
    ),
    s as (`,
      replace: `      order by due_at
      limit p_limit
    ),
    s as (`
    }, {
      file: functionFile("time_out_signals"),
      find: `        order by o.due_at
      ) x`,
      replace: `        order by o.due_at
        limit p_limit
      ) x`
    }],
    tests: { [passedBy]: ["what is due after it is settled by a call that takes one"] }
  },
  {
    name: "pause-without-end",
    breaks: "15.8: who waits in a lane that is resumed never performs",
    plants: [{
      file: functionFile("resume_lanes"),
      find: `      and not is_paused(lane, queue, definition));`,
      replace: `      and false);`
    }],
    tests: { [pauses]: ["15.8: in a paused lane that is free the first one waits"] }
  },
  {
    name: "resuming-forgotten-too-soon",
    breaks: "15.8: who is held by a transaction that has not heard of the resuming never performs",
    plants: [{
      file: functionFile("resume_lanes"),
      find: `    array_agg(m.subject) filter (where m.until <= pg_snapshot_xmin(pg_current_snapshot()))`,
      replace: `    array_agg(m.subject)`
    }],
    tests: { [pausesLooks]: ["15.8: who is held by a transaction"] }
  },
  {
    name: "resuming-as-far-as-a-tick",
    breaks: "15.8: of what is resumed only the first lanes that are held are looked at",
    plants: [{
      file: functionFile("resume_lanes"),
      find: ` + case when cardinality(held) = p_limit then 1 else 0 end;`,
      replace: `;`
    }],
    tests: { [pausesLooks]: ["15.8: of what is resumed nobody starves"] }
  },
  {
    name: "resumed-newcomer-cancels-nobody",
    breaks: "15.8, 15.3: for who was held by a pause in a lane that cancels nobody is cancelled when it is resumed",
    plants: [{
      file: functionFile("fill_named_lanes"),
      find: `          or (v_due = 'infinity' and exists (`,
      replace: `          or (false and exists (`
    }],
    tests: { [pausedLanes]: ["15.8, 15.3: for who was held"] }
  },
  {
    name: "paused-lane-kept",
    breaks: "15.8, 4.1: who is cancelled while it waits in a paused lane keeps it while its callbacks run",
    plants: [{
      file: functionFile("fix_outcome"),
      find: `    seat = case when status = 1 /* Status.performing */ then seat end,`,
      replace: `    seat = case when seat = 0 /* Seat.performing */ then seat end,`
    }],
    tests: { [pauses]: ["15.8: a cancelled one leaves a paused lane at once"] }
  },
  {
    name: "pause-of-named-lanes",
    breaks: "15.8: who is next in a paused named lane performs",
    plants: [{
      file: functionFile("fill_named_lanes"),
      find: `      if pausing and waits_for_pause(first) then`,
      replace: `      if false then`
    }],
    tests: { [pausedLanes]: ["15.8: in a paused named lane"] }
  },
  {
    name: "pause-of-named-lanes-without-end",
    breaks: "15.8: who waits in a named lane that is resumed never performs",
    plants: [{
      file: functionFile("fill_named_lanes"),
      find: `set due_at = v_due, paused = nullif(held, false)`,
      replace: `set due_at = v_due, paused = null`
    }],
    tests: { [pausedLanes]: ["15.8: in a paused named lane"] }
  },
  {
    name: "rate-cancels",
    breaks: "15.3, 15.6: somebody is cancelled for one that waits for the rate, with a seat that is free",
    plants: [{
      file: functionFile("cancelled_for"),
      find: `  if many <= 0 then return array[]::uuid[]; end if;`,
      replace: ``
    }, {
      file: functionFile("cancelled_for"),
      find: `    limit many);`,
      replace: `    limit greatest(many, 1));`
    }],
    tests: { [namedLanes]: ["15.3, 15.6: nobody is cancelled for one that waits for the rate"] }
  },
  {
    name: "pause-cancels",
    breaks: "15.8, 15.3: somebody is cancelled for one that a pause holds",
    plants: [{
      file: functionFile("cancel_for_newcomer"),
      find: `newcomer is null or waits_for_pause(newcomer) then`,
      replace: `newcomer is null then`
    }],
    tests: { [pausedLanes]: ["15.8, 15.3: a paused lane rejects"] }
  },
  // -----------------------------------------------------------------------------------------------------------------
  // explaining
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "explains-what-is-in-use",
    breaks: "16.2: a lane that nobody is in is explained as if it had no policy",
    plants: [{
      file: functionFile("entered_lanes"),
      find: "applied_settings(x.lane, p_settings, n.settings)",
      replace: "applied_settings(x.lane, null, n.settings)"
    }],
    tests: { [explaining]: ["16.2: Limited by a rate, and Debounced"] }
  },
  {
    name: "explains-without-the-parent",
    breaks: "16.2: a child is explained as if nobody waited for it",
    plants: [{
      file: functionFile("edges_of_waiting"),
      find: "from live_actions l where l.id = p_asks;",
      replace: "from live_actions l where false;"
    }],
    tests: { [explaining]: ["16.2: Deadlocks"] }
  },
  {
    name: "explains-behind-who-leaves",
    breaks: "16.2: who supersedes is explained as waiting for those whom it supersedes",
    plants: [{
      file: functionFile("explain_named_lanes"),
      find: "p_settings, coalesce(older.ids, '{}'));",
      replace: "p_settings);"
    }],
    tests: { [explaining]: ["16.2: Limited by a rate, and Debounced"] }
  },
  {
    name: "explains-what-is-too-old",
    breaks: "16.2: what was achieved too long ago is explained as achieved",
    plants: [{
      file: explainer,
      find: "if (Option.isNone(counts)) return yield* follows(said.then)",
      replace: "if (Option.isNone(counts)) return { _tag: \"Achieved\" } as never"
    }],
    tests: { [explaining]: ["16.2: what is achieved does not count"] }
  },
  {
    name: "explains-names-for-ever",
    breaks: "16.2: a key whose time is over is explained as taken",
    plants: [{
      file: functionFile("explain_name"),
      find: "key_free_at(a.action, p_now, p_kept_ms) <= p_now) is not true",
      replace: "false) is not true"
    }],
    tests: { [explaining]: ["16.2: Duplicate"] }
  },
  {
    name: "explains-beside-pauses",
    breaks: "16.2: what a paused definition holds in its queue is explained as beginning",
    plants: [{
      file: functionFile("explain_invocation"),
      find: "answer := pause_of(null, p_queue, p_definition);",
      replace: "answer := null;"
    }],
    tests: { [explaining]: ["16.2: Paused"] }
  },
  {
    name: "explains-what-is-undone-as-performing",
    breaks: "16.2: that a lane waits for what is being undone is not said",
    plants: [{
      file: functionFile("explain_turn"),
      find: "if (current -> 0 ->> 'unwinding')::boolean then",
      replace: "if false then"
    }],
    tests: { [explaining]: ["16.2: Unwinding"] }
  },
  {
    name: "explains-effects-as-keys",
    breaks: "16.2: a key that takes an effect is explained as if it was known",
    plants: [{
      file: explainer,
      find: ".some(Effect.isEffect)",
      replace: ".some(() => false)"
    }],
    tests: { [explaining]: ["16.2: Undecided"] }
  },
  {
    name: "explains-whole-lines",
    breaks: "16.2: a long line is read to its end",
    plants: [{ file: functionFile("explain_line"), find: "limit 1000\n", replace: "limit 1000000\n" }],
    tests: { "test/sql/transitions/explain.test.ts": ["16.2: explaining looks at a few rows"] }
  },
  // -----------------------------------------------------------------------------------------------------------------
  // lanes with policies
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "named-limit",
    breaks: "15.2: never more than the limit perform",
    plants: [{
      file: functionFile("free_at"),
      find: ">= (n.settings ->> 'limit')::int",
      replace: "> (n.settings ->> 'limit')::int"
    }],
    tests: { [namedLanes]: ["15.1, 15.3: two of a key"] }
  },
  {
    name: "named-limit-together",
    breaks: "15.2: of those that join a line together never more than the limit perform",
    plants: [{
      file: functionFile("join_lines"),
      find: `limit least(t.count, l."limit" - l.performing)`,
      replace: `limit t.count`
    }],
    tests: { [namedLanes]: ["15.1, 15.3: two of a key"] }
  },
  {
    name: "named-line-last-of-many",
    breaks: "15.3: of those that join a line together the first ones begin",
    plants: [{
      file: functionFile("join_lines"),
      find: `row_number() over (partition by r.lane order by j.n)`,
      replace: `row_number() over (partition by r.lane order by j.n desc)`
    }],
    tests: { "test/races/namedLanes.test.ts": ["15.3: in a line of one they perform in the order"] }
  },
  {
    name: "named-priority-together",
    breaks: "14.1, 15.3: those that join a line together stand in it by their priority",
    plants: [{
      file: functionFile("join_lines"),
      find: `line_priority((x.job).priority),`,
      replace: `0::smallint,`
    }],
    tests: { "test/races/namedLanes.test.ts": ["14.1, 15.3: in a line the more urgent one is first"] }
  },
  {
    name: "named-full-together",
    breaks: "15.3: those that join a line with an end together are asked whether it takes them",
    plants: [{
      file: functionFile("join_lines"),
      find: `n.settings ?| array['rate', 'maxPending']`,
      replace: `n.settings ?| array['rate']`
    }],
    tests: { "test/races/namedLanes.test.ts": ["15.3: a line takes no more than may wait"] }
  },
  {
    name: "named-tells-nobody",
    breaks: "15.4: who joins a lane that tells those who wait has its waiters told",
    plants: [{
      file: functionFile("join_named_lane"),
      find: `coalesce(n.settings ->> 'waiters', '') = 'fail',`,
      replace: `false,`
    }],
    tests: { "test/races/namedLanes.test.ts": ["15.4: where waiters are told, exactly"] }
  },
  {
    name: "named-limit-of-an-earlier-deploy",
    breaks: "15.2: who waits in a lane whose limit was raised begins without anybody joining or ending",
    plants: [{
      file: functionFile("adopt_lanes"),
      find: "if p_seen <@ present then",
      replace: "if true then"
    }],
    tests: { "test/behaviour/LaneDeploys.test.ts": ["15.2: where a limit is higher"] }
  },
  {
    name: "named-adopted-unnoticed",
    breaks: "15.2: a lane whose limit was raised is looked at",
    plants: [{
      file: functionFile("adopt_lanes"),
      find: ", due_at = p_now\n",
      replace: "\n"
    }],
    tests: { "test/behaviour/LaneDeploys.test.ts": ["15.2: where a limit is higher"] }
  },
  {
    name: "named-overtaking",
    breaks: "15.5: a place holds up those behind it",
    plants: [{
      file: functionFile("free_at"),
      find: "where b.lane = s.lane and b.seat is null and",
      replace: "where false and b.lane = s.lane and b.seat is null and"
    }],
    tests: { [namedLanes]: ["15.5: who is first in one lane"] }
  },
  {
    name: "named-reject",
    breaks: "15.3: who finds a rejecting lane busy is turned away",
    plants: [{
      file: functionFile("refused_by"),
      find: "if l.busy and l.policy = 'reject' then",
      replace: "if l.busy and l.policy = 'never' then"
    }],
    tests: { [namedLanes]: ["15.3: a lane that rejects"] }
  },
  {
    name: "named-max-pending",
    breaks: "15.3: a line has an end",
    plants: [{
      file: functionFile("refused_by"),
      find: "if l.most <= (",
      replace: "if l.most < ("
    }],
    tests: { [namedLanes]: ["15.3: a line takes no more"] }
  },
  {
    name: "named-max-wait",
    breaks: "15.3: maxWait counts from the first",
    plants: [{
      file: functionFile("start_put_off"),
      find: "coalesce(p_since, p_now) + (p_settings ->> 'maxWait')",
      replace: "p_now + (p_settings ->> 'maxWait')"
    }],
    tests: { [namedLanes]: ["15.3: a start is put off"] }
  },
  {
    name: "named-rate",
    breaks: "15.6: a window has no more starts than the rate allows",
    plants: [{
      file: functionFile("rate_free_at"),
      find: "(p_settings ->> 'rate')::int + 1]",
      replace: "(p_settings ->> 'rate')::int]"
    }],
    tests: { [namedLanes]: ["15.6: no more start"] }
  },
  {
    name: "named-line-join",
    breaks: "15.3: in a line one joins only the newest",
    plants: [{
      file: functionFile("same_in_named_lanes"),
      find: "or not exists (select 1 from seats w where w.lane = n.lane and w.seat is null offset 0)",
      replace: "or true"
    }],
    tests: { [namedLanes]: ["15.3, 2.5 b: in a line"] }
  },
  {
    name: "named-waiters-told",
    breaks: "15.4: handles of who is superseded are told",
    plants: [{
      file: functionFile("outcomes_of"),
      find: "where e.id = x and e.cause is null",
      replace: "where e.id = x"
    }],
    tests: { [namedLanes]: ["15.4: where waiters are told"] }
  },
  {
    name: "named-waiters-told-at-once",
    breaks: "15.4: who is superseded as it arrives tells its waiters",
    plants: [{
      file: functionFile("join_named_lane"),
      find: "perform superseded_at_once(p_now, p_job, newer.id, newer.told_in);",
      replace: "perform superseded_at_once(p_now, p_job, newer.id); newer.told_in := null;"
    }],
    tests: { [namedLanes]: ["15.4, 14.2: who is superseded as it arrives"] }
  },
  {
    name: "named-cancel-running",
    breaks: "15.3: the one that has performed longest is cancelled",
    plants: [{
      file: functionFile("cancel_for_newcomer"),
      find: "exit when cardinality(victims) = 0;",
      replace: "exit;"
    }],
    tests: { [namedLanes]: ["15.3: a lane that cancels"] }
  },
  {
    name: "named-leave",
    breaks: "15.5: who ends leaves its lanes, and those behind it begin",
    plants: [{
      file: functionFile("after_ends"),
      find: "if array_position(p_freed, null) is not null then",
      replace: "if false then"
    }],
    tests: { [namedLanes]: ["15.5: a pending one that is cancelled"] }
  },
  {
    name: "named-leave-all",
    breaks: "15.5: who is superseded in one lane leaves all",
    plants: [{
      file: functionFile("supersede_in_named_lanes"),
      find: "delete from seats where action = any(old) returning lane",
      replace: "delete from seats where action = any(old) and lane = any(p_job.lanes) returning lane"
    }],
    tests: { [namedLanes]: ["15.5: who is superseded in one lane"] }
  },
  {
    name: "named-reject-rate",
    breaks: "15.6: a lane that rejects lets wait who is over its rate",
    plants: [{
      file: functionFile("refused_by"),
      find: "or rate_free_at(n.settings, n.starts) > p_now\n",
      replace: "\n"
    }],
    tests: { [randomLanes]: ["random lanes: who performs"] }
  },
  {
    name: "named-full-and-free",
    breaks: "15.3: who could begin at once is turned away by a line that nobody may wait in",
    plants: [{
      file: functionFile("refused_by"),
      find: "return case when waits then cause end;",
      replace: "return cause;"
    }],
    tests: { [randomLanes]: ["random lanes: who performs"] }
  },
  {
    name: "named-due",
    breaks: "15.6: who may begin at a time is looked at then",
    plants: [{
      file: functionFile("fill_named_lanes"),
      find: "set due_at = v_due, paused = nullif(held, false)",
      replace: "set due_at = null, paused = nullif(held, false)"
    }],
    tests: { [namedLanes]: ["15.3: a start is put off"] }
  },
  {
    name: "named-priority",
    breaks: "14.1, 15.3: in a line the more urgent one is first",
    plants: [{
      file: functionFile("join_named_lane"),
      find: "line_priority(p_job.priority), p.place,",
      replace: "0, p.place,"
    }],
    tests: { [namedLanes]: ["14.1, 15.3: in a line the more urgent"] }
  },
  {
    name: "named-tags",
    breaks: "14.1: tags go with an action that joins its named lanes",
    plants: [{
      file: functionFile("join_named_lane"),
      find: "p_job.timeout_ms, p_job.enqueued_at, p_job.tags, p_job.trace, p_job.delayed_until, p_job.id,",
      replace: "p_job.timeout_ms, p_job.enqueued_at, null, p_job.delayed_until, p_job.id,"
    }],
    tests: { [namedLanes]: ["14.1: a delayed one joins its line"] }
  },
  {
    name: "named-newer-by-enqueueing",
    breaks: "14.2: what was delayed and waits in a named lane is as old as its enqueueing",
    plants: [{
      file: functionFile("join_named_lane"),
      find: "p_job.tags, p_job.trace, p_job.delayed_until, p_job.id,",
      replace: "p_job.tags, p_job.trace, null, p_job.id,"
    }],
    tests: { [namedLanes]: ["14.2, 15.3: in a superseding lane a delayed one"] }
  },
  {
    name: "named-newer-by-arrival",
    breaks: "14.2: one that arrives in a named lane supersedes a newer one",
    plants: [{
      file: functionFile("newer_in_named_lanes"),
      find: "    and is_newer(",
      replace: "    and false and is_newer("
    }],
    tests: { [namedLanes]: ["14.2, 15.3: in a superseding lane a delayed one"] }
  },
  {
    name: "named-rate-clock",
    breaks: "15.6: stored starts go backwards with a clock",
    plants: [{
      file: functionFile("take_seats"),
      find: "greatest(p_now, n.starts[cardinality(n.starts)])",
      replace: "p_now"
    }],
    tests: { [namedLanes]: ["15.6: starts do not go backwards"] }
  },
  {
    name: "named-cancel-newest",
    breaks: "15.3: who has performed longest is cancelled",
    plants: [{
      file: functionFile("cancelled_for"),
      find: "    order by s.place\n",
      replace: "    order by s.place desc\n"
    }],
    tests: { [namedLanes]: ["15.3: of several who perform in a lane that cancels"] }
  },
  {
    name: "named-cancel-another",
    breaks: "15.3: while one is ending, nobody further is cancelled",
    plants: [{
      file: functionFile("cancelled_for"),
      find: "(select from live_actions l where l.id = p.action and l.outcome is null offset 0)",
      replace: "(select from live_actions l where l.id = p.action offset 0)"
    }],
    tests: { [namedLanes]: ["15.3: of several who perform in a lane that cancels"] }
  },
  {
    name: "named-freed",
    breaks: "15.5: a lane that a superseded action has left is not looked at",
    plants: [{
      file: functionFile("join_named_lanes"),
      find: "        if cardinality(joined.freed) > 0 then",
      replace: "        if false then"
    }],
    tests: { [namedLanes]: ["15.5: who is superseded in one lane"] }
  },
  {
    name: "named-two-settings",
    breaks: "15.1: one name has one setting",
    plants: [{
      file: "src/Lane.ts",
      find: "if (other !== undefined && other !== text) {",
      replace: "if (other !== undefined && other === \"\") {"
    }],
    tests: { "test/Lane.test.ts": ["15.1: has one setting in a program"] }
  },
  {
    name: "turns-of-newcomers",
    breaks: "15.7: nobody comes into the turn that is on, so that it ends",
    plants: [{
      file: functionFile("next_turns"),
      find: "select j.turn\n            from jobs j\n            where j.priority = 999",
      replace: "select j.turn - 1\n            from jobs j\n            where j.priority = 999"
    }],
    tests: { [fairBy]: ["15.7: who always comes again"] }
  },
  {
    name: "turns-forgotten",
    breaks: "15.7: a tenant's next one comes after its last one",
    plants: [{
      file: functionFile("next_turns"),
      find: "select array_agg(t.last + y.nth order by y.n)",
      replace: "select array_agg(case when t.last is not null then 1 end order by y.n)"
    }],
    tests: { [fairBy]: ["15.7: tenants take turns"] }
  },
  {
    name: "turns-not-looked-at",
    breaks: "15.7: a claim takes what is in turn in that order",
    plants: [{
      file: functionFile("take_jobs"),
      find: "if p_in_turns and exists (",
      replace: "if false and exists ("
    }],
    tests: { [fairBy]: ["15.7: tenants take turns"] }
  },
  {
    name: "turns-of-another-deploy",
    breaks: "15.7: what a deploy with tenants has queued waits for ever where one without them is rolled back to",
    plants: [{
      file: "src/engine/worker/Catalogs.ts",
      find: "adoptsTurns = true",
      replace: "adoptsTurns = false"
    }],
    tests: { "test/operations/Queues.test.ts": ["15.7: what another deploy has queued in turns"] }
  },
  {
    name: "moved-between-restricted",
    breaks: "what a deploy has moved to another queue is left in the old one by a worker that is restricted to that",
    plants: [{
      file: "src/engine/worker/Catalogs.ts",
      find: "takes(definition.queue) || adopted.definitions.has(key)",
      replace: "takes(definition.queue)"
    }],
    tests: { "test/operations/Queues.test.ts": ["is taken by who has the queue where it waits"] },
    hangs: true
  },
  {
    name: "neglected-by-two",
    breaks:
      "two workers of a process that take from a queue leave it to each other to say what nobody takes from there",
    plants: [{
      file: "src/engine/maintenance/neglected.ts",
      find: "if (!catalogs.takes(queue) && peers.take(queue)) continue",
      replace: "if (peers.take(queue)) continue"
    }],
    tests: { "test/operations/Queues.test.ts": ["are named where two workers"] },
    hangs: true
  },
  {
    name: "neglected-alone",
    breaks: "what has died twice stays in a queue that a deploy has renamed",
    plants: [{
      file: "src/sql/queue.ts",
      find: "where priority = ${Priority.alone} order by id limit 1000",
      replace: "where priority = ${Priority.alone} order by id limit 0"
    }],
    tests: { "test/operations/Queues.test.ts": ["gives up to them also what has died"] },
    hangs: true
  },
  {
    name: "turns-of-delayed",
    breaks: "15.7: a delayed one gets its turn when it is due",
    plants: [{
      file: functionFile("queue_delayed"),
      find: "if in_turns is not null then",
      replace: "if false then"
    }],
    tests: { [fairBy]: ["15.7: children, and what is prepared"] }
  },
  {
    name: "turns-of-paused",
    breaks: "15.7: what was paused takes its turns",
    plants: [{
      file: functionFile("resume_paused"),
      find: "if in_turns is not null then",
      replace: "if false then"
    }],
    tests: { [fairBy]: ["15.7, 15.8: what was paused"] }
  },
  {
    name: "turns-beside-others",
    breaks: "15.7: who has no tenant is not kept waiting by who came later",
    plants: [{
      file: functionFile("take_turns"),
      find: "max(t.id) over (partition by t.queue, t.own_priority order by t.turn, t.id)",
      replace: "0::bigint"
    }],
    tests: { [fairBy]: ["15.7: who has no tenant"] }
  },
  {
    name: "named-key-limit",
    breaks: "15.1: no lane's text is longer than an index row holds",
    plants: [{
      file: "src/engine/invoke/invocation.ts",
      find: "    if (size > keyLimit) {",
      replace: "    if (size > 2 * keyLimit) {"
    }],
    tests: { [namedLanes]: ["15.1: an effect may give the lanes"] }
  },
  // -----------------------------------------------------------------------------------------------------------------
  // options of steps
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "used-without-schema",
    breaks: "9.7: the result schema of a step that is a value is not the action's",
    plants: [{
      file: "src/Action.ts",
      find: `return this.#withStep(step.definition)`,
      replace: `return this.#withStep({ ...step.definition, result: undefined })`
    }],
    tests: { [stepOptions]: ["9.7: a step that is a value runs where it is taken"] }
  },
  {
    name: "prepended-without-schema",
    breaks: "9.7: the result schema of a prepended step is accepted, and does nothing",
    plants: [{
      file: "src/Actions.ts",
      find: `body as StepDefinition["body"], options as GivenOptions)`,
      replace: `body as StepDefinition["body"], { ...(options as GivenOptions), result: undefined as never })`
    }],
    tests: { [stepOptions]: ["9.7: what it does not hold fails a prepended step, too"] }
  },
  {
    name: "skipped-without-row",
    breaks: "9.5: an action's only step is skipped, and the history says that it has succeeded",
    plants: [{
      file: functionFile("finish"),
      find: `
        and 8 /* StepStatus.skipped */ <> all(conclusion_step_status)))`,
      replace: `))`
    }],
    tests: { [passedSteps]: ["9.5: the only step is skipped with a row"] }
  },
  {
    name: "child-not-passed",
    breaks: "9.6: a step may fail, but not by a child",
    plants: [{
      file: concluding,
      find: `if (performance.phase === "job" || `,
      replace: `if (performance.phase !== "step" || `
    }],
    tests: { [passedSteps]: ["9.5, 9.6: they are recorded"] }
  },
  {
    name: "child-passed-without-failure",
    breaks: "9.6: with what a step has failed that waited, nobody can read",
    plants: [{
      file: functionFile("apply_conclusions"),
      find: `result = coalesce(c.step_result, s.result)`,
      replace: `result = s.result`
    }],
    tests: { [passedSteps]: ["9.5, 9.6: they are recorded"] }
  },
  {
    name: "passed-without-results",
    breaks: "9.6: after a step that has waited and failed the results before it are lost",
    plants: [{
      file: concluding,
      find: `apart: (given === undefined && detail !== undefined) || `,
      replace: `apart: detail !== detail || `
    }],
    tests: { [passedSteps]: ["9.5, 9.6: they are recorded"] }
  },
  {
    name: "failure-as-result",
    breaks: "9.6: later steps receive the failure for the result",
    plants: [{
      file: results,
      find: `kind === "own" && !isFailure(result))`,
      replace: `kind === "own" && !isFailure(index))`
    }],
    tests: { [passedSteps]: ["9.5, 9.6: they are recorded"] }
  },
  {
    name: "passed-with-its-sql",
    breaks: "9.6: a transactional step fails and is passed, and its SQL is committed",
    plants: [{
      file: "src/engine/perform/transactional.ts",
      find: `("ended" in conclusion && conclusion.ended?.status === "failed")) &&`,
      replace: `(conclusion._tag === "ActionEnds" && conclusion.outcome.status === "failed")) &&`
    }],
    tests: { [passedSteps]: ["9.5, 9.6: of a transactional step nothing is left"] }
  },
  {
    name: "exhausted-not-passed",
    breaks: "9.6: a step that ends without an answer too often fails its action after a deploy has renamed it",
    plants: [{
      file: "src/engine/perform/perform.ts",
      find: `const performance = atStepToRun(head._tag === "Some" ? head.value : taken)`,
      replace: `const performance = head._tag === "Some" ? head.value : taken`
    }],
    tests: { [passedSteps]: ["9.6: so is one that has ended without an answer"] }
  },
  {
    name: "unstored-not-passed",
    breaks: "9.6: what the database refuses to store of a step that may fail ends its action",
    plants: [{
      file: committer,
      find: `[refused?.(message) ?? { conclusion: fails(), next: undefined, of }]`,
      replace:
        `[refused === undefined || message !== "" ? { conclusion: fails(), next: undefined, of } : refused(message)]`
    }],
    tests: { "test/races/notStored.test.ts": ["9.6: what has come of a step that may fail"] }
  },
  // -----------------------------------------------------------------------------------------------------------------
  // steps that time out, and steps that try again
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "held-for-ever",
    breaks: "18.2: what somebody decides of a step that is held is stored, and nobody goes on with it",
    plants: [{
      file: functionFile("continue_claimed"),
      find: `      and (phase <> 6 /* Phase.held */ or verdict is not null)`,
      replace: `      and phase <> 6 /* Phase.held */`
    }],
    tests: { [stepHeld]: ["18.2: it is skipped, completed with a value, or fails for good"] },
    hangs: true
  },
  {
    name: "held-without-its-failure",
    breaks: "9.12: why a step is held nobody can read",
    plants: [{
      file: "src/sql/schema/views.sql",
      find: `    case when phase = 6 /* Phase.held */ then failure end,`,
      replace: `    null,`
    }],
    tests: { [stepHeld]: ["9.12: after its last attempt it is held"] }
  },
  {
    name: "skipped-gives-its-value",
    breaks: "18.2: a step that waits and is skipped gives what its body has given all the same",
    plants: [{
      file: "src/engine/perform/decide.ts",
      find: `performance.phase === "waiting" ? nothing : null`,
      replace: `performance.phase === "step" ? nothing : null`
    }],
    tests: { [stepHeld]: ["18.2: of a step that waits, or is to begin again"] }
  },
  {
    name: "completed-unchecked",
    breaks: "18.2: a step is completed with what its schema does not hold",
    plants: [{
      file: "src/engine/perform/concludeDecision.ts",
      find: `const value = schema === undefined ? encoded : yield* codecOf(schema).decode(encoded)`,
      replace: `const value = schema === undefined || isLast ? encoded : yield* codecOf(schema).decode(encoded)`
    }],
    tests: { [stepHeld]: ["18.2: what does not fit, or cannot be skipped"] }
  },
  {
    name: "unchecked-and-not-kept",
    breaks: "18.2: what a step is completed with without a schema is stored only where a later step receives it",
    plants: [{
      file: concluding,
      find: `isUndone(ended.undo) ||
    isUnchecked(stored)`,
      replace: `isUndone(ended.undo) ||
    (ended.status === "failed" && isUnchecked(stored))`
    }],
    tests: { [stepHeld]: ["18.2: a value that no schema reads"] }
  },
  {
    name: "reprioritised-and-where-it-was",
    breaks: "18.2: an invocation of another priority stands where it stood",
    plants: [{
      file: functionFile("reprioritise"),
      find: `when j.priority between -100 and 100 or`,
      replace: `when`
    }],
    tests: { [operatorVerbs]: ["18.2: what waits in a queue stands"] }
  },
  {
    name: "reprioritised-out-of-turn",
    breaks: "18.2: of another priority, it has the turn that it had among others",
    plants: [{
      file: functionFile("reprioritise"),
      find: `      when j.priority between -100 and 100 or j.priority = 999 /* Priority.turns */ then p_priority`,
      replace: `      when j.priority between -100 and 100 then p_priority`
    }],
    tests: { [operatorVerbs]: ["18.2: of tenants who take turns"] }
  },
  {
    name: "rescheduled-and-not-newer",
    breaks: "18.2: what is to start later than those after it is the older one in its lane all the same",
    plants: [{
      file: functionFile("reschedule"),
      find: `then delayed_until else p_due end`,
      replace: `then delayed_until else delayed_until end`
    }],
    tests: { [operatorVerbs]: ["18.2: what is due later by its new time"] }
  },
  {
    name: "rescheduled-without-a-word",
    breaks: "18.2: readers see the time at which a step was to be tried again before",
    plants: [{
      file: functionFile("reschedule"),
      find: `- extract(epoch from c.due_at) * 1000) < 1;`,
      replace: `- extract(epoch from c.due_at) * 1000) < 0;`
    }],
    tests: { [operatorVerbs]: ["18.2: a step is tried again at its new time"] }
  },
  {
    name: "large-tree-from-above",
    breaks: "18.2: of a tree that is too large for one call the root goes first, and the rest is not found any more",
    plants: [{
      file: functionFile("delete_tree"),
      find: `      ids := array[]::uuid[];
`,
      replace: ``
    }],
    tests: { [operatorVerbs]: ["18.2: of a large tree"] }
  },
  {
    name: "read-and-deleted",
    breaks: "18.2: what a key names is deleted with its tree",
    plants: [{
      file: functionFile("delete_tree"),
      find: `filter (where r.because is null and r.held_by is null) as free`,
      replace: `filter (where r.because is distinct from 'parent' and r.held_by is null) as free`
    }],
    tests: { [operatorVerbs]: ["18.2: what somebody reads of a tree"] }
  },
  {
    name: "operation-of-its-own-accord",
    breaks: "18.3: what changes nothing is recorded each time that it is repeated",
    plants: [{
      file: functionFile("record_operation"),
      find: `p_outcome <> 'done'`,
      replace: `p_outcome = 'none'`
    }],
    tests: { [operations]: ["18.3: Stepped.cancel is recorded"] }
  },
  {
    name: "refused-again-and-again",
    breaks: "18.3: two who are refused at one moment, and are one, are recorded twice",
    plants: [{
      file: functionFile("record_operation"),
      find: `(p_operation ->> 'attemptNumber')::int,
    p_operation ->> 'reason'`,
      replace: `coalesce((p_operation ->> 'attemptNumber')::int, (random() * 1e9)::int),
    p_operation ->> 'reason'`
    }],
    tests: { "test/races/operations.test.ts": ["18.3: the same, refused twice at one moment"] }
  },
  {
    name: "tried-again-and-recorded-again",
    breaks: "18.3: who asks once more for a step to be tried again, as it is to be already, is recorded once more",
    plants: [{
      file: functionFile("decide_step"),
      find: `  if l.phase = 0 /* Phase.step */ and p_verdict ->> '_tag' = 'again' then`,
      replace: `  if false then`
    }],
    tests: { [operations]: ["18.3: a step that is tried again"] }
  },
  {
    name: "cancelling-is-always-recorded",
    breaks: "18.3: a program that cancels writes a record each time",
    plants: [{
      file: completing,
      find: `if (options?.by === undefined) return outcome`,
      replace: ``
    }, {
      file: completing,
      find: `String(options.by)`,
      replace: `String(options?.by)`
    }],
    tests: { [operations]: ["18.3: what actions, programs and workers do"] }
  },
  {
    name: "operations-for-ever",
    breaks: "18.3: nobody deletes what operators have done",
    plants: [{
      file: "src/engine/maintenance/retention.ts",
      find: `repo.deleteOperations({ before, limit })`,
      replace: `Effect.succeed(before.getTime() - limit)`
    }],
    tests: { [operations]: ["18.3: workers delete what is older"] },
    hangs: true
  },
  {
    name: "retry-that-supersedes",
    breaks: "18.1: what goes on for an ended action supersedes who waits in its lane",
    plants: [{
      file: functionFile("join_lane"),
      find: `if p_job.retry_of is not null and p_job.parent is null
    and exists`,
      replace: `if false
    and exists`
    }],
    tests: { [retrying]: ["18.1: where somebody has come to wait"] }
  },
  {
    name: "retry-that-cancels",
    breaks: "18.1: what goes on for an ended action cancels who performs in its lane",
    plants: [{
      file: functionFile("join_named_lane"),
      find: `if cause is null and p_job.retry_of is not null and`,
      replace: `if false and`
    }],
    tests: { [retrying]: ["18.1: nor does it cancel anybody"] }
  },
  {
    name: "retried-as-it-is-deleted",
    breaks: "18.1: what deleteEnded has looked at goes while somebody retries it",
    plants: [{
      file: functionFile("retry_action"),
      find: `    where a.id = retried
    for no key update;`,
      replace: `    where a.id = retried;`
    }],
    tests: { [retryingRaces]: ["18.1: against deleteEnded", "18.1: what deleteEnded has looked at"] }
  },
  {
    name: "retried-as-it-ends",
    breaks: "18.1: an action that ends while somebody retries it is none",
    plants: [{
      file: functionFile("retry_action"),
      find: `continue when reason = 'ended';`,
      replace: `if reason = 'ended' then reason := null; end if;`
    }],
    tests: { [retryingRaces]: ["18.1: of one that ends just now"] }
  },
  {
    name: "retried-alone-and-again",
    breaks: "18.1: a child that was retried by itself is done again with its parent",
    plants: [{
      file: functionFile("slots_retried"),
      find: `where x.id <> w.id or o.carried is false`,
      replace: `where false`
    }],
    tests: { [retriedAlone]: ["18.1: what has succeeded since"] }
  },
  {
    name: "taken-though-undone",
    breaks: "18.1: what was undone since it went on for a child counts for its parent",
    plants: [{
      file: functionFile("slots_retried"),
      find: `n.callbacks_failed = 0 and not n.is_undone then 'taken'`,
      replace: `n.callbacks_failed = 0 then 'taken'`
    }],
    tests: { [retriedAlone]: ["18.1: what was undone with a parent"] }
  },
  {
    name: "retried-with-what-is-above",
    breaks: "18.1: of a child and its parent that are retried at once the child is done again twice",
    plants: [{
      file: functionFile("retry_action"),
      find: `'stepped retry ' || quote_ident(current_schema()) || retry_origin(e.id)::text`,
      replace: `'stepped retry ' || quote_ident(current_schema()) || gen_random_uuid()::text`
    }],
    tests: { [retryingRaces]: ["18.1: who retries a child while somebody retries what is above it"] }
  },
  {
    name: "retried-beside-what-is-to-begin",
    breaks: "18.1: a child is retried although what is above it is about to be",
    plants: [{
      file: functionFile("retry_action"),
      find: `action := coalesce(gone_on_for(e.id), action);`,
      replace: `action := gone_on_for(e.id);`
    }],
    tests: { [retriedAlone]: ["18.1: while a parent's retry is to begin"] }
  },
  {
    name: "joined-and-not-told",
    breaks: "18.1: what a parent's retry waits for ends meanwhile, and nobody tells it",
    plants: [{
      file: functionFile("hold_joined"),
      find: `array(select l.id from live_actions l where l.id = any(joined) for key share skip locked)`,
      replace: `array(select l.id from live_actions l where l.id = any(joined))`
    }],
    tests: { [retryingRaces]: ["18.1: what a parent's retry is about to wait for"] }
  },
  {
    name: "joined-and-lost",
    breaks: "18.1: what ends while a parent's retry begins is waited for no more, and its success is not taken",
    plants: [{
      file: functionFile("take_over"),
      find: `      perform hold_joined(l.retry_of, g.step);
`,
      replace: ``
    }],
    tests: { [retryingRaces]: ["18.1: what ends while a parent's retry begins"] }
  },
  {
    name: "taken-and-not-undone",
    breaks: "18.1: what has failed since a parent was retried, and is not undone, is done once more",
    plants: [{
      file: functionFile("wait_again"),
      find: `where not_undone_from(e.id, g.step) is not null`,
      replace: `where false`
    }],
    tests: { [retriedAlone]: ["18.1: what fails before the parent's retry has begun"] }
  },
  {
    name: "failed-for-good-since",
    breaks:
      "18.1: a child that has failed again by itself is not retried with its parent, as something before is not undone",
    plants: [{
      file: functionFile("wait_again"),
      find: `where not_undone_from(e.id, g.step) is not null`,
      replace: `where not_undone_from(e.id, 0) is not null`
    }],
    tests: { [retriedAlone]: ["18.1: so it is where something is not undone"] }
  },
  {
    name: "taken-and-deleted",
    breaks: "18.1: what a parent's retry is to take is deleted before",
    plants: [{
      file: functionFile("is_retried"),
      find: `        select e.retry_of from ended_actions e where e.id = above[at]
        union
`,
      replace: ``
    }],
    tests: { [retriedAlone]: ["18.1: what is taken is neither deleted nor forgotten"] }
  },
  {
    name: "never-begun-and-done-again",
    breaks: "18.1: what has gone on for a child is done again where another one was to, and never began",
    plants: [{
      file: functionFile("slots_retried"),
      find: `select case when e.started_at is null and e.retry_of is not null then e.retry_of else o.child end as id`,
      replace: `select o.child as id`
    }],
    tests: { [retriedAlone]: ["18.1: a child that was to go on for another one"] }
  },
  {
    name: "never-begun-and-retried-beside",
    breaks: "18.1: a child is retried although a retry that is to begin goes on for it, by one that never began",
    plants: [{
      file: functionFile("retried_above"),
      find: `where e.retry_of = ids[at] and e.started_at is null`,
      replace: `where e.retry_of = ids[at] and false`
    }],
    tests: { [retriedAlone]: ["18.1: while a parent's retry is to begin that goes on for such a one"] }
  },
  {
    name: "never-begun-and-deleted",
    breaks: "18.1: what a retry is to go on for, by one that never began, is deleted before",
    plants: [{
      file: functionFile("is_retried"),
      find: `where e.retry_of = above[at] and e.started_at is null`,
      replace: `where false`
    }],
    tests: { [retriedAlone]: ["18.1: while a parent's retry is to begin that goes on for such a one"] }
  },
  {
    name: "never-begun-and-forgotten",
    breaks: "18.1: what a retry is to go on for, by one that never began, is forgotten before",
    plants: [{
      file: functionFile("in_use"),
      find: `where retries and e.retry_of = above[at] and e.started_at is null`,
      replace: `where false`
    }],
    tests: { [retriedAlone]: ["18.1: while a parent's retry is to begin that goes on for such a one"] }
  },
  {
    name: "joined-and-retried",
    breaks: "18.1: what was joined is retried with an action that has it from the one that it goes on for",
    plants: [{
      file: functionFile("take_over"),
      find: `coalesce(o.carried, case when o.moved is not true then true end)`,
      replace: `coalesce(o.carried, o.moved is not true)`
    }],
    tests: { [retriedAlone]: ["18.1, 9.9: what was joined, and whose failure was a value"] }
  },
  {
    name: "taken-and-forgotten",
    breaks: "18.1: what a parent's retry is to take is forgotten before",
    plants: [{
      file: functionFile("in_use"),
      find: `where retries and e.id = above[at]`,
      replace: `where false`
    }],
    tests: { [retriedAlone]: ["18.1: what is taken is neither deleted nor forgotten"] }
  },
  {
    name: "asked-beside-what-is-retried",
    breaks: "18.1: a body asks again for what somebody has retried by itself, and is still open",
    plants: [{
      file: functionFile("not_retryable"),
      find: `r.becomes = 'joined' and (not g.waits or r.is_asked or exists`,
      replace: `r.becomes = 'joined' and (false or exists`
    }],
    tests: { [retriedAlone]: ["18.1: a body that asks again"] }
  },
  {
    name: "asked-beside-what-is-still-open",
    breaks: "18.1: a retry that begins runs its body beside what somebody has retried by itself, which is done twice",
    plants: [{
      file: functionFile("goes_on_at"),
      find: `r.becomes in ('joined', 'ending')`,
      replace: `r.becomes = 'ending'`
    }],
    tests: { [retriedAlone]: ["18.1: what only the body could ask for again beside"] }
  },
  {
    name: "undone-and-still-told",
    breaks: "18.2: what a child has undone at last is not undone for those above it",
    plants: [{
      file: functionFile("left_of"),
      find: `having not bool_and(s.is_left)`,
      replace: `having false`
    }],
    tests: { [compensatingAgain]: ["18.2: what is undone then is left for nobody above it"] }
  },
  {
    name: "signal-without-a-record",
    breaks: "18.3: a signal that somebody has sent is recorded nowhere",
    plants: [{
      file: functionFile("send_recorded"),
      find: `if v_outcome is not null then`,
      replace: `if false then`
    }],
    tests: { "test/behaviour/Operations.test.ts": ["18.3: Stepped.send is recorded"] }
  },
  {
    name: "completion-without-a-record",
    breaks: "18.3: who has completed an action is recorded nowhere",
    plants: [{
      file: functionFile("complete_recorded"),
      find: `if v_outcome is not null then`,
      replace: `if false then`
    }],
    tests: { "test/behaviour/Operations.test.ts": ["18.3: Stepped.complete is recorded"] }
  },
  {
    name: "skipped-and-held-again",
    breaks: "18.2: skip says that it is done, and the step is held again",
    plants: [{
      file: functionFile("decide_step"),
      find: `if p_verdict ->> '_tag' = 'skip' and`,
      replace: `if p_verdict ->> '_tag' = 'skips' and`
    }],
    tests: {
      [stepHeld]: ["18.2: what cannot be skipped"],
      [forMany]: ["18.4: whose step cannot be skipped"],
      [answers]: ["an only step that gives the success"]
    }
  },
  {
    name: "skipped-by-who-is-gone",
    breaks: "18.2: whether a step can be skipped is said by a version that no worker has any more",
    plants: [{
      file: functionFile("hashes_in_use"),
      find: `if cardinality(v_hashes) > 0 then`,
      replace: `if false then`
    }],
    tests: { [stepHeld]: ["18.2: what cannot be skipped"] }
  },
  {
    name: "skipped-by-its-name",
    breaks: "18.2: a step is taken for the last one of another kind that has its name",
    plants: [{
      file: functionFile("cannot_be_skipped"),
      find: `      and d.json -> 'steps' -> -1 ->> 'kind' = (`,
      replace: `      and d.json -> 'steps' -> -1 ->> 'kind' <> 'none' || (`
    }],
    tests: { [stepHeld]: ["18.2: what cannot be skipped"] }
  },
  {
    name: "told-by-nobody",
    breaks: "18.3: who has sent a signal or completed an action over HTTP is not recorded",
    plants: [{
      file: "src/http/telling.ts",
      find: `Effect.map(telling(subject), (value) => ({ value })),`,
      replace: `Effect.map(telling(subject.slice(0, 0)), (value) => ({ value })),`
    }],
    tests: { "test/http/Telling.test.ts": ["21.1: an action is run"] }
  },
  {
    name: "logged-among-the-answers",
    breaks: "what the engine logs while a command runs stands among the objects that it prints",
    plants: [{
      file: "src/cli/connection.ts",
      find: `Effect.provideService(Logger.LogToStderr, true)`,
      replace: `Effect.provideService(Logger.LogToStderr, false)`
    }],
    tests: { "test/cli/Flags.test.ts": ["complete says how an action has ended"] }
  },
  {
    name: "asked-without-a-plan",
    breaks: "prune asks whether to delete, and does not say what",
    plants: [{
      file: "src/cli/pruning.ts",
      find: `for (const line of plan) yield* output.remark(line)`,
      replace: `for (const line of plan.slice(0, 0)) yield* output.remark(line)`
    }],
    tests: { "test/cli/Pruning.test.ts": ["shows what would go and stay before it asks"] }
  },
  {
    name: "asked-when-all-is-counted",
    breaks: "prune counts all of the history before it asks, however long that takes",
    plants: [{
      file: "src/cli/pruning.ts",
      find: `yield* planned(scope, plannedMax)`,
      replace: `yield* planned(scope, Infinity)`
    }],
    tests: { "test/cli/Pruning.test.ts": ["shows what would go and stay before it asks"] }
  },
  {
    name: "planned-and-not-deleted",
    breaks: "4.8: what has become old since the plan is deleted with it",
    plants: [{
      file: "src/store/deleting.ts",
      find: `asOf === undefined ? now :`,
      replace: `asOf !== null ? now :`
    }],
    tests: { "test/behaviour/Retention.test.ts": ["4.8: what was planned as of a time"] }
  },
  {
    name: "counted-to-the-end",
    breaks: "18.5: a dry run goes through all of the history, however long that takes",
    plants: [{
      file: "src/store/forgetting.ts",
      find: `yield* pages(store, actor, operation, { isPlan: true, most })`,
      replace: `yield* pages(store, actor, operation, { isPlan: true })`
    }],
    tests: { [forgetting]: ["18.5: a dry run looks at so many"] }
  },
  {
    name: "counted-to-the-end-of-the-queue",
    breaks: "18.5: a dry run goes through all that is queued, however long that takes",
    plants: [{
      file: "src/store/forgetting.ts",
      find: `yield* allHolders(store, actor, most)`,
      replace: `yield* allHolders(store, actor)`
    }],
    tests: { [forgetting]: ["18.5: a dry run looks at so many"] }
  },
  {
    name: "id-that-no-actor-has",
    breaks: "an action is enqueued for an id that its actor cannot have",
    plants: [{
      file: "src/cli/checked.ts",
      find: `return found.id ?? (yield* usage(`,
      replace: `return text ?? (yield* usage(`
    }],
    tests: { [answers]: ["one that no such actor has"] }
  },
  {
    name: "not-found-and-not-said",
    breaks: "of an id that no actor has it is said that nothing is found, and not why",
    plants: [{
      file: "src/cli/checked.ts",
      find: `return found.id === text`,
      replace: `return text !== ""`
    }],
    tests: { [answers]: ["where nothing is found of one"] }
  },
  {
    name: "held-and-not-found",
    breaks: "14.3: what is held is listed with all the others",
    plants: [{
      file: "src/sql/conditions.ts",
      find: `if (filter.held === true) {`,
      replace: `if (filter.held === false) {`
    }],
    tests: { "test/behaviour/Listing.test.ts": ["14.3: what is held"] }
  },
  {
    name: "undone-and-found",
    breaks: "14.3: what a child could not undo is listed as its parent's",
    plants: [{
      file: "src/sql/conditions.ts",
      find: `$.notUndone[*] ? (!exists (@.child))`,
      replace: `$.notUndone[*]`
    }],
    tests: { "test/behaviour/Listing.test.ts": ["14.3: what is held"] }
  },
  {
    name: "silent-and-done",
    breaks: "18.6: of a worker that is dead it is said that it stops",
    plants: [{
      file: "src/cli/pausing.ts",
      find: `return readAt.getTime() < missed ?`,
      replace: `return readAt.getTime() < missed + 1e9 ?`
    }],
    tests: { [answers]: ["is asked to stop, and it is said since when"] }
  },
  {
    name: "dead-by-another-clock",
    breaks: "workers are dead to who has a clock that is ahead of the database's",
    plants: [{
      file: "src/cli/overview.ts",
      find: `leaseUntil.getTime() < readAt.getTime()`,
      replace: `leaseUntil.getTime() < readAt.getTime() + 3e8`
    }],
    tests: { [answers]: ["has no worker dead or silent"] }
  },
  {
    name: "drained-and-asked",
    breaks: "18.4: a worker that drains is waited for, which takes nothing",
    plants: [{
      file: "src/cli/onMany.ts",
      find: `drainingSince === undefined &&`,
      replace: `drainingSince !== null &&`
    }],
    tests: { "test/cli/Many.test.ts": ["18.4: where no worker does it"] },
    hangs: true
  },
  {
    name: "drained-and-served",
    breaks: "19.1: a worker that drains counts as one that takes what is due",
    plants: [{
      file: functionFile("why_served"),
      find: "w.drained_at is not null as drains",
      replace: "false as drains"
    }],
    tests: { [whys]: ["19.1: what is due"] }
  },
  {
    name: "the-last-of-two",
    breaks: "of a key that --where says two times the last counts, in silence",
    plants: [{
      file: "src/cli/where.ts",
      find: `said.set(key, value)`,
      replace: `said.delete(key)`
    }],
    tests: { "test/cli/Many.test.ts": ["18.4: are named by what holds"] }
  },
  {
    name: "input-without-a-flag",
    breaks: "what a verb takes cannot be given at the command line",
    plants: [{
      file: "src/cli/verbs.ts",
      find: `from: Flag.String("from")`,
      replace: `from: Flag.String("begin-with")`
    }],
    tests: { "test/cli/Table.test.ts": ["has a command for each"] }
  },
  {
    name: "verb-without-a-command",
    breaks: "a verb of a command that has others below it is not among them",
    plants: [{
      file: "src/cli/schedules.ts",
      find: `Command.make("backfill"`,
      replace: `Command.make("catch-up"`
    }],
    tests: { "test/cli/Table.test.ts": ["has a command for each"] }
  },
  {
    name: "all-is-forgotten",
    breaks: "of achievements more are forgotten than those by an action",
    plants: [{
      file: "src/cli/maintenance.ts",
      find: `? { before: before.value } : {}`,
      replace: `? {} : {}`
    }],
    tests: { "test/cli/Flags.test.ts": ["forget-achievement forgets one"] }
  },
  {
    name: "given-and-rounded",
    breaks: "a whole number beyond 2^53 that is given is stored as another one",
    plants: [{
      file: "src/cli/given.ts",
      find: `const rounded = firstRounded(text)`,
      replace: `const rounded = firstRounded(text.slice(0, 0) || "0")`
    }],
    tests: { [answers]: ["are refused, as they would be stored as others"] }
  },
  {
    name: "heard-and-printed",
    breaks: "what was said with heartbeats is printed without being asked for",
    plants: [{
      file: "src/cli/reading.ts",
      find: `output.hasPayloads ? found : openWhy(quietly(found))`,
      replace: `output.hasPayloads ? quietly(found) : openWhy(found)`
    }],
    tests: { [answers]: ["is printed where payloads are asked for"] }
  },
  {
    name: "printed-in-messages",
    breaks: "an error's fields are printed in lists without being asked for",
    plants: [{
      file: "src/cli/reading.ts",
      find: "output.hasPayloads ? items : items.map(openRecord)",
      replace: "output.hasPayloads ? items.map(openRecord) : items"
    }],
    tests: { [answers]: ["are printed where payloads are asked for, and nowhere else: in messages"] }
  },
  {
    name: "drawn-in-messages",
    breaks: "a tree is printed with the fields of its errors without being asked for",
    plants: [{
      file: "src/cli/reading.ts",
      find: "const seen = output.hasPayloads ? found.value : openTree(found.value)",
      replace: "const seen = output.hasPayloads ? openTree(found.value) : found.value"
    }],
    tests: { [answers]: ["are printed where payloads are asked for, and nowhere else: in messages"] }
  },
  {
    name: "why-in-messages",
    breaks: "why an action is held is printed with the error's fields without being asked for",
    plants: [{
      file: "src/cli/reading.ts",
      find: "output.hasPayloads ? found : openWhy(quietly(found))",
      replace: "output.hasPayloads ? openWhy(found) : quietly(found)"
    }],
    tests: { [answers]: ["are printed where payloads are asked for, and nowhere else: in messages"] }
  },
  {
    name: "groups-in-messages",
    breaks: "groups of failures are printed with an error's fields without being asked for",
    plants: [{
      file: "src/cli/overview.ts",
      find: "output.hasPayloads ? groups : groups.map(openGroup)",
      replace: "output.hasPayloads ? groups.map(openGroup) : groups"
    }],
    tests: { [answers]: ["are printed where payloads are asked for, and nowhere else: in messages"] }
  },
  {
    name: "definitions-without-schemas",
    breaks: "definitions are printed without their schemas, as if these were payloads",
    plants: [{
      file: "src/cli/Output.ts",
      find: "object(row, payloads || isDescription)",
      replace: "object(row, payloads)"
    }],
    tests: { [answers]: ["are printed with their schemas"] }
  },
  {
    name: "away-is-wrong",
    breaks: "nothing is enqueued as the database is away, and that ends as if something wrong had been given",
    plants: [{
      file: "src/cli/failures.ts",
      find: "error._tag === \"EnqueueError\" &&",
      replace: "error._tag === \"\" &&"
    }],
    tests: { [answers]: ["is the database's where that is why"] }
  },
  {
    name: "lanes-cut",
    breaks: "a list of lanes is cut without a word",
    plants: [{
      file: "src/cli/overview.ts",
      find: "if (last !== undefined && found.length === limit) {",
      replace: "if (last !== undefined && found.length > limit) {"
    }],
    tests: { [answers]: ["of lanes and of errors say that there is more"] }
  },
  {
    name: "refused-as-away",
    breaks: "21.6: what is refused over HTTP ends as if the database were away",
    plants: [{
      file: "src/cli/remoteEngine.ts",
      find: "new UnknownAction({ actionId: id }) : toldOfOptions(operation)(error)",
      replace: "new UnknownAction({ actionId: id }) : toldOfStorage(operation)(error)"
    }],
    tests: { "test/cli/Remote.test.ts": ["21.6: what is refused"] }
  },
  {
    name: "serves-an-api",
    breaks: "21.6: an API is served by half",
    plants: [{
      file: "src/cli/serve.ts",
      find: "if (Option.isSome(yield* Effect.serviceOption(RemoteVerbs))) {",
      replace: "if (Option.isSome(yield* Effect.serviceOption(RemoteVerbs)) && port < 0) {"
    }],
    tests: { "test/cli/Serve.test.ts": ["21.6: serves a database, and no other API"] },
    hangs: true
  },
  {
    name: "drawn-with-what-was-heard",
    breaks: "a tree is printed with what was said with heartbeats",
    plants: [{
      file: "src/cli/reading.ts",
      find: `{ details: output.hasPayloads }`,
      replace: `{}`
    }],
    tests: { [answers]: ["is printed where payloads are asked for"] }
  },
  {
    name: "a-page-within-a-moment",
    breaks: "17.6: a page of failures ends within a millisecond, and the next one leaves out the rest of that",
    plants: [{
      file: functionFile("failures_from"),
      find: "date_trunc('milliseconds', greatest(",
      replace: "date_trunc('microseconds', greatest("
    }],
    tests: { "test/cli/Errors.test.ts": ["17.6: of more than one look takes"] }
  },
  {
    name: "looked-to-the-end",
    breaks: "17.6: failures of a rare type are looked for among all that there ever were",
    plants: [{
      file: functionFile("failures_from"),
      find: "p_limit else p_limit * 5 end",
      replace: "p_limit else p_limit * 500 end"
    }],
    tests: { "test/cli/Errors.test.ts": ["17.6: of a type that is rare"] }
  },
  {
    name: "ago-since-its-start",
    breaks: "who watches sees how long ago something was when the command began",
    plants: [{
      file: "src/cli/Output.ts",
      find: `now?.getTime() ?? clock.currentTimeMillisUnsafe()`,
      replace: `now?.getTime() ?? began`
    }, {
      file: "src/cli/Output.ts",
      find: `): Output["Service"] => {`,
      replace: `): Output["Service"] => {\n  const began = clock.currentTimeMillisUnsafe()`
    }],
    tests: { "test/cli/Output.test.ts": ["is as far away as the clock says by then"] }
  },
  {
    name: "explained-without-its-program",
    breaks: "16.2: explain says of what was achieved long ago that it counts",
    plants: [{
      file: "src/engine/client/explain.ts",
      find: `const counts = definition === undefined`,
      replace: `const counts = definition !== null`
    }],
    tests: { "test/cli/Explaining.test.ts": ["16.2: what was achieved counts"] }
  },
  {
    name: "wider-than-the-terminal",
    breaks: "a table is wider than the terminal",
    plants: [{
      file: "src/cli/Output.ts",
      find: `if (rest.length <= most) return [...lines, rest]`,
      replace: `if (rest.length <= most || most > 0) return [...lines, rest]`
    }],
    tests: { "test/cli/Output.test.ts": ["is nowhere wider than the terminal"] }
  },
  {
    name: "help-for-a-slip",
    breaks: "a wrong flag prints all of the help",
    plants: [{
      file: "src/cli/presenting.ts",
      find: `if (event._tag !== "InvalidInvocation") return`,
      replace: `if (event._tag !== "InvalidInvocation" || event.errors.length > 0) return`
    }],
    tests: { [answers]: ["is answered by one sentence"] }
  },
  {
    name: "dev-without-a-module",
    breaks: "stepped dev waits for a module that is not there",
    plants: [{
      file: "src/cli/dev.ts",
      find: `if (!existsSync(resolve(given.module))) {`,
      replace: `if (existsSync(resolve(given.module)) && given.module === "") {`
    }],
    tests: { [developing]: ["a module that does not exist ends it"] },
    hangs: true
  },
  {
    name: "dev-that-gives-up-the-database",
    breaks: "stepped dev waits for a file where its database is missing",
    plants: [{
      file: "src/cli/dev/generations.ts",
      find: `code === exitCodes.database)`,
      replace: `code === exitCodes.fault)`
    }],
    tests: { [developing]: ["a database that does not exist is said"] },
    hangs: true
  },
  {
    name: "dev-draws-what-is-over",
    breaks: "stepped dev draws what has ended, and not what goes on",
    plants: [{
      file: "src/cli/dev/newestTrees.ts",
      find: `statuses: isLive, limit: most.trees }`,
      replace: `statuses: isLive, limit: 1 }`
    }],
    tests: { "test/cli/dev/trees.test.ts": ["what goes on still is drawn"] }
  },
  {
    name: "retry-of-what-is-not-undone",
    breaks: "18.1: what is not undone is done a second time",
    plants: [{
      file: functionFile("not_retryable"),
      find: `if step is not null then
      reason`,
      replace: `if false then
      reason`
    }],
    tests: { [retrying]: ["18.1: while that step or a later one is not undone"] }
  },
  {
    name: "retry-that-runs-the-body",
    breaks: "18.1: a step whose children have failed runs its body again",
    plants: [{
      file: functionFile("goes_on_at"),
      find: `select coalesce(bool_and(r.becomes <> 'asked') or bool_or(r.becomes in ('joined', 'ending')), false)`,
      replace: `select false`
    }],
    tests: { [retrying]: ["18.1: slots that have succeeded stay settled"] }
  },
  {
    name: "retry-of-what-was-compensated",
    breaks: "18.1: what was compensated counts as done for who goes on",
    plants: [{
      file: functionFile("goes_on_at"),
      find: `step := least(step, undone, p_from);`,
      replace: `step := least(step, p_from);`
    }],
    tests: { [retrying]: ["18.1: it goes on with the first step that was compensated"] }
  },
  {
    name: "retry-with-a-key-of-its-own",
    breaks: "18.1: another system does not know the request of a retried action for the same",
    plants: [{
      file: stepService,
      find: `this.#retries?.first ?? this.actionId`,
      replace: `this.actionId`
    }],
    tests: { [retrying]: ["18.1: idempotencyKey stays the same"] }
  },
  {
    name: "compensated-and-the-same-key",
    breaks: "18.1: what was compensated is asked for with the key of what was undone",
    plants: [{
      file: functionFile("retry_facts"),
      find: `        select n.name, 1
`,
      replace: `        select n.name, 0
`
    }],
    tests: { [retrying]: ["18.1: idempotencyKey stays the same"] }
  },
  {
    name: "undone-as-a-whole-and-done",
    breaks: "18.1: what was undone as a whole counts as done, and can never be retried",
    plants: [{
      file: functionFile("goes_on_at"),
      find: `select min(coalesce(s.undoes, first))`,
      replace: `select min(s.undoes)`
    }],
    tests: {
      [wholeTests]: ["18.1, 10.4: a method that was undone", "18.1, 10.4: so is one that somebody outside"]
    }
  },
  {
    name: "undone-as-a-whole-and-the-same-key",
    breaks: "18.1: what was undone as a whole is asked for with the key of what was undone",
    plants: [{
      file: functionFile("retry_facts"),
      find: `            s.undoes is null and o.action = p_action`,
      replace: `            false and o.action = p_action`
    }],
    tests: { [wholeTests]: ["18.1, 10.4: so is one that somebody outside"] }
  },
  {
    name: "unwound-and-as-it-was",
    breaks: "18.1: a child that had nothing to undo is to be done again, and has no step to go on with",
    plants: [{
      file: functionFile("slots_retried"),
      find: `case when e.unwound is not null then has_undone(e.id) else false end`,
      replace: `e.unwound is not null`
    }],
    tests: { [wholeTests]: ["18.1, 10.4: a child that was to be undone"] }
  },
  {
    name: "retry-that-asks-once-more",
    breaks: "18.1: what was done once is done again by who goes on",
    plants: [{
      file: functionFile("take_over"),
      find: `      m.action = l.retry_of
`,
      replace: `      m.action = l.id
`
    }],
    tests: { [retrying]: ["18.1: what was done once is taken over"] }
  },
  {
    name: "half-undone-and-the-same-key",
    breaks: "18.1: a step of which some children were undone is done again with the key of before",
    plants: [{
      file: functionFile("retry_facts"),
      find: `and (s.status = 2 /* Status.succeeded */ or s.undo = 8 /* Undo.unwind */)`,
      replace: `and s.status = 2 /* Status.succeeded */`
    }],
    tests: { [randomSagas]: ["18.1: children of which some could not be undone"] }
  },
  {
    name: "retried-twice-and-first",
    breaks: "18.1: what goes on for a retried action has another key than the first one",
    plants: [{
      file: functionFile("retry_facts"),
      find: `first := coalesce(first, p_action);`,
      replace: `first := p_action;`
    }],
    tests: { [randomSagas]: ["18.1: what was compensated is done again"] }
  },
  {
    name: "compensated-and-done-once",
    breaks: "18.1: what a step has done once counts as done, though that was compensated",
    plants: [{
      file: functionFile("take_over"),
      find: `(u.name = m.step_name or`,
      replace: `(u.name is null or`
    }],
    tests: { "test/behaviour/RetriedBetween.test.ts": ["18.1, 10.3: what was done once"] }
  },
  {
    name: "retry-without-the-steps-time",
    breaks: "18.1: a step that waits again has no time of its own",
    plants: [{
      file: functionFile("wait_again"),
      find: `    step_timeout_at = (select s.timeout_at`,
      replace: `    step_timeout_at = (select s.ended_at`
    }],
    tests: { [retrying]: ["18.1: what timed out, or was cancelled"] }
  },
  {
    name: "carried-and-kept",
    breaks: "18.1: children that were taken over are not unwound with who has them now",
    plants: [{
      file: functionFile("due_to_unwind"),
      find: `c.child = o.child and c.carried`,
      replace: `c.child = o.child and not c.carried`
    }],
    tests: { [retrying]: ["18.1: children that were not unwound are taken over"] }
  },
  {
    name: "deleted-under-a-retry",
    breaks: "18.1: the history goes that a retry is to take over",
    plants: [{
      file: functionFile("reads_of"),
      find: `        when retries and is_retried(e.id) then 'retry'
`,
      replace: ``
    }, {
      file: functionFile("delete_history"),
      find: `  if are_retried() then ids := array(select x from unnest(ids) x where not is_retried(x)); end if;
`,
      replace: ``
    }],
    tests: { [retrying]: ["18.1: what a retry is to take over stays"] }
  },
  {
    name: "retried-over-somebody-else",
    breaks: "18.1: with upwards parents are retried of which another child has failed, too",
    plants: [{
      file: functionFile("retried_upwards"),
      find: `x.child is distinct from top and x.error is null
      and x.status <> 2`,
      replace: `x.child is distinct from top and x.error is null
      and x.status < 2`
    }],
    tests: { [retrying]: ["18.1: where something else has failed"] }
  },
  {
    name: "shielded-and-interrupted",
    breaks: "9.13: a shielded body is interrupted as any other",
    plants: [{
      file: bodies,
      find: `id === spare || mayBeShielded(entry.work)`,
      replace: `id === spare || (entry.interrupted && mayBeShielded(entry.work))`
    }],
    tests: { [shielded]: ["9.13: cancelling waits for its end"] }
  },
  {
    name: "shielded-and-forgotten",
    breaks: "9.13: what a shielded body has come to is dropped, and it runs again",
    plants: [{
      file: committer,
      find: `=> read.closing.has(actionIn(one)) && one.closed !== undefined`,
      replace: `=> !read.closing.has(actionIn(one)) && one.closed !== undefined`
    }],
    tests: { [shielded]: ["9.13: cancelling waits for its end"] }
  },
  {
    name: "shielded-and-given-up",
    breaks: "9.13: a shielded body whose worker dies is not run to its end",
    plants: [{
      file: "src/engine/perform/perform.ts",
      find: `return isShielded(performance)
        ?`,
      replace: `return isShielded(performance) && performance.attempts === 0
        ?`
    }],
    tests: { [shielded]: ["9.13: a worker that dies meanwhile"] }
  },
  {
    name: "shielded-and-refused",
    breaks: "9.13: a shielded body that runs again once the end is decided fails where it asks somebody outside",
    plants: [{
      file: stepService,
      find: `const undoes = step.kind === "compensation"`,
      replace: `const undoes = performance.outcome !== undefined`
    }],
    tests: { [shielded]: ["9.13: one that runs again after its action was cancelled is given what it asks for"] }
  },
  {
    name: "shielded-and-too-late",
    breaks: "9.13: what a shielded body has done is not known if its action's time was over meanwhile",
    plants: [{
      file: "src/engine/perform/decide.ts",
      find: `came: hasCompensations(performance) ? event : undefined`,
      replace: `came: isUnwinding(performance) ? event : undefined`
    }],
    tests: { [shielded]: ["9.13: so does the action's own time"] }
  },
  {
    name: "ended-well-and-too-late",
    breaks:
      "10.4: what a body has done that nobody has interrupted is not known if its action's time was over meanwhile",
    plants: [{
      file: "src/engine/perform/decide.ts",
      find: `came: hasCompensations(performance) ? event : undefined`,
      replace: `came: shields ? event : undefined`
    }],
    tests: { [wholeTests]: ["10.4: so is one that ends well when its action's time is over"] }
  },
  {
    name: "method-without-a-word",
    breaks: "10.3, 10.4: what a method has done is neither undone nor uncertain where its own action does not succeed",
    plants: [{
      file: "src/engine/Registry.ts",
      find: `{ when: undefined, mayFail: false, compensate: definition.compensate }`,
      replace: `{ when: undefined, mayFail: false }`
    }],
    tests: { [wholeTests]: ["10.4: a method that ends well", "10.3: one that is interrupted"] }
  },
  {
    name: "method-undone-twice",
    breaks: "10.4: a child's method that has waited is undone with its action, and once more as a step",
    plants: [{
      file: unwinding,
      find: `(isWhole && isGenerated(row))`,
      replace: `(isWhole && isGenerated(row) && row.result === null)`
    }],
    tests: { [wholeTests]: ["10.4: one that has waited is undone once"] }
  },
  {
    name: "method-kept-in-case",
    breaks: "10.4: what a method has given is stored once more, in a row, where its action has ended well",
    plants: [{
      file: "src/engine/perform/concluding.ts",
      find: `isGenerated(step) && body.undo !== undefined ? {`,
      replace: `isGenerated(step) && body.undo === 0 ? {`
    }],
    tests: { [wholeTests]: ["10.4: of one that ends well nothing"] }
  },
  {
    name: "outside-without-a-word",
    breaks: "10.3: nothing says that somebody outside may have done what would be undone",
    plants: [{
      file: unwinding,
      find: `if (isLeftOutside(performance, steps)) uncertain.push(name)`,
      replace: `if (isLeftOutside(performance, [])) uncertain.push(name)`
    }],
    tests: { [wholeTests]: ["10.3: what a job"] }
  },
  {
    name: "shielded-and-undone-all-the-same",
    breaks: "9.13: with compensate: false, what is undone depends on whether a shielded body ran",
    plants: [{
      file: functionFile("apply_conclusions"),
      find: ` or c.phase = 7 /* Phase.closing */ then l.verdict`,
      replace: ` then l.verdict`
    }],
    tests: { [shielded]: ["9.13: with compensate: false"] }
  },
  {
    name: "undone-beside-its-body",
    breaks: "10.1: what a body does is undone while that still runs",
    plants: [{
      file: functionFile("end_from_outside"),
      find: `(token is not null and id = any(unwinding))`,
      replace: `(token is null and id = any(unwinding))`
    }],
    tests: { [shielded]: ["10.1: a body that is interrupted ends before anything is undone"] },
    hangs: true
  },
  {
    name: "closing-is-nobodys-news",
    breaks: "10.1: a body whose action another process has ended is not interrupted",
    plants: [{
      file: "src/sql/transitions/lease.ts",
      find: ` and l.phase <> \${phaseCodes.closing})`,
      replace: ` and \${phaseCodes.closing} > 0)`
    }],
    tests: { "test/races/unwinding.test.ts": ["10.1: nothing is undone beside a body"] },
    hangs: true
  },
  {
    name: "decided-and-still-waited-for",
    breaks: "18.2: a step that waits is skipped, and what it waits for goes on",
    plants: [{
      file: functionFile("decide_step"),
      find: `select c.waited into waited from cancel_slots(array[p_action]) c;`,
      replace: `waited := array[p_action];`
    }],
    tests: { [stepHeld]: ["18.2: of a step that waits, or is to begin again"] },
    hangs: true
  },
  {
    name: "decides-of-whatever-is-held",
    breaks: "18.2: a decision that is repeated is of the step that is held by then",
    plants: [{
      file: functionFile("decide_step"),
      find: `(p_step, p_attempt) < (l.step, coalesce(l.step_attempt, 1))`,
      replace: `false`
    }],
    tests: { [stepHeld]: ["18.2: a decision is of the attempt that was seen"] }
  },
  {
    name: "last-decision-counts",
    breaks: "18.2: of a step that is decided, and that nobody has gone on with, somebody else decides again",
    plants: [{
      file: functionFile("decide_step"),
      find: `l.verdict is not null and (`,
      replace: `l.verdict is not null and abandons and (`
    }],
    tests: { [stepHeld]: ["18.2: a decision is of the attempt that was seen"] }
  },
  {
    name: "retry-draws-again",
    breaks: "9.2: every rerun asks the schedule again: the attempt that is tried again counts as one that has failed",
    plants: [{
      file: retry,
      find: `if (delay !== undefined) {`,
      replace: `if (delay !== undefined && performance.attempt === 1) {`
    }],
    tests: { [stepRetries]: ["9.2: a delay is drawn once and stored"] }
  },
  {
    name: "ended-steps-run-again",
    breaks: "9.8: whoever takes over looks for the first step that has not succeeded",
    plants: [{
      file: performance,
      find: `ran: detail.steps.filter(({ index }) => index < performance.step)`,
      replace: `ran: detail.steps.filter(({ index, status }) => index < performance.step && status === "succeeded")`
    }, {
      file: performance,
      find: `if (hasRun(ran, step, endsNow)) break`,
      replace: `if (hasRun(ran, step, endsNow)) continue`
    }],
    tests: { [stepRetries]: ["9.8: a step that has ended is not run again"] }
  },
  {
    name: "once-without-the-key",
    breaks: "9.10: what is done once does not know the step's key",
    plants: [{
      file: once,
      find: `    idempotencyKey,
    lastFailure,
    enqueue`,
      replace: `    idempotencyKey: idempotencyKey.slice(0, 0),
    lastFailure,
    enqueue`
    }],
    tests: { [onceTest]: ["9.10: where Step is used in it"] }
  },
  {
    name: "once-that-asks-its-step",
    breaks: "9.10: what is done once asks its step for what it does not ask for when it is not done again",
    plants: [{
      file: once,
      find: `progress: () => no("progress"),`,
      replace: `progress: Context.get(context as Context.Context<Step>, Step).progress,`
    }],
    tests: { [onceTest]: ["9.10: where Step is used in it"] }
  },
  {
    name: "tag-without-an-end",
    breaks: "9.2: a schedule of a tag that never ends has no end",
    plants: [{
      file: "src/engine/perform/attempts.ts",
      find: `total > mostRetries || `,
      replace: `total > mostRetries * mostRetries || `
    }],
    tests: { [stepRetries]: ["9.2: so has one of a tag's own"] }
  },
  {
    name: "held-step-that-notes-nothing",
    breaks: "9.1: a step that is held and tried again performs children again that have succeeded",
    plants: [{ file: stepService, find: ` || step.policy?.onExhausted === "hold" ||`, replace: ` ||` }],
    tests: { [stepHeld]: ["9.12, 9.1: what has succeeded is not done again"] }
  },
  {
    name: "compensation-that-notes-nothing",
    breaks: "10.2: what undoes a step and is tried again performs children again that have succeeded",
    plants: [{ file: stepService, find: `    undoes || performance.attempt`, replace: `    performance.attempt` }],
    tests: { [compensationRetries]: ["10.2, 9.1: nor where it is tried again on the engine's schedule"] }
  },
  {
    name: "further-attempt-that-notes-nothing",
    breaks: "9.1: what a further attempt has asked for is performed again with the one after it",
    plants: [{ file: stepService, find: ` || performance.attempt > 1`, replace: `` }],
    tests: { [stepHeld]: ["18.2, 9.1: of a step that waits, too"] }
  },
  {
    name: "asked-with-what-before-gave",
    breaks:
      "9.1, 18.2: a child whose before has replaced its arguments is not known again by those it was asked for with",
    plants: [{
      file: functionFile("take_lanes"),
      find: `f.retry_of, nullif(f.given, f.arguments)`,
      replace: `f.retry_of, null`
    }],
    tests: { [stepHeld]: ["18.2, 9.1: what has succeeded is not done again"] }
  },
  {
    name: "asked-with-what-a-step-gave",
    breaks: "9.1, 18.2: nor is one whose step has replaced them",
    plants: [{
      file: functionFile("apply_conclusions"),
      find: `coalesce(l.given, l.arguments) else l.given end`,
      replace: `l.given else l.given end`
    }],
    tests: { [stepHeld]: ["18.2, 9.1: what has succeeded is not done again"] }
  },
  {
    name: "asked-with-what-the-last-step-gave",
    breaks: "9.1, 18.2: nor one whose last step has",
    plants: [{
      file: functionFile("move_to_history"),
      find: `coalesce(l.given, l.arguments) else l.given end as given`,
      replace: `l.given else l.given end as given`
    }],
    tests: { [stepHeld]: ["18.2, 9.1: what has succeeded is not done again"] }
  },
  {
    name: "asked-with-what-has-superseded",
    breaks: "9.1, 18.2: a child that was superseded is not known again",
    plants: [{
      file: functionFile("wait_for_instead"),
      find: `then coalesce(request, nullif(`,
      replace: `then nullif(request, nullif(`
    }],
    tests: { [stepHeld]: ["18.2, 9.1: what has succeeded is not done again"] }
  },
  {
    name: "waits-for-who-is-in-no-lane-of-its",
    breaks: "2.9: a sibling waits on for one in another lane, as the one between them went while nobody saw it",
    plants: [{
      file: functionFile("recover"),
      find: `or exists (
              select 1
              from jobs b`,
      replace: `or true or exists (
              select 1
              from jobs b`
    }],
    tests: { "test/behaviour/ActionSiblings.test.ts": ["2.9+: one that waits for whom nobody in its lanes"] }
  },
  {
    name: "retried-root-cancelled-while-queued",
    breaks:
      "18.1, 4.6: what somebody has retried by itself is cancelled with a parent that waits for it, while it is queued",
    plants: [{
      file: functionFile("cancel_abandoned"),
      find: `q.cancelled_at is null and q.parent is not null
        and not exists (`,
      replace: `q.cancelled_at is null
        and not exists (`
    }],
    tests: { "test/behaviour/RetriedAlone.test.ts": ["18.1: one that is a root of its own goes on"] }
  },
  {
    name: "reused-counts-as-deleted",
    breaks: "18.1, 10.4: what has reused a success cannot be retried: the child that never was counts as deleted",
    plants: [{
      file: functionFile("lost_with"),
      find: `
      and o.unstored is not true`,
      replace: ``
    }],
    tests: { "test/behaviour/UnwindingBeside.test.ts": ["18.1, 10.4: nor does it keep from being retried"] }
  },
  {
    name: "prepared-twice",
    breaks:
      "2.1, 18.1: a child that never began is retried with what its before had made of its arguments, and prepared again",
    plants: [{
      file: functionFile("wait_again"),
      find: `case when e.started_at is not null then e.arguments else coalesce(e.given, e.arguments) end`,
      replace: `e.arguments`
    }],
    tests: { "test/behaviour/ActionSiblings.test.ts": ["2.1, 18.1: one that was prepared, and never began"] }
  },
  {
    name: "retried-out-of-order",
    breaks:
      "2.9, 18.1: children that are retried with their parent overtake each other, where one had its lane and another had none",
    plants: [{
      file: functionFile("wait_again"),
      find: `bool_or(coalesce(n.lane, n.lanes[1]) is null) over ()`,
      replace: `false`
    }],
    tests: { "test/behaviour/ActionSiblings.test.ts": ["2.9+, 18.1: the order holds among those"] }
  },
  {
    name: "undone-before-one-that-ends-later",
    breaks: "10.4: what was done first is undone first, as a later one of its lane is still to end",
    plants: [{
      file: functionFile("due_to_unwind"),
      find: `        cardinality(living) > 0
`,
      replace: `        cardinality(living) > 1000
`
    }],
    tests: { "test/behaviour/UnwindingBeside.test.ts": ["10.4: one that is still to end is undone before"] }
  },
  {
    name: "unstored-success-asked-anew",
    breaks: "9.1, 18.2: a child that was answered before it began is asked anew where its step begins again",
    plants: [{
      file: functionFile("answer_unstored"),
      find: `then coalesce((a.job).given, (a.job).arguments)::text`,
      replace: `then null`
    }],
    tests: { [stepHeld]: ["18.2, 9.1: what has succeeded is not done again"] }
  },
  {
    name: "earlier-slots-without-requests",
    breaks: "9.1: a step without a policy that waits and is tried again performs children again that have succeeded",
    plants: [{
      file: functionFile("earlier_slots"),
      find: `coalesce(o.request <> '', coalesce(o.attempt, 0) = 0)`,
      replace: `coalesce(o.request <> '', o.attempt = 0)`
    }],
    tests: { [stepHeld]: ["18.2, 9.1: of a step that waits, too"] }
  },
  {
    name: "retry-early",
    breaks: "9.1: an attempt begins without its delay",
    plants: [{
      file: "src/engine/perform/concluding.ts",
      find: `(attempts.counts[counts] ?? 0) + 1 } },
      due`,
      replace: `(attempts.counts[counts] ?? 0) + 1 } },
      due: at`
    }],
    tests: { [stepRetries]: ["9.1, 9.11: it begins again after the delays"] }
  },
  {
    name: "job-that-knows-no-run",
    breaks: "9.11: a job does not know which of its runs this is",
    plants: [{
      file: runJob,
      find: `attemptNumber: performance.attempt`,
      replace: `attemptNumber: 1`
    }],
    tests: { [stepRetries]: ["9.11: a job knows which of its runs this is"] }
  },
  {
    name: "runs-beyond-counting",
    breaks: "5.3: a job that runs itself again for the 32,767th time fails its action",
    plants: [{
      file: runJob,
      find: `Math.min(performance.attempt + 1, lastCounted)`,
      replace: `performance.attempt + Math.min(1, lastCounted)`
    }],
    tests: { "test/behaviour/ActionJobs.test.ts": ["5.3, 9.11: it runs itself again after more runs"] }
  },
  {
    name: "step-that-knows-no-attempt",
    breaks: "9.11: a body does not know which attempt it is",
    plants: [{
      file: stepService,
      find: `    this.attemptNumber = attempt
`,
      replace: `    this.attemptNumber = attempt > 0 ? 1 : attempt
`
    }],
    tests: { [stepRetries]: ["9.1, 9.11: it begins again after the delays"] }
  },
  {
    name: "cancelled-and-completed",
    breaks: "13.2: what is cancelled, and is being undone, is completed all the same",
    plants: [{
      file: functionFile("complete"),
      find: `  if l.outcome is not null or (p_outbound and l.flags & 16 /* Flag.outbound */ = 0) then`,
      replace: `  if (l.outcome is not null and l.outcome <> 4) or (p_outbound and l.flags & 16 = 0) then`
    }],
    tests: { "test/races/unwinding.test.ts": ["13.2: of a cancellation, a completion and a timeout one decides"] },
    hangs: true
  },
  {
    name: "tags-count-together",
    breaks: "9.1: a failure of one tag uses up what another one has",
    plants: [{
      file: attempting,
      find: `(earlier?.counts[counts] ?? 0) + 1`,
      replace: `Object.values(earlier?.counts ?? {}).reduce((sum, n) => sum + n, 0) + 1`
    }],
    tests: { [stepRetries]: ["9.1: by tag, each of which counts its own"] }
  },
  {
    name: "children-done-twice",
    breaks: "9.1: a further attempt performs again what has succeeded",
    plants: [{
      file: stepService,
      find: `const reuses = reuse(request)
          const trace`,
      replace: `const reuses = reuse(undefined)
          const trace`
    }],
    tests: { [stepRetries]: ["9.1: children that have succeeded are not performed again"] }
  },
  {
    name: "one-success-for-all-alike",
    breaks: "9.1: of children alike the success of one settles all of them",
    plants: [{
      file: stepService,
      find: `reusable.splice(found, 1)[0]![0]`,
      replace: `reusable[found]![0]`
    }],
    tests: { [stepRetries]: ["9.1: of several alike each is used once"] }
  },
  {
    name: "earlier-failure-counts",
    breaks: "9.1: a child that has failed in an earlier attempt fails the later ones, too",
    plants: [{
      file: functionFile("detail_of"),
      find: `s.attempt is not distinct from o.attempt`,
      replace: `(o.attempt is null or true)`
    }],
    tests: { [stepRetries]: ["9.1: children that have succeeded are not performed again"] },
    hangs: true
  },
  {
    name: "all-reused-for-ever",
    breaks: "9.1: an attempt whose children have all succeeded already waits for ever",
    plants: [{
      file: "src/engine/perform/runStep.ts",
      find: `slots: effects.waitsFor(now),`,
      replace: `slots,`
    }],
    tests: { [stepRetries]: ["9.1: what a marked attempt has enqueued"] },
    hangs: true
  },
  {
    name: "retry-with-its-sql",
    breaks: "9.1: what a transactional attempt that fails has written is committed",
    plants: [{
      file: "src/engine/perform/transactional.ts",
      find: `conclusion._tag === "StepRetries" || `,
      replace: `conclusion._tag === "TryAgain" || `
    }],
    tests: { [stepRetries]: ["9.1: nor of one whose value cannot be stored"] }
  },
  {
    name: "attempts-time-together",
    breaks: "9.4: the time of an attempt begins with the first one's, and its delay counts",
    plants: [{
      file: functionFile("apply_conclusions"),
      find: `        when c.keeps then p_now end,`,
      replace: `        when c.keeps then p_now else l.step_started_at end,`
    }],
    tests: { [stepRetries]: ["9.1, 9.4: an attempt that times out leaves nothing behind"] }
  },
  {
    name: "condition-asked-for-each-attempt",
    breaks: "9.5: a condition that has answered is asked again for each attempt",
    plants: [{
      file: "src/engine/perform/runStep.ts",
      find: `if (when === undefined || taken.isAsked) return`,
      replace: `if (when === undefined) return`
    }, {
      file: "src/engine/perform/runStep.ts",
      find: `effects.isAsked = true`,
      replace: `effects.isAsked = false`
    }],
    tests: { [stepRetries]: ["9.5, 9.1: a condition is asked until it has answered"] }
  },
  {
    name: "asks-for-less",
    breaks: "9.3: what a failure asks for counts also where it is less than the schedule's delay",
    plants: [{
      file: attempting,
      find: `Math.max(own, yield* askedFor(failure, place, env))`,
      replace: `(yield* askedFor(failure, place, env)) || own`
    }],
    tests: { [stepRetries]: ["9.3: a failure may ask for more time"] }
  },
  {
    name: "step-without-its-time",
    breaks: "9.4: a body runs on when the time of its step is over",
    plants: [{
      file: limit,
      find: `Effect.raceFirst(Effect.exit(run), until(at, env))`,
      replace: `Effect.raceFirst(Effect.exit(run), Effect.andThen(until(at, env), Effect.never))`
    }],
    tests: { [stepTimeouts]: ["9.4: a body is interrupted at its limit"] },
    hangs: true
  },
  {
    name: "late-body-counts",
    breaks: "9.4: a body that ends later than its limit counts, as long as nobody has interrupted it",
    plants: [{ file: limit, find: `ended >= at ? late : exit`, replace: `ended < 0 ? late : exit` }],
    tests: { [stepTimeouts]: ["9.4: a body that blocks its thread past its limit"] }
  },
  {
    name: "time-anew-for-each-rerun",
    breaks: "9.4: a step whose body is run again has all of its time again",
    plants: [{
      file: performance,
      find: `stepStartedAt: detail.stepStartedAt ?? now,`,
      replace: `stepStartedAt: now,`
    }],
    tests: { [stepTimeouts]: ["9.4: a rerun has what is left of it"] }
  },
  {
    name: "waiting-without-end",
    breaks: "9.4: the time of a step that waits is stored, and nobody looks at it",
    plants: [{
      file: functionFile("tick"),
      find: `p_flags, p_limit);
      get diagnostics timed_out = row_count;
    end if;
  end if;`,
      replace: `p_flags, p_limit);
      timed_out := 0;
    end if;
  end if;`
    }, {
      file: functionFile("time_out_steps"),
      find: `      l.step_timeout_at <= p_now and`,
      replace: `      l.step_timeout_at <= p_now - interval '1 day' and`
    }],
    tests: { [stepTimeouts]: ["9.4: children and waits count, too"] },
    hangs: true
  },
  {
    name: "late-after-its-end",
    breaks: "9.4: a step whose children have ended in time fails, because its worker is late",
    plants: [{
      file: "src/engine/perform/concludeStep.ts",
      find: `if (performance.verdict?._tag === "timedOut") {`,
      replace: `if (performance.verdict?._tag === "timedOut" || limitOf(performance)! <= (yield* env.now)) {`
    }, {
      file: "src/engine/perform/concludeStep.ts",
      find: `import { stepLate } from`,
      replace: `import { limitOf, stepLate } from`
    }, {
      file: "src/engine/perform/concludeStep.ts",
      find: `performance.verdict.afterMs`,
      replace: `performance.verdict?._tag === "timedOut" ? performance.verdict.afterMs : 0`
    }],
    tests: { [stepTimeouts]: ["9.4: what has come in time counts"] }
  },
  {
    name: "defaults-for-nobody",
    breaks: "9.7: defaults of an action are accepted, and hold for nothing",
    plants: [{
      file: "src/StepPolicy.ts",
      find: `timeout: policy?.timeout ?? defaults.timeout`,
      replace: `timeout: policy?.timeout`
    }],
    tests: { [stepTimeouts]: ["9.7: defaults hold"] }
  },
  // -----------------------------------------------------------------------------------------------------------------
  // children whose failure is a value
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "attempt-fails-its-step",
    breaks: "9.9: the failure of an attempted child fails the step",
    plants: [{
      file: "src/engine/perform/concludeStep.ts",
      find: `slot.status !== "succeeded" && slot.asValue === undefined`,
      replace: `slot.status !== "succeeded"`
    }],
    tests: { [attempts]: ["9.9: whatever they end with is a value"] }
  },
  {
    name: "attempt-with-foreign-error",
    breaks:
      "9.9: an error that does not fit the schema of the action that was asked for is given as if nothing was known of it",
    plants: [{
      file: attempted,
      find: `status === "failed" && cause?.own === true`,
      replace: `status === "timed_out" && cause?.own === true`
    }],
    tests: { [attempts]: ["9.9: what a successor gives"] }
  },
  {
    name: "attempt-with-the-schemas-of-its-successor",
    breaks: "9.9: what a successor has given is read with its own schemas",
    plants: [{
      file: attempted,
      find: `const name = slot.definition.split("/")[1]!`,
      replace: `const name = definition.split("/")[1]!`
    }],
    tests: { [attempts]: ["9.9: what a successor gives"] }
  },
  {
    name: "attempt-without-callbacks",
    breaks: "9.9: of a child whose callback has failed nobody learns why it counts as failed",
    plants: [{
      file: attempted,
      find: `stored ?? (status === "failed" ? callbackFailed(path) : null)`,
      replace: `stored ?? (status === "timed_out" ? callbackFailed(path) : null)`
    }],
    tests: { [attempts]: ["9.9: whatever they end with is a value"] }
  },
  {
    name: "attempt-fails-where-it-does-not-travel",
    breaks: "9.9: the failure of an attempted child fails a step whose results are loaded in pieces",
    plants: [{
      file: functionFile("what_of"),
      find: `
            and o.error is null`,
      replace: ""
    }],
    tests: { [attempts]: ["9.9: results and failures that do not travel"] }
  },
  {
    name: "attempt-without-cause",
    breaks: "9.9: of a failure that is loaded in pieces nothing is known",
    plants: [{
      file: functionFile("slots_after"),
      find: `case when o.error is not null then`,
      replace: `case when o.error is null then`
    }],
    tests: { [attempts]: ["9.9: results and failures that do not travel"] }
  },
  {
    name: "attempt-that-nobody-declares",
    breaks: "9.9: an error whose schema no version declares any more is read with any of that name",
    plants: [{
      file: attempted,
      find: `error: registry.schemaOf("error", name, error === "" ? null : error)`,
      replace:
        `error: registry.schemaOf("error", name, error === "" ? null : error) ?? registry.find("Shop", name)?.action.error`
    }],
    tests: { [attempts]: ["9.9: a schema that a deploy has changed"] }
  },
  {
    name: "attempt-passed-on-unknown",
    breaks: "9.9: whose error it was that is passed on with ActionFailed is forgotten",
    plants: [{
      file: "src/engine/causes.ts",
      find: `error instanceof ActionFailed && error.error !== undefined`,
      replace: `error instanceof ActionFailed && error.error !== undefined && error.kind === "marked"`
    }],
    tests: { [attempts]: ["9.9: its own error comes decoded"] }
  },
  // -----------------------------------------------------------------------------------------------------------------
  // what is started and nobody waits for
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "start-as-a-child",
    breaks: "9.6: what is started belongs to the step that has started it",
    plants: [{
      file: starter,
      find: `invocationOf(performance, wanted, undefined, env)`,
      replace:
        `invocationOf(performance, wanted, { id: performance.id, step: performance.step, depth: performance.depth }, env)`
    }],
    tests: { [starts]: ["9.6: is a root of its own", "9.6: neither fails nor is cancelled"] }
  },
  {
    name: "start-lost-with-the-end",
    breaks: "9.6: what an action starts with its last step is lost",
    plants: [{
      file: functionFile("finish"),
      find: `    and child_action is null
`,
      replace: ""
    }],
    tests: { [starts]: ["9.6: a body that is tried again"] }
  },
  {
    name: "start-lost-with-the-mark",
    breaks: "9.6: what a body has started that has marked its step is lost",
    plants: [{
      file: "src/engine/perform/runStep.ts",
      find: `stored, replaced, starts }, env)`,
      replace: `stored, replaced }, env)`
    }],
    tests: { [starts]: ["9.6: of a body that fails nothing is started"] }
  },
  {
    name: "start-of-a-failed-callback",
    breaks: "10.6: a callback that fails has started something",
    plants: [{
      file: runCallbacks,
      find: `if (Exit.isSuccess(exit.value)) starts.push(`,
      replace: `if (Exit.isSuccess(exit)) starts.push(`
    }],
    tests: { [starts]: ["10.6: callbacks start with the transition"] }
  },
  {
    name: "callback-without-results",
    breaks: "10.6: callbacks are given nothing of the steps",
    plants: [{
      file: functionFile("what_of"),
      find: `'steps', case when l.phase <> 4 /* Phase.job */ then (`,
      replace: `'steps', case when l.phase not in (3 /* Phase.callbacks */, 4 /* Phase.job */) then (`
    }],
    tests: { [callbackResults]: ["10.6: those of the named steps that have succeeded"] }
  },
  {
    name: "results-of-what-failed",
    breaks: "10.6: a step whose children have failed has a result for callbacks",
    plants: [{
      file: results,
      find: `detail!.steps.filter(({ status }) => status === "succeeded")`,
      replace: `detail!.steps`
    }],
    tests: { [callbackResults]: ["10.6: of an action that fails, or is cancelled"] }
  },
  {
    name: "result-before-completion-dropped",
    breaks: "10.6: what the last step of an outbound action has given is lost for its callbacks",
    plants: [{
      file: concluding,
      find: `(value !== undefined || performance.runnable.definition.outbound)`,
      replace: `(value !== undefined && !performance.runnable.definition.outbound)`
    }],
    tests: { [callbackResults]: ["10.6: whoever performs the callback"] }
  },
  {
    name: "last-result-by-the-success",
    breaks: "10.6: callbacks are given the action's success for what its last step has given",
    plants: [{
      file: results,
      find: `isForCallbacks(performance, step) || (waits &&`,
      replace: `(waits && performance.id === "" &&`
    }],
    tests: { [callbackResults]: ["10.6: the last one's is what it has given"] }
  },
  {
    name: "last-result-before-the-deploy",
    breaks: "10.6: what has waited is read by the last step's schema, and was stored by the action's",
    plants: [{
      file: results,
      find: `(waits && step.result !== undefined)`,
      replace: `(waits && step.name === "")`
    }],
    tests: { [callbackResults]: ["10.6: so it is where a deploy has brought the callbacks"] }
  },
  {
    name: "last-result-of-the-body",
    breaks: "18.2: the last step has what its body has given, where somebody has given another result",
    plants: [{
      file: concluding,
      find: `|| isGivenInstead(performance) ||`,
      replace: `|| (isGivenInstead(performance) && isGenerated(step)) ||`
    }],
    tests: { [callbackResults]: ["10.6, 18.2: what somebody has given in the place"] }
  },
  {
    name: "awaited-for-inside",
    breaks: "14.3: awaitFor inside a transaction cuts off its look when its time is over, and with it the transaction",
    plants: [{
      file: "src/engine/client/Handle.ts",
      find: `return insideOr(key, actorId, action, id, outside)`,
      replace:
        `return Effect.timeoutOrElse(insideOr(key, actorId, action, id, outside), { duration: waitedMs, orElse: () => outside })`
    }],
    tests: { "test/behaviour/AwaitFor.test.ts": ["14.3: inside a transaction it cuts nothing off"] }
  },
  {
    name: "ids-in-capitals",
    breaks: "14.1: an id in capitals is another one's to whoever compares it",
    plants: [{
      file: "src/domain/Phase.ts",
      find: `isActionId(id) ? id.toLowerCase() : id`,
      replace: `isActionId(id) ? id : id.toLowerCase()`
    }],
    tests: { [options]: ["14.1: an id in capitals is the same id"] }
  },
  {
    name: "own-end-for-anothers",
    breaks: "1.2: a job's completion whose answer was lost takes its own end for another's",
    plants: [{
      file: "src/engine/client/complete.ts",
      find: `return lost !== undefined && options?.key === undefined ? yield* lost : false`,
      replace: `return lost !== undefined && options?.key === "" ? yield* lost : false`
    }],
    tests: { "test/behaviour/ActionJobs.test.ts": ["1.2, 5.3: a completion whose answer was lost is not answered"] }
  },
  {
    name: "nothing-encrypted-once",
    breaks: "22.1: what is nothing has one nonce for all actions whose last step is passed",
    plants: [{
      file: "src/engine/perform/perform.ts",
      find: `  return anew === undefined ? performed`,
      replace: `  return anew === undefined || runnable.nothing?.encoded !== undefined ? performed`
    }, {
      file: "src/engine/perform/perform.ts",
      find: `performed({ ...performance, runnable: { ...runnable, nothing: { encoded, anew } } }, env)`,
      replace: `performed({ ...performance, runnable: Object.assign(runnable, { nothing: { encoded, anew } }) }, env)`
    }],
    tests: { "test/behaviour/Encryption.test.ts": ["9.6, 22.1: where the last step is passed"] }
  },
  {
    name: "results-for-nobody",
    breaks: "10.6: results are loaded for callbacks that do not ask",
    plants: [{
      file: runCallbacks,
      find: `(outcome) => withResults(performance, outcome, env))`,
      replace:
        `(outcome) => withResults(performance, outcome, env)).pipe(Effect.tap((outcome) => Effect.orDie(resultsAtEnd(performance, outcome, env))))`
    }],
    tests: { "test/operations/Cost.test.ts": ["callbacks take one, however many they are"] }
  },
  {
    name: "start-lost-while-others-are-tried-again",
    breaks: "10.6: what a callback has started is lost where another one is tried again",
    plants: [{
      file: runCallbacks,
      find: `callbacks: [...ended], failure, starts`,
      replace: `callbacks: [...ended], failure`
    }],
    tests: { [starts]: ["10.6: what has ended while others are tried again"] }
  },
  {
    name: "start-of-a-stale-conclusion",
    breaks: "9.6: what a stale conclusion has started is stored beside a valid one of the same action",
    plants: [{
      file: functionFile("numbers_of_valid"),
      find: `coalesce(x.step, x.starter_step, -1)`,
      replace: `coalesce(x.step, -1)`
    }],
    tests: { "test/races/fences.test.ts": ["1.2: a stale conclusion is stale beside a valid one"] }
  },
  {
    name: "start-of-a-callback-lost-beside-stale-ones",
    breaks: "10.6: what a callback has started is lost beside a stale conclusion",
    plants: [{
      file: functionFile("numbers_of_valid"),
      find: `case when c.phase = 3 /* Phase.callbacks */ then -1 else c.step end`,
      replace: `c.step`
    }],
    tests: { "test/races/fences.test.ts": ["1.2: a stale conclusion is stale beside a valid one"] }
  },
  {
    name: "start-that-is-plain",
    breaks: "9.6: what is started begins without its link",
    plants: [{
      file: functionFile("take_jobs"),
      find: ` and j.started_by is null`,
      replace: ""
    }],
    tests: { [starts]: ["10.6: so do callbacks"] }
  },
  {
    name: "start-superseded-without-its-link",
    breaks: "9.6: what is started and superseded loses its link",
    plants: [{
      file: functionFile("supersede_in_named_lanes"),
      find: `timeout_ms, enqueued_at, p_now, tags, trace, started_by, started_by_step`,
      replace: `timeout_ms, enqueued_at, p_now, tags, trace, null, null`
    }],
    tests: { [starts]: ["9.6: keeps its link on every way"] }
  },
  {
    name: "event-before-its-commit",
    breaks: "what a transaction of the program commits is told before that, and where it is rolled back, too",
    plants: [{
      file: watching,
      find: `(isInside ? inside : alone)(call, transition)`,
      replace: `(isInside ? alone : inside === undefined ? inside : alone)(call, transition)`
    }],
    tests: { [events]: ["17.1: what is committed with the program's transaction"] }
  },
  {
    name: "event-as-answers-come",
    breaks: "events of an action come in the order of answers, and not of its commits",
    plants: [{
      file: eventHub,
      find: `      if (named !== undefined && named.size > 0) {`,
      replace: `      if (named === undefined && calls.size < 0) {`
    }],
    tests: { [eventRaces]: ["17.1: of finish"] }
  },
  {
    name: "event-before-its-beginning",
    breaks: "an end is told while the answer to the claim that has begun the action is still to be read",
    plants: [{
      file: watching,
      find: `    const before = hub.underWay()`,
      replace: `    const before = Effect.void`
    }],
    tests: { [eventRaces]: ["17.1: the answer to a claim"] }
  },
  {
    name: "event-of-a-lost-answer",
    breaks: "what has happened without an answer is told to nobody",
    plants: [{
      file: watching,
      find: `doubt(begun, maybe?.() ?? [])`,
      replace: `doubt(begun, [])`
    }],
    tests: { [eventRaces]: ["17.1: of finish"] }
  },
  {
    name: "events-lost-in-silence",
    breaks: "a subscriber that is too slow is not told that events are missing",
    plants: [{
      file: "src/engine/events/streaming.ts",
      find: `if (lost > 0) taken.unshift(`,
      replace: `if (lost < 0) taken.unshift(`
    }],
    tests: { [events]: ["17.1: a subscriber that is too slow"] }
  },
  {
    name: "followed-to-the-end-of-the-root",
    breaks: "a tree is followed no further than its root's end, and by who took the root's place not at all",
    plants: [{
      file: "src/engine/client/follow.ts",
      find: `if (action.supersededBy !== undefined) add(action.supersededBy, node.isOwn)`,
      replace: ``
    }],
    tests: { [events]: ["17.1: handle.events follows who has taken the place"] }
  },
  {
    name: "trace-lost-in-a-line",
    breaks: "17.3: what waits in a line has left its trace",
    plants: [{
      file: functionFile("join_lines"),
      find: "(e.job).tags, (e.job).trace,",
      replace: "(e.job).tags, null,"
    }],
    tests: { [tracing]: ["17.3: whatever way an action takes, its trace goes with it"] }
  },
  {
    name: "trace-lost-by-preparing",
    breaks: "17.3: what is prepared has left its trace",
    plants: [{
      file: functionFile("return_prepared"),
      find: "true, j.tags, j.trace,",
      replace: "true, j.tags, null,"
    }],
    tests: { [tracing]: ["17.3: whatever way an action takes, its trace goes with it"] }
  },
  {
    name: "trace-without-links",
    breaks: "17.3: what begins after a wait is not linked to what was before it",
    plants: [{
      file: functionFile("apply_conclusions"),
      find: "then coalesce(c.trace, l.step_trace) end",
      replace: "then null end"
    }],
    tests: { [tracing]: ["17.3: bodies, hooks, children, attempts and callbacks are of the trace of who has asked"] }
  },
  {
    name: "trace-not-adopted",
    breaks: "17.3: an action that nobody had a span for begins another trace after each wait",
    plants: [{
      file: functionFile("apply_conclusions"),
      find: "trace = coalesce(l.trace, c.trace)",
      replace: "trace = l.trace"
    }],
    tests: { [tracing]: ["17.3: what nobody had a span for when it was enqueued is one trace"] }
  },
  {
    name: "trace-of-whoever-performs",
    breaks: "17.3: bodies are of the trace that is around their worker",
    plants: [{
      file: traces,
      find: "if (parent === fiber.cache.span && state === undefined) return effect",
      replace: "if (parent === undefined && state === undefined) return effect"
    }],
    tests: { [tracing]: ["17.3: what nobody had a span for when it was enqueued is one trace"] }
  },
  {
    name: "trace-that-nobody-collects",
    breaks: "17.3: spans that nobody collects are stored with every action",
    plants: [{
      file: traces,
      find: `(cache.tracer === undefined && span._tag === "Span")`,
      replace: "false"
    }],
    tests: { [tracing]: ["17.3: without a span nothing is stored, whether there is a tracer or not"] }
  },
  {
    name: "start-in-the-trace-around",
    breaks: "17.3: what is started makes the trace of who has started it endless",
    plants: [{ file: traces, find: "root: true, ", replace: "" }],
    tests: { [tracing]: ["17.3: what is started begins a trace of its own"] }
  },
  {
    name: "start-of-the-body-around",
    breaks: "10.6: what a callback starts belongs to the step whose body performs its action",
    plants: [{
      file: "src/engine/perform/runUserCode.ts",
      find: `Context.add(Context.omit(Step)(context), Starter, starter)`,
      replace: `Context.add(context, Starter, starter)`
    }],
    tests: { [starts]: ["10.6: a body that performs another action at once"] }
  },
  {
    name: "start-after-the-end",
    breaks: "9.6: what is started after the end of a body is forgotten without a word",
    plants: [{
      file: starter,
      find: `if (effects.over) return yield* refuse(performance, place, askedFor(wanted, ["start", "startOn"]), env)`,
      replace: ``
    }],
    tests: { [starts]: ["9.6, 10.6: started after the end"] }
  },
  // -----------------------------------------------------------------------------------------------------------------
  // what a step does once
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "once-again",
    breaks: "9.10: what a step has done once is not handed over, and is done again",
    plants: [{
      file: functionFile("detail_of"),
      find: `from memos m where m.action = p_id`,
      replace: `from memos m where m.action = p_id and m.step < 0`
    }],
    tests: { [onceTest]: ["9.10: is not done again when the body runs again"] }
  },
  {
    name: "once-again-where-it-does-not-travel",
    breaks: "9.10: what a step has done once, and is large, is not handed over",
    plants: [{
      file: functionFile("memos_after"),
      find: `      m.action = p_action
`,
      replace: `      m.action = p_action and m.step < 0
`
    }],
    tests: { [onceTest]: ["9.10: what does not travel"] }
  },
  {
    name: "once-kept-for-ever",
    breaks: "9.10: what a step has done once stays when it has succeeded",
    plants: [{
      file: functionFile("finish"),
      find: `c.memos and c.status = 2 /* Status.succeeded */`,
      replace: `c.memos and c.status = 3 /* Status.superseded */`
    }],
    tests: { [onceTest]: ["9.10: is not done again when the body runs again"] }
  },
  {
    name: "once-kept-with-the-end",
    breaks: "9.10: what the only step of an action has done once stays when it has succeeded",
    plants: [{
      file: functionFile("finish"),
      find: `
    and conclusion_step_memos is null
`,
      replace: "\n"
    }],
    tests: { [onceTest]: ["9.10: goes with the success"] }
  },
  {
    name: "once-forgotten-in-failure",
    breaks: "9.10: what a step has done once goes when it has failed",
    plants: [{
      file: functionFile("finish"),
      find: `c.memos and c.status = 2 /* Status.succeeded */ and`,
      replace: `c.memos and`
    }],
    tests: { [onceTest]: ["9.10: goes with the success of a step that waits, and stays where that"] }
  },
  {
    name: "once-kept-of-who-waits",
    breaks: "9.10: of a step that has waited nobody knows that it has done something once",
    plants: [{
      file: functionFile("apply_conclusions"),
      find: `case when c.step_status = 1 /* Status.performing */ then c.step_memos end`,
      replace: `case when c.step_status = 2 /* Status.succeeded */ then c.step_memos end`
    }],
    tests: { [onceTest]: ["9.10: goes with the success of a step that waits"] }
  },
  {
    name: "once-without-the-fence",
    breaks: "9.10: what is done for an action that is somebody else's by now is stored",
    plants: [{
      file: functionFile("remember"),
      find: `l.id = x.action and l.token = p_token and`,
      replace: `l.id = x.action and`
    }],
    tests: { [onceTest]: ["9.10: of an action that is over nothing is kept"] }
  },
  {
    name: "once-of-another-step",
    breaks: "9.10: a step has what another one has done that a deploy has taken away",
    plants: [{
      file: once,
      find: `if (memo.kind !== step.kind || memo.step !== step.name) continue`,
      replace: `if (memo.kind !== step.kind) continue`
    }],
    tests: { [onceTest]: ["9.10: a step that a deploy has put into the place"] }
  },
  {
    name: "once-by-each",
    breaks: "9.10: of several who ask at once each does it",
    plants: [{
      file: once,
      find: `      this.#running.set(name, mine)
`,
      replace: ""
    }],
    tests: { [onceTest]: ["9.10: of several at once"] }
  },
  {
    name: "once-with-who-was-interrupted",
    breaks: "9.10: who waits for one that is interrupted is interrupted, too",
    plants: [{
      file: once,
      find: `if (!Cause.hasInterruptsOnly(exit.cause)) return yield* exit`,
      replace: `if (!Cause.hasInterruptsOnly(exit.cause) || exit._tag === "Failure") return yield* exit`
    }],
    tests: { [onceTest]: ["9.10: of several at once"] },
    hangs: true
  },
  {
    name: "once-a-failure",
    breaks: "9.10: a failure counts as done",
    plants: [{
      file: once,
      find: `if (Exit.isFailure(exit)) this.#running.delete(name)`,
      replace: `if (Exit.isSuccess(exit)) this.#running.delete(name)`
    }],
    tests: { [onceTest]: ["9.10: a failure is not kept"] }
  },
  {
    name: "once-in-a-transaction",
    breaks: "9.10: what is kept in a transaction of the program stays when that is rolled back",
    plants: [{
      file: once,
      find: `this.#step.transactional || inside`,
      replace: `this.#step.transactional`
    }],
    tests: { [onceTest]: ["9.10: what cannot be kept"] }
  },
  {
    name: "once-and-then-the-step",
    breaks: "9.10: what is asked of the step within is asked, and not again when the body runs again",
    plants: [{
      file: once,
      find: `Context.add(Context.add(context, Step, refusing), Starter, refusing)`,
      replace: `Context.add(context, Starter, refusing)`
    }],
    tests: { [onceTest]: ["9.10: where Step is used in it"] },
    hangs: true
  },
  {
    name: "once-but-not-undoing",
    breaks: "9.10, 10.2: what a compensation has done once is not stored",
    plants: [{
      file: functionFile("remember"),
      find: `and l.phase in (0 /* Phase.step */, 5 /* Phase.unwinding */, 7 /* Phase.closing */)`,
      replace: `and l.phase = 0 /* Phase.step */`
    }],
    tests: { [onceTest]: ["9.10, 10.2: a compensation does something once"] }
  },
  {
    name: "await-for-without-a-last-look",
    breaks: "14.3: what others have ended within the time is overlooked, because nobody has looked since",
    plants: [{
      file: "src/engine/client/Handle.ts",
      find: `Effect.timeoutOption(Effect.option(store.outcomes([id])), lastLookMs)`,
      replace: `Effect.timeoutOption(Effect.option(store.outcomes([])), lastLookMs)`
    }],
    tests: { "test/behaviour/AwaitFor.test.ts": ["14.3: what others have ended", "14.3: with no time"] }
  },
  {
    name: "unwinds-the-first-one-first",
    breaks: "10.4: children of one lane are unwound in the order in which they have performed",
    plants: [{
      file: functionFile("after_ends"),
      find: `order by lane, seat desc`,
      replace: `order by lane, seat`
    }],
    tests: { [childrenTests]: ["10.4: children of all attempts"] }
  },
  {
    name: "unwinds-in-no-order",
    breaks: "10.4: children are unwound in any order",
    plants: [{
      file: functionFile("unwind_children"),
      find: `order by c.started_at desc, c.child desc`,
      replace: `order by c.started_at, c.child`
    }],
    tests: { [childrenTests]: ["10.4: children that have succeeded are unwound"] }
  },
  {
    name: "unwinds-behind-who-waits",
    breaks: "10.4: what unwinds waits behind who is pending in its lane",
    plants: [{
      file: functionFile("after_ends"),
      find: `next_up := next_up || unwinding;`,
      replace: `next_up := coalesce(next_up, unwinding);`
    }],
    tests: { [besideTests]: ["10.4: it is next in the child's lane"] }
  },
  {
    name: "unwinds-from-the-first-step",
    breaks: "10.4: what unwinds and has waited for its lane begins as an action does",
    plants: [{
      file: functionFile("promote_next"),
      find: `step = case when l.unwinds is null then 0 else l.step end,`,
      replace: `step = 0,`
    }],
    tests: { [besideTests]: ["10.4: it is next in the child's lane"] }
  },
  {
    name: "unwinds-behind-the-line",
    breaks: "10.4: in a named lane what unwinds waits at the end of the line",
    plants: [{
      file: functionFile("unwind_in_lanes"),
      find: `x.id, n.lane, (n.settings ->> 'limit')::int, -1000 /* Priority.first */, p.place`,
      replace: `x.id, n.lane, (n.settings ->> 'limit')::int, 100, p.place`
    }],
    tests: { [besideTests]: ["10.4: in a named lane it counts for the limit"] }
  },
  {
    name: "unwinds-and-is-superseded",
    breaks: "10.4: a newcomer supersedes what unwinds",
    plants: [{
      file: functionFile("replaced_in_named_lanes"),
      find: ` and s.priority > -1000 /* Priority.first */`,
      replace: ``
    }],
    tests: { [besideTests]: ["10.4: in a superseding lane a newcomer leaves it alone"] }
  },
  {
    name: "unwinding-is-a-start",
    breaks: "10.4: a rate counts what unwinds",
    plants: [{
      file: functionFile("free_at"),
      find: `case when s.priority > -1000 /* Priority.first */ then rate_free_at(n.settings, n.starts) end`,
      replace: `rate_free_at(n.settings, n.starts)`
    }],
    tests: { [besideTests]: ["10.4: it is no start in a lane with a rate"] }
  },
  {
    name: "unwinds-what-was-joined",
    breaks: "10.4: a child is unwound that somebody else has joined",
    plants: [{
      file: functionFile("after_ends"),
      find: `update ended_actions set undo = undo | 2 /* Undoable.shared */ where id = any(counted_on);`,
      replace: `null;`
    }],
    tests: { [besideTests]: ["10.4: a child that another action's step has joined"] }
  },
  {
    name: "joined-root-is-not-named",
    breaks: "10.4: a root that a step has joined is left, and nobody is told so",
    plants: [{
      file: functionFile("unwind_children"),
      find: `and (e.parent, e.parent_step) is distinct from (x.action, x.undoes)`,
      replace: `and e.parent is not null and (e.parent, e.parent_step) <> (x.action, x.undoes)`
    }, {
      file: functionFile("move_to_history"),
      find: `case when flags & 64 /* Flag.compensates */ <> 0 and status = 2 /* Status.succeeded */
`,
      replace:
        `case when flags & 64 /* Flag.compensates */ <> 0 and status = 2 /* Status.succeeded */ and parent is not null
`
    }],
    tests: { [besideTests]: ["10.4: so is one that has joined an action"] }
  },
  {
    name: "unwinds-what-a-root-has-joined",
    breaks: "10.4: a child is unwound that a root has joined",
    plants: [{
      file: functionFile("move_to_history"),
      find: `case when rooted then 2 /* Undoable.shared */ else 0 end`,
      replace: `0`
    }],
    tests: { [besideTests]: ["10.4: a child that somebody has joined"] }
  },
  {
    name: "unwinds-what-was-reused",
    breaks: "10.4: a child is unwound whose result somebody else has got",
    plants: [{
      file: functionFile("keep_reused"),
      find: `update ended_actions set undo = undo | 2 /* Undoable.shared */ where id = any(locked);`,
      replace: `null;`
    }],
    tests: { [besideTests]: ["10.4: what was reused is left", "10.4: a handle's reuse counts"] }
  },
  {
    name: "keeps-nothing-that-it-has-reused",
    breaks: "10.4: what a step has reused is not listed as kept",
    plants: [{
      file: functionFile("answer_unstored"),
      find: `then 2 /* UndoSlot.reused */`,
      replace: `then null`
    }],
    tests: { [besideTests]: ["10.4: what was reused is left"] }
  },
  {
    name: "unwinds-past-the-point",
    breaks: "10.4: a child past its point of no return is undone from there on",
    plants: [{
      file: functionFile("due_to_unwind"),
      find: `and p.undo & 4 /* Undo.pointOfNoReturn */ <> 0`,
      replace: `and p.undo < 0`
    }],
    tests: { [childrenTests]: ["10.4: what undoes a job"] }
  },
  {
    name: "abandoned-and-forgotten",
    breaks: "10.2, 10.7: what was tried of a compensation that is abandoned between two attempts cannot be read",
    plants: [{
      file: "src/engine/perform/decide.ts",
      find: `(phase === "waiting" || performance.attempted !== undefined)`,
      replace: `phase === "waiting"`
    }],
    tests: { [undoingRules]: ["10.7: what undoes an action may be abandoned"] }
  },
  {
    name: "abandoned-with-an-attempt-too-many",
    breaks: "10.7: an attempt that was only to come when it was abandoned is shown as one that has begun",
    plants: [{
      file: concluding,
      find: `(phase === "unwinding" && (verdict === undefined || detail?.stepStartedAt !== undefined))`,
      replace: `(phase === "unwinding" && (verdict === undefined || detail?.stepStartedAt !== null))`
    }],
    tests: { [undoingRules]: ["10.7: what undoes an action may be abandoned"] }
  },
  {
    name: "unwinding-that-looks-away",
    breaks: "10.4: who ends just as it comes to be waited for is never unwound",
    plants: [{
      file: functionFile("due_to_unwind"),
      find: `more := cardinality(locked) < cardinality(living);`,
      replace: `more := false;`
    }],
    tests: { [endingChildren]: ["10.4: one that its step has given up", "10.4: of one that ends well"] }
  },
  {
    name: "unwinding-that-sees-no-jobs",
    breaks: "10.4: who is cancelled in its queue just as it comes to be waited for is waited for for ever",
    plants: [{
      file: functionFile("due_to_unwind"),
      find: `j.action = any(living) and j.kind = 0 /* JobKind.invocation */
      for key share skip locked);`,
      replace: `j.action = any(living) and j.kind = 0 /* JobKind.invocation */);`
    }],
    tests: { [endingChildren]: ["10.4: one that its step has given up"] }
  },
  {
    name: "unwinding-that-takes-what-is-held",
    breaks: "10.4: what somebody reuses just now is unwound all the same",
    plants: [{
      file: functionFile("due_to_unwind"),
      find: `where e.id = any(ended) for update skip locked);`,
      replace: `where e.id = any(ended));`
    }],
    tests: { [endingChildren]: ["10.4: one that somebody has in hand"] }
  },
  {
    name: "unwinding-out-of-order",
    breaks: "10.4: while one is in somebody's hands, those are undone that come after it",
    plants: [{
      file: functionFile("due_to_unwind"),
      find: `over (partition by o.action order by o.slot)
        -- the others`,
      replace: `over (partition by o.action, o.slot)
        -- the others`
    }],
    tests: { [endingChildren]: ["10.4: one that somebody has in hand"] }
  },
  {
    name: "unwound-and-achieved",
    breaks: "10.4: what was undone is reused",
    plants: [{
      file: functionFile("take_unwindings"),
      find: `delete from achievements where checksum_key = any(keys) and action = any(p_ids);`,
      replace: `null;`
    }],
    tests: { [besideTests]: ["10.4: what undoes an action that was completed from outside"] }
  },
  {
    name: "unwound-and-another-forgotten",
    breaks: "10.4: the achievement of another action goes",
    plants: [{
      file: functionFile("take_unwindings"),
      find: ` and action = any(p_ids);`,
      replace: `;`
    }],
    tests: { [besideTests]: ["10.4: an achievement that is another's by now"] }
  },
  {
    name: "unwound-with-callbacks",
    breaks: "10.4: callbacks of an action run once more when it is unwound",
    plants: [{
      file: "src/engine/perform/concluding.ts",
      find: `unwinds === undefined &&`,
      replace: ``
    }],
    tests: { [besideTests]: ["10.4: what undoes an action that was completed from outside"] }
  },
  {
    name: "unwinds-without-looking-for-cycles",
    breaks: "10.4: what undoes an action waits for itself",
    plants: [{
      file: functionFile("edges_of_waiting"),
      find:
        `where (select a.outcome is null or a.phase <> 3 /* Phase.callbacks */ from live_actions a where a.id = s.action);`,
      replace: `where (select a.outcome is null from live_actions a where a.id = s.action);`
    }],
    tests: { [besideTests]: ["10.4: where waiting for its lane would close a cycle"] }
  },
  {
    name: "unwinds-without-those-given-up",
    breaks: "10.4: a child that its step has given up is left when it ends well",
    plants: [{
      file: functionFile("unwind_children"),
      find: `o.status = 4 /* Status.cancelled */ and e.id is null`,
      replace: `false`
    }],
    tests: { [childrenTests]: ["10.4: a child that its step has given up"] }
  },
  {
    name: "unwinds-silently",
    breaks: "10.4: nobody hears of what a child could not undo",
    plants: [{
      file: functionFile("after_ends"),
      find: `else nullif(e.unwound, '{}') end`,
      replace: `else null end`
    }],
    tests: { [childrenTests]: ["10.4: what a child cannot undo"] }
  },
  {
    name: "deleted-below-what-was-taken-over",
    breaks: "4.7, 10.4: what a child that was taken over is to unwind is deleted",
    plants: [{
      file: functionFile("is_to_unwind"),
      find: `select o.action from slots o where o.child = above[at] and o.moved`,
      replace: `select null::uuid`
    }],
    tests: {
      [compensatingAgain]: [
        "4.7, 10.4, 18.1: what a child that was taken over",
        "4.7, 10.4, 18.1: what a child that is retried"
      ]
    }
  },
  {
    name: "deleted-below-what-is-taken-over-again",
    breaks: "4.7, 18.1: what a child that was taken over is to unwind is deleted before who takes it over again begins",
    plants: [{
      file: functionFile("is_retried"),
      find: `select o.action from slots o where o.child = above[at] and o.moved`,
      replace: `select null::uuid`
    }],
    tests: { [compensatingAgain]: ["4.7, 18.1: what a child that was taken over"] }
  },
  {
    name: "deleted-far-below-is-undone",
    breaks: "18.2, 18.1: what children are to unwind in turn, and was deleted, counts as undone",
    plants: [{
      file: functionFile("gone_to_unwind"),
      find: `    ) b;
`,
      replace: `      limit 0
    ) b;
`
    }],
    tests: {
      [compensatingAgain]: [
        "18.2, 10.4: what children that are still to be unwound are to unwind",
        "18.1, 10.4: what is to be undone with the new action"
      ]
    }
  },
  {
    name: "unwinds-what-is-deleted",
    breaks: "10.4: what may be unwound is deleted",
    plants: [{
      file: functionFile("reads_of"),
      find: `case when e.undo is null then false else is_to_unwind(e.id) end`,
      replace: `false`
    }],
    tests: { [childrenTests]: ["10.4: the history of what may"] }
  },
  {
    name: "unwinds-the-step-first",
    breaks: "10.4: the step is undone before its children",
    plants: [{
      file: "src/engine/perform/unwinding.ts",
      find: `(undo & Undo.unwind) !== 0 && !unwound.has(row.index)) all.push(`,
      replace: `(undo & Undo.unwind) !== 0 && !unwound.has(row.index) && undone.has(row.index)) all.push(`
    }],
    tests: { [childrenTests]: ["10.4: children that have succeeded are unwound"] }
  },
  {
    name: "unwinds-as-the-action-has-ended",
    breaks: "10.4: what is undone as a whole is forgotten once it is not defined any more",
    plants: [{
      file: "src/engine/perform/unwinding.ts",
      find: `const isWhole = ((performance.unwinds ?? 0) & Undoable.whole) !== 0`,
      replace:
        `const isWhole = ((performance.unwinds ?? 0) & Undoable.whole) !== 0 && performance.runnable.definition.compensate !== undefined`
    }],
    tests: { [besideTests]: ["10.4: a child whose process no longer has"] }
  },
  {
    name: "key-of-everybody",
    breaks: `14.1: a key is held for all actors together`,
    plants: [{
      file: functionFile("enqueue_keyed"),
      find: `select 1 /* KeyKind.idempotency */, i.definition, i.actor_id, i.key,`,
      replace: `select 1 /* KeyKind.idempotency */, i.definition, '', i.key,`
    }],
    tests: { [named]: ["14.1: a key is its definition's and its actor's own"] }
  },
  {
    name: "key-whatever-is-asked",
    breaks: `14.1: who asks for something else under a key gets what it names`,
    plants: [{
      file: functionFile("enqueue_keyed"),
      find: `elsif v_key.given is distinct from x.given or (`,
      replace: `elsif (`
    }],
    tests: { [named]: ["14.1: with other arguments it is a conflict", "14.1: an id is everybody's"] }
  },
  {
    name: "key-two-names",
    breaks: `14.1: an id and a key that name two actions are no conflict`,
    plants: [{
      file: functionFile("enqueue_keyed"),
      find: ` or (v_met[x.n] and v_key.action <> v_named[x.n]) then`,
      replace: ` then`
    }],
    tests: { [named]: ["14.1: an id and a key together name one action"] }
  },
  {
    name: "key-leaves-its-id",
    breaks: `14.1: an id that came with a key that was held is held, and names nothing`,
    plants: [{
      file: functionFile("enqueue_keyed"),
      find: `if x.kind = 1 /* KeyKind.idempotency */ and x.own_id and not v_met[x.n] then`,
      replace: `if false then`
    }],
    tests: { [named]: ["14.1: an id and a key together name one action"] }
  },
  {
    name: "key-conflict-keeps-keys",
    breaks: `14.1: a conflict leaves the keys of what was not stored`,
    plants: [{
      file: functionFile("enqueue_keyed"),
      find: `delete from action_keys a where a.ctid = any(v_added);`,
      replace: ``
    }],
    tests: { [named]: ["14.1: with other arguments it is a conflict"] }
  },
  {
    name: "key-conflict-frees-keys",
    breaks: `14.1: a conflict deletes the key of another one, whose time is over`,
    plants: [{
      file: functionFile("enqueue_keyed"),
      find: `g.created_at, g.free_at from unnest(v_gone) g;`,
      replace: `g.created_at, g.free_at from unnest(v_gone) g where false;`
    }],
    tests: { [named]: ["14.1: a conflict leaves a key as it was"] }
  },
  {
    name: "key-time-from-the-beginning",
    breaks: `14.1: a key is held from the enqueueing on, and free while its action is live`,
    plants: [{
      file: functionFile("enqueue_keyed"),
      find: `or (key_free_at(v_key.action, p_now, p_kept_ms) <= p_now) is not true;`,
      replace: `;`
    }],
    tests: { [named]: ["14.1: a key is held for keyRetention after the end", "14.1: superseded, it holds its key"] }
  },
  {
    name: "key-of-the-superseded",
    breaks: `14.1: a key is free after its first action's end, while that one's successor is live`,
    plants: [{
      file: functionFile("key_free_at"),
      find: `from outcomes_of(array[p_action]) o);`,
      replace:
        `from (select p_action as final, case when exists (select 1 from ended_actions e where e.id = p_action) then 'ended' else o.state end as state from outcomes_of(array[p_action]) o) o);`
    }],
    tests: { [named]: ["14.1: superseded, it holds its key"] }
  },
  {
    name: "key-outlives-its-outcome",
    breaks: `14.1: history is deleted of what a key names that is held`,
    plants: [{
      file: functionFile("reads_of"),
      find: `        when (e.id in (select unnest(p_named))) is true then 'key'
`,
      replace: ``
    }],
    tests: { [named]: ["14.1: the outcome of what a key names is kept"] }
  },
  {
    name: "key-outlives-its-successor",
    breaks: `14.1: history is deleted of what has superseded the one that a key names`,
    plants: [{
      file: functionFile("named_by_keys"),
      find: `(select e.superseded_by from ended_actions e where e.id = w.id and e.cause is null),
        (select o.follows from outcomes o where o.id = w.id))`,
      replace: `null::uuid)`
    }],
    tests: { [named]: ["14.1: the outcome of what a key names is kept"] }
  },
  {
    name: "keys-that-are-never-freed",
    breaks: `14.1: keys of what has ended stay for ever`,
    plants: [{
      file: functionFile("free_keys"),
      find: `delete from action_keys a using known k where a.ctid = k.place and k.free_at <= p_now`,
      replace: `delete from action_keys a using known k where a.ctid = k.place and k.free_at > p_now`
    }],
    tests: { [named]: ["14.1: upkeep keeps keys of what has not ended"], [keyRaces]: ["14.1: a worker frees keys"] }
  },
  {
    name: "keys-in-any-order",
    breaks: `14.1: two calls for the same keys wait for each other, and one is refused`,
    plants: [{
      file: functionFile("enqueue_keyed"),
      find: `      k.kind, k.definition collate "C", k.actor_id collate "C", k.key collate "C", i.n`,
      replace: `      i.n`
    }],
    tests: { [keyRaces]: ["14.1: calls for the same keys in different orders"] }
  },
  {
    name: "keyed-in-parts",
    breaks: `14.1: of thousands that are asked for at once a part stays, although one is a conflict`,
    plants: [{
      file: "src/sql/transitions/enqueue.ts",
      find: `if (one.conflict !== undefined) return yield* Effect.fail(new Refused(index, one))`,
      replace: ``
    }],
    tests: { [named]: ["14.1: more than one statement holds"] }
  },
  {
    name: "completion-key-of-what-performs",
    breaks: "12.1: who comes with a key again completes what performs by then",
    plants: [{
      file: functionFile("complete_keyed"),
      find: `    if found then
      return next row(`,
      replace: `    if found and p_id is not null then
      return next row(`
    }, {
      file: functionFile("complete_keyed"),
      find: `    on conflict do nothing;
    exit when found;`,
      replace: `    on conflict do nothing;
    exit;`
    }],
    tests: { [completionKeys]: ["12.1: who comes with a key again"] }
  },
  {
    name: "completion-key-for-anything",
    breaks: "12.1: another outcome under a key is answered as the first one was",
    plants: [{
      file: functionFile("complete_keyed"),
      find: `when k.given = p_given and (p_id is null or k.action = p_id)`,
      replace: `when p_id is null or k.action = p_id`
    }],
    tests: {
      [completionKeys]: ["12.1: another outcome is a conflict"],
      [completionKeyRaces]: ["12.1: "]
    }
  },
  {
    name: "completion-key-of-nothing",
    breaks: "12.1: a key is held by what has completed nothing, and its completion is lost when it comes again",
    plants: [{
      file: functionFile("complete_keyed"),
      find: `if a.kind = -6 /* Kind.verdict */ and a.step <> 1 /* Verdict.done */ then`,
      replace: `if false then`
    }],
    tests: { [completionKeys]: ["12.1: what has completed nothing", "12.1: one that comes after the action's time"] }
  },
  {
    name: "completion-key-goes-with-the-history",
    breaks: "12.1: a key whose history is deleted is free before keyRetention is over",
    plants: [{
      file: functionFile("delete_history"),
      find: `and free_at is null and held_until > p_before;`,
      replace: `and false;`
    }],
    tests: { [completionKeys]: ["12.1: a key is held as long as the history"] }
  },
  {
    name: "token-with-bits-to-spare",
    breaks: "12.2: one token has several texts, each of which counts as another one",
    plants: [{
      file: "src/domain/tokenText.ts",
      find: ` || Base64Url.encode(mac.success) !== code`,
      replace: ``
    }],
    tests: { [tokens]: ["12.2: forged, truncated"] }
  },
  {
    name: "token-without-a-code",
    breaks: "12.2: whoever writes a token has one",
    plants: [{
      file: "src/Tokens.ts",
      find: `const claims = isGenuine ? read.claims() : undefined`,
      replace: `const claims = isGenuine || read.mac.length > 0 ? read.claims() : undefined`
    }],
    tests: { [tokens]: ["12.2: forged, truncated"] }
  },
  {
    name: "token-for-ever",
    breaks: "12.2: a token counts after it has expired",
    plants: [{
      file: "src/Tokens.ts",
      find: `(yield* now) >= claims.expiresAt`,
      replace: `(yield* now) > claims.expiresAt`
    }],
    tests: { [tokens]: ["12.2: a token counts until it expires"] }
  },
  {
    name: "token-of-any-attempt",
    breaks: "12.2: what came for an attempt that has failed settles the next one, or is given to it",
    plants: [{
      file: functionFile("match_signals"),
      find: `      and (u.for_step is null or attempt_counts(u.action, u.for_step, u.for_attempt))
`,
      replace: ``
    }, {
      file: functionFile("unread_signals"),
      find: `      and (u.for_step is null or attempt_counts(u.action, u.for_step, u.for_attempt))
`,
      replace: ``
    }],
    tests: { [tokens]: ["12.2: what came for an attempt"], [tokenRaces]: ["12.2: "] }
  },
  {
    name: "token-completes-after-its-attempt",
    breaks: "12.2: who was asked by an attempt that has failed completes the action of the next one",
    plants: [{
      file: functionFile("complete"),
      find: `if p_step is not null and not attempt_counts(p_id, p_step, p_attempt) then`,
      replace: `if false then`
    }],
    tests: { [tokens]: ["12.2: one that completes is late"], [tokenRaces]: ["12.2: "] }
  },
  {
    name: "token-stored-as-it-is",
    breaks: "12.2: who reads the tables has what counts as a token",
    plants: [{
      file: "src/Tokens.ts",
      find: `update(token).digest("base64url")`,
      replace: `update(token).digest("base64url") + token.slice(-43)`
    }],
    tests: { [tokens]: ["12.2: who has a token sends its signal"] }
  },
  {
    name: "silence-unnoticed",
    breaks: "12.3: nobody looks at how long nothing was heard of a wait before the first heartbeat",
    plants: [{
      file: functionFile("add_children"),
      find: `    least(x.due, p_now + x.heartbeat * interval '1 millisecond'), x.success,`,
      replace: `    x.due, x.success,`
    }],
    tests: { [heartbeats]: ["12.3: readers see when"] }
  },
  {
    name: "silence-within-the-limit",
    breaks: "12.3: who is heard within the limit is given up, since what he said in between was not stored",
    plants: [{ file: functionFile("silent_at"), find: `/ 3.0 * 4 *`, replace: `/ 3.0 * 3 *` }],
    tests: { [heartbeats]: ["12.3: nobody is given up who is heard"] }
  },
  {
    name: "heartbeats-all-stored",
    breaks: "12.3: each heartbeat is stored, however soon after the one before",
    plants: [{
      file: functionFile("is_unheard"),
      find: `  select p_heard_at is null
    or p_now`,
      replace: `  select p_heard_at is not null
    or p_heard_at is null
    or p_now`
    }],
    tests: { [heartbeats]: ["12.3: readers see when"] }
  },
  {
    name: "heartbeat-moves-the-timeout",
    breaks: "12.3: a wait lasts as long as something is heard, whatever its timeout",
    plants: [{
      file: functionFile("hear_signals"),
      find: `least(moved_limit(o.limit_at, coalesce(p_by, 0), p_now), silent_at(o.heartbeat_ms, p_now))`,
      replace: `silent_at(o.heartbeat_ms, p_now)`
    }],
    tests: { [heartbeats]: ["12.3: being heard does not put off"] }
  },
  {
    name: "timeout-as-silence",
    breaks: "12.3: a wait whose timeout is over fails as if nothing had been heard, though it may pass",
    plants: [{
      file: functionFile("time_out_signals"),
      find: `o.heartbeat_ms is not null and o.due_at < coalesce(o.limit_at, 'infinity')`,
      replace: `o.heartbeat_ms is not null`
    }],
    tests: { [heartbeats]: ["12.3: being heard does not put off"] }
  },
  {
    name: "silence-that-may-pass",
    breaks: "12.3: of a wait that may pass nobody learns that the other system is dead",
    plants: [{
      file: signalling,
      find: `status === "timed_out" && cause === null`,
      replace: `status === "timed_out"`
    }],
    tests: { [heartbeats]: ["12.3: being heard does not put off"] }
  },
  {
    name: "heartbeat-after-its-time",
    breaks: "12.3: who comes when the time is over counts, as long as nobody has looked",
    plants: [{
      file: functionFile("hear_action"),
      find: `    and coalesce(least(x.timeout_at, x.silent_at), 'infinity') > p_now
`,
      replace: ``
    }],
    tests: { [heartbeats]: ["12.3: who comes when the time is over"] }
  },
  {
    name: "completion-after-silence",
    breaks: "12.3: who has been silent for too long completes the action, as long as nobody has looked",
    plants: [{
      file: functionFile("complete"),
      find: `least(l.timeout_at, l.silent_at) <= p_now`,
      replace: `l.timeout_at <= p_now`
    }],
    tests: { [heartbeats]: ["12.3: who comes when the time is over"] }
  },
  {
    name: "last-words-of-another",
    breaks: "12.3: of several that are silent all are said to have said what one of them has",
    plants: [{
      file: functionFile("end_silent"),
      find: ` and details is not distinct from first.details`,
      replace: ``
    }],
    tests: { [heartbeats]: ["12.3: one whose job has ended"] }
  },
  {
    name: "heartbeat-before-it-is-outside",
    breaks: "12.3: what is heard while its steps run is stored as if it waited outside",
    plants: [{
      file: functionFile("hear_action"),
      find: `    x.id = p_action and x.phase = 2 /* Phase.outbound */ and x.outcome is null`,
      replace: `    x.id = p_action and x.outcome is null`
    }],
    tests: { [heartbeats]: ["12.3: an outbound action whose steps have ended"] }
  },
  {
    name: "heartbeat-for-what-has-come",
    breaks: "12.3: who has sent all that is waited for is told that he is waited for",
    plants: [{
      file: functionFile("hear_signals"),
      find: `    when w.is_open or w.has_waited then`,
      replace: `    when w.is_open then`
    }],
    tests: { [heartbeats]: ["12.3: a token is heard for its own signal"] }
  },
  {
    name: "heartbeat-without-its-lock",
    breaks: "12.3: whoever looks what is over waits for a heartbeat in a transaction that stays open",
    plants: [{
      file: functionFile("hear_signals"),
      find: `    perform 1 from steps s where s.action = p_action and s.idx = p_at for no key update;
`,
      replace: ``
    }],
    tests: { [heartbeatRaces]: ["12.3: one that comes in time counts"] },
    hangs: true
  },
  {
    name: "silence-is-no-timeout",
    breaks: "12.3: nobody wakes when an outbound action has been silent for too long",
    plants: [{
      file: functionFile("next_due"),
      find: `(select min(l.silent_at) from live_actions l where l.silent_at is not null and l.outcome is null)`,
      replace: `null`
    }],
    tests: { [heartbeats]: ["12.3: a drain takes the time of silence"] }
  },
  {
    name: "limit-beyond-time",
    breaks: "12.3: a limit is moved until no timestamp holds it",
    plants: [{
      file: functionFile("moved_limit"),
      find: `greatest(p_limit, least(
    p_limit + p_by * interval '1 millisecond', p_now + 1e14 * interval '1 millisecond'))`,
      replace: `p_limit + p_by * interval '1 millisecond'`
    }],
    tests: { [extended]: ["12.3: what has no limit has none to move"] }
  },
  {
    name: "extended-without-being-heard",
    breaks: "12.3: who asks for more time is given up as silent",
    plants: [{
      file: functionFile("hear_signals"),
      find: `    set
      heard_at = p_now,`,
      replace: `    set
      heard_at = case when p_by is null then p_now else o.heard_at end,`
    }],
    tests: { [extended]: ["12.3: where nothing may be silent"] }
  },
  {
    name: "completion-past-a-key-that-is-being-stored",
    breaks: "12.1: who looks for what performs after the key is told that nothing does, while somebody completes it",
    plants: [{
      file: functionFile("complete_keyed"),
      find: `if p_id is null then ids := performing_outside(p_definition, p_actor_id);
    else`,
      replace: `if p_id is not null then`
    }, {
      file: functionFile("complete_keyed"),
      find: `    if p_id is null then
      if cardinality`,
      replace: `    if p_id is null then
      perform pg_sleep(0.02);
      ids := performing_outside(p_definition, p_actor_id);
      if cardinality`
    }],
    tests: { [completionKeyRaces]: ["12.1: "] }
  },
  {
    name: "too-old-and-taken",
    breaks: "16.1: what was achieved longer ago than achievementTtl says counts",
    plants: [{
      file: "src/engine/invoke/prepare.ts",
      find: `now - achievedAt < (definition.achievementTtl ?? Infinity)`,
      replace: `true`
    }],
    tests: { [checksums]: ["16.1: what was achieved counts"] }
  },
  {
    name: "void-and-never-too-old",
    breaks: "16.1: an achievement without a result is taken as it is, however old",
    plants: [{
      file: registry,
      find: `codecOf(definition.success).isVoid && definition.achievementTtl === undefined ? Flag`,
      replace: `codecOf(definition.success).isVoid ? Flag`
    }],
    tests: { [checksums]: ["16.1: what was achieved counts"] }
  },
  {
    name: "deadlocked-and-erasing",
    breaks: "2.6: what is deadlocked erases what it has found and could not read",
    plants: [{
      file: functionFile("join_lane"),
      find: `    became := 'deadlocked';
`,
      replace: `    became := 'deadlocked';
    delete from achievements a where a.checksum_key = p_job.checksum_key and a.action = p_job.passes_by;
`
    }],
    tests: { [checksums]: ["2.6: nor does what is deadlocked"] }
  },
  {
    name: "passing-by-whatever-comes",
    breaks: "16.1: who has passed by what is too old passes by what has been achieved since then",
    plants: [{
      file: functionFile("achievement_for"),
      find: `and a.action is distinct from p_passes_by`,
      replace: `and p_passes_by is null`
    }],
    tests: { [checksums]: ["16.1: who has passed by what is too old"] }
  },
  {
    name: "version-left-out",
    breaks: "16.1: what another version has achieved counts",
    plants: [{
      file: "src/engine/checksum.ts",
      find: `checksum([version, value])`,
      replace: `checksum(value)`
    }],
    tests: { [checksums]: ["16.1: what another version"] }
  },
  {
    name: "below-and-beside",
    breaks: "16.1: forgetting below a key forgets keys that merely begin like it",
    plants: [{
      file: "src/sql/records.ts",
      find: `checksum_key > $::text || '/' and`,
      replace: `checksum_key > $::text and`
    }],
    tests: { ["test/behaviour/Keys.test.ts"]: ["16.1: achievements are forgotten"] }
  },
  {
    name: "list-twice",
    breaks: `14.3: the last one of a page is the first one of the next`,
    plants: [{
      file: "src/sql/conditions.ts",
      find: `\`id < \${place}\`, PgTypes.uuid(filter.after))`,
      replace: `\`id <= \${place}\`, PgTypes.uuid(filter.after))`
    }],
    tests: { [listing]: ["14.3: pages follow each other"] }
  },
  {
    name: "list-children-of-the-ended",
    breaks: `14.3: of a parent those children are found that were enqueued before it was`,
    plants: [{
      file: "src/sql/conditions.ts",
      find: `\`id >= \${place}\`, idAt(parent.enqueuedAt.getTime() - apartMs))`,
      replace: `\`id < \${place}\`, idAt(parent.enqueuedAt.getTime() - apartMs))`
    }],
    tests: { [listing]: ["14.3: a filter's parts have all to be so"] }
  },
  {
    name: "list-that-must-be-read",
    breaks: `14.3: one that the definition does not read is taken for one that it does`,
    plants: [{
      file: "src/Listing.ts",
      find: `Effect.map(Effect.option(decoded), (value) => value as Option.Option<A>)`,
      replace: `Effect.map(Effect.orDie(decoded), (value) => Option.some(value as A))`
    }],
    tests: { [listing]: ["14.3: with the action given"] }
  },
  {
    name: "signal-that-nobody-looks-at",
    breaks: "11.1: who waits for a signal does not hear of it",
    plants: [{
      file: functionFile("send_signal"),
      find: `      insert into jobs (queue,`,
      replace: `      if false then insert into jobs (queue,`
    }, {
      file: functionFile("send_signal"),
      find: `t.definition, t.actor_id, p_now);`,
      replace: `t.definition, t.actor_id, p_now); end if;`
    }],
    tests: { [signals]: ["11.1: a step waits for a signal"] },
    hangs: true
  },
  {
    name: "signal-before-the-wait",
    breaks: "11.3: what was sent before anybody waited is not looked for",
    plants: [{
      file: functionFile("finish"),
      find: `    if slot_signal is not null then`,
      replace: `    if false then`
    }],
    tests: { [signals]: ["11.3: what is sent before anybody waits"] },
    hangs: true
  },
  {
    name: "signal-past-a-wait-that-is-being-stored",
    breaks: "11.2: who looks for a signal's sake does not wait for who stores a wait just now",
    plants: [{
      file: functionFile("deliver_signals"),
      find: `      where id = v_id
      for update skip locked;`,
      replace: `      where id = v_id;`
    }],
    tests: { [signalRaces]: ["11.2: one that is sent while a wait is being stored"] },
    hangs: true
  },
  {
    name: "signals-latest-first",
    breaks: "11.3: signals are read in another order than they came in",
    plants: [{
      file: functionFile("match_signals"),
      find: `    order by u.id
`,
      replace: `    order by u.id desc
`
    }],
    tests: { [signals]: ["11.3: what is sent before anybody waits"] }
  },
  {
    name: "signal-key-for-anything",
    breaks: "11.4: another payload under a key is taken for the same",
    plants: [{
      file: functionFile("send_signal"),
      find: `when same.payload is not distinct from p_payload and`,
      replace: `when`
    }],
    tests: { [signals]: ["11.4: two with one key are one"] }
  },
  {
    name: "signals-read-by-a-step-that-fails",
    breaks: "11.1: what a step was given that has failed is read",
    plants: [{
      file: concluding,
      find: `phase === "waiting" && runnable.definition.signals.length > 0 ?`,
      replace: `phase === "waiting" && runnable.definition.signals.length < 0 ?`
    }],
    tests: { [signals]: ["11.1: unread ones are given at once"] }
  },
  {
    name: "signals-of-the-superseded",
    breaks: "11.3: what was sent to an action stays with it when another one takes its place",
    plants: [{
      file: functionFile("hand_over_signals"),
      find: `where action = any(p_from) and step is null`,
      replace: `where false`
    }],
    tests: { [signals]: ["11.3: whoever takes the place"] },
    hangs: true
  },
  {
    name: "signals-of-who-joins-in-named-lanes",
    breaks: "11.3: what was sent to an invocation that joins another one in a named lane is lost",
    plants: [{
      file: functionFile("join_named_lane"),
      find: `if takes_signals then perform hand_over_signals(p_now, array[p_job.action], same); end if;`,
      replace: ``
    }],
    tests: { [signalsInLanes]: ["11.3, 2.5 b: who joins another one in a named lane"] }
  },
  {
    name: "signals-of-who-joins",
    breaks: "11.3: what was sent to an invocation that joins another one is lost",
    plants: [{
      file: functionFile("join_lane"),
      find: `if takes_signals then perform hand_over_signals(p_now, array[p_job.action], same); end if;`,
      replace: ``
    }],
    tests: { [signalsInLanes]: ["11.3, 2.5 b: who joins another one in a lane"] }
  },
  {
    name: "signals-of-who-arrives-late",
    breaks: "11.3: what was sent to an invocation that is superseded as it arrives is lost",
    plants: [{
      file: functionFile("join_lane"),
      find: `if takes_signals then perform hand_over_signals(p_now, array[p_job.action], ended); end if;`,
      replace: ``
    }],
    tests: { [signalsInLanes]: ["11.3, 14.2: what was sent to one that is superseded as it arrives in a lane"] }
  },
  {
    name: "signals-of-who-arrives-late-in-named-lanes",
    breaks: "11.3: what was sent to an invocation that is superseded as it arrives in a named lane is lost",
    plants: [{
      file: functionFile("join_named_lane"),
      find: `    elsif takes_signals then perform hand_over_signals(p_now, ended, newer.id);
`,
      replace: ``
    }],
    tests: { [signalsInLanes]: ["11.3, 14.2: what was sent to one that is superseded as it arrives in a named lane"] }
  },
  {
    name: "signals-of-who-arrives-late-and-is-told",
    breaks:
      "11.3: what was sent to who is superseded as it arrives is read by the newer one, though its waiters are told",
    plants: [{
      file: functionFile("join_named_lane"),
      find: `told := ended;
    elsif takes_signals then perform`,
      replace: `told := ended;
    end if;
    if takes_signals then perform`
    }],
    tests: { [signalsInLanes]: ["11.3, 14.2: and nobody's"] }
  },
  {
    name: "signals-of-the-superseded-in-named-lanes",
    breaks: "11.3: what was sent to an action stays with it when another one takes its place in a named lane",
    plants: [{
      file: functionFile("join_named_lane"),
      find: `if takes_signals and cardinality(ended) > 0 then`,
      replace: `if takes_signals and cardinality(ended) > 9 then`
    }],
    tests: { [signalsInLanes]: ["11.3, 15.4: what was sent to the superseded"] }
  },
  {
    name: "signals-of-the-superseded-whose-waiters-are-told",
    breaks: "11.3: the newcomer reads what was sent to one whose waiters are told that it is superseded",
    plants: [{
      file: functionFile("join_named_lane"),
      find: `array(select o from unnest(ended) o where (o = any(told)) is not true)`,
      replace: `ended`
    }],
    tests: { [signalsInLanes]: ["11.3, 15.4: where waiters are told"] }
  },
  {
    name: "signal-to-the-superseded-whose-waiters-are-told",
    breaks: "11.3: what is sent to a superseded action whose waiters were told goes to its successor",
    plants: [{
      file: functionFile("send_signal"),
      find: `when e.status = 3 /* Status.superseded */ and e.cause is null then e.superseded_by`,
      replace: `when e.status = 3 /* Status.superseded */ then e.superseded_by`
    }],
    tests: { [signalsInLanes]: ["11.3, 15.4: where waiters are told", "11.3, 14.2: and nobody's"] }
  },
  {
    name: "signal-to-the-superseded-while-it-is",
    breaks: "11.3: what is sent to an action while it is superseded is lost",
    plants: [{
      file: functionFile("deliver_signals"),
      find: `      if v_next is not null then`,
      replace: `      if false then`
    }],
    tests: { [signalRaces]: ["11.3: one that is sent to an action while"] },
    hangs: true
  },
  {
    name: "signal-that-may-pass-fails",
    breaks: "11.1: a wait that may pass fails its step",
    plants: [{
      file: signalling,
      find: `signal?.isOptional === true && status`,
      replace: `signal?.isOptional === undefined && status`
    }],
    tests: { [signals]: ["11.1: a signal that does not come in time"] }
  },
  {
    name: "signal-after-its-time",
    breaks: "11.4: what came too late settles a wait whose time was over",
    plants: [{
      file: functionFile("match_signals"),
      find: `(o.due_at is null or u.sent_at < o.due_at)`,
      replace: `(o.due_at is null or true)`
    }],
    tests: { [signals]: ["11.4: what was sent in time"] }
  },
  {
    name: "signal-behind-its-time",
    breaks: "11.4: what was sent in time is passed over by who looks at the time",
    plants: [{
      file: functionFile("time_out_signals"),
      find: `perform match_signals(x.action, x.step) from`,
      replace: `perform x.action from`
    }],
    tests: { [signals]: ["11.4: what was sent in time"] }
  },
  {
    name: "signal-waited-for-anew",
    breaks: "11.5: an attempt waits anew for what an earlier one has received",
    plants: [{
      file: stepService,
      find: `const reuses = reuse(request)
            return makeChild(`,
      replace: `const reuses = reuse(undefined)
            return makeChild(`
    }],
    tests: { [signals]: ["11.5, 9.1: an attempt has"] }
  },
  {
    name: "signal-to-one-that-ends",
    breaks: "11.3: an action whose outcome is fixed takes signals",
    plants: [{
      file: functionFile("send_signal"),
      find: `l.outcome is null as takes`,
      replace: `true as takes`
    }],
    tests: { [signals]: ["11.3, 13.1: what is cancelled"] }
  },
  {
    name: "said-once",
    breaks: "17.5: who has lost its lease is listed without its definitions from then on",
    plants: [{
      file: "src/engine/worker/Announcing.ts",
      find: `said.token === worker.lease.token() && said.all`,
      replace: `said.all`
    }],
    tests: { "test/operations/Catalogue.test.ts": ["is said again by who has lost its lease"] }
  },
  {
    name: "secret-of-a-class",
    breaks: "17.5: what is secret in a class is not found",
    plants: [{
      file: "src/engine/describe.ts",
      find: `return isSecret(stored) ? yield* placesIn(stored, on) : yield []`,
      replace: `return yield []`
    }],
    tests: { "test/engine/describe.test.ts": ["17.5: secrets are found where they are stored"] }
  },
  {
    name: "progress-of-the-last-step",
    breaks: `14.4: what a step has said is shown of the next one`,
    plants: [{
      file: "src/sql/schema/action_views.sql",
      find: `(progress ->> 'step')::int = step
`,
      replace: `(progress ->> 'step')::int <= step
`
    }],
    tests: { [progress]: ["14.4: what a step has said last is seen while it runs"] }
  },
  {
    name: "progress-without-a-fence",
    breaks: `14.4: who has lost an action still says how far it is`,
    plants: [{
      file: functionFile("note_progress"),
      find: `l.id = x.action and l.token = p_token and l.step = x.step`,
      replace: `l.id = x.action and l.step = x.step`
    }],
    tests: { [progress]: ["14.4: of an action that is somebody else's"] }
  },
  {
    name: "progress-in-no-time",
    breaks: `14.4: what a body says is stored each time`,
    plants: [{
      file: "src/engine/worker/Notes.ts",
      find: `yield* realSleep(everyMs)`,
      replace: `yield* realSleep(everyMs / 1000)`
    }],
    tests: { [progress]: ["14.4: of what is said within a second"] }
  },
  {
    name: "tree-written-again",
    breaks:
      "17.4: what is shared is written with all that is below it in each place: of a few levels that is too much to end",
    plants: [{
      file: "src/Tree.ts",
      find: "const isAbove = writing.written.has(action.id)",
      replace: "const isAbove = false"
    }],
    tests: { [trees]: ["17.4: the text says how far"] }
  },
  {
    name: "tree-obeyed",
    breaks: "17.4: a terminal obeys what a failure has put into its text",
    plants: [{ file: "src/domain/shown.ts", find: "[\\p{Cc}\\p{Cs}", replace: "[\\p{Cs}" }],
    tests: { [trees]: ["17.4: the text says how far"] }
  },
  {
    name: "tree-of-another-action",
    breaks: "17.4: a tree is typed by a definition that is not its root's",
    plants: [{ file: "src/Tree.ts", find: "found.value.action.name === action.name", replace: "action !== undefined" }],
    tests: { [trees]: ["17.4: as a value it is typed"] }
  },
  {
    name: "tree-leaves-out",
    breaks: "17.4: what is not read of a tree is passed over in silence",
    plants: [{
      file: "src/Tree.ts",
      find: "...missingLines(missing).map(leaf)",
      replace: "...missingLines(missing.slice(0, 0)).map(leaf)"
    }],
    tests: { [trees]: ["17.4: what is not in a tree"] }
  },
  {
    name: "diagram-unescaped",
    breaks: "17.4: a name means something in the picture's language",
    plants: [{ file: "src/Diagram.ts", find: "`#${character.codePointAt(0)};`", replace: "character" }],
    tests: { [diagrams]: ["17.4: what a step has asked for"] }
  },
  {
    name: "diagram-of-others",
    breaks: "17.4: a picture has in it what the definitions do not have any more",
    plants: [{
      file: "src/Diagram.ts",
      find: "history.filter((record) => known.has(keyOf(record)))",
      replace: "history.filter((record) => known.size > 0 || record.count > 0)"
    }],
    tests: { [diagrams]: ["17.4: what a step has asked for"] }
  },
  {
    name: "asked-of-all-history",
    breaks: "17.4: all of the history is read for what steps have asked for",
    plants: [{
      file: "src/sql/catalogue.ts",
      find: "order by id desc limit $3) a",
      replace: "order by id desc limit $3::int * 1000) a"
    }, {
      file: "src/sql/catalogue.ts",
      find: "${schema}.ended_actions order by id desc limit $3)",
      replace: "${schema}.ended_actions order by id desc)"
    }],
    tests: { [diagrams]: ["17.4: of the history the newest"] }
  },
  {
    name: "asked-by-undoing",
    breaks: "17.4: children that are undone count as asked for once more",
    plants: [{ file: "src/sql/catalogue.ts", find: "o.undo is null and ", replace: "" }],
    tests: { [diagrams]: ["17.4: of the history the newest"] }
  },
  {
    name: "why-of-two-levels",
    breaks: "19.1: of a chain the beginning alone is read",
    plants: [{
      file: functionFile("why"),
      find: "limit p_most - cardinality(found));",
      replace: "limit 2 - cardinality(found));"
    }],
    tests: { [whys]: ["19.1: a chain of ten"] }
  },
  {
    name: "why-without-end",
    breaks: "19.1: whoever waits for itself is gone into again and again",
    plants: [{
      file: "src/engine/client/why.ts",
      find: "const isAbove = told.has(id)",
      replace: "const isAbove = false"
    }],
    tests: { [whyEnds]: ["19.1: whoever waits for itself"] }
  },
  {
    name: "why-by-the-pool",
    breaks: "19.1: who asks waits for a connection of the pool, which is used up",
    plants: [{
      file: "src/sql/beside.ts",
      find: "embedded ? lent : Effect.catch(own, () => lent)",
      replace: "embedded || own !== undefined ? lent : Effect.catch(own, () => lent)"
    }],
    tests: { [whyCosts]: ["19.1: it answers while the pool"] }
  },
  {
    name: "why-by-nobody",
    breaks: "19.1: where the server has no connection left, the pool is not asked for one",
    plants: [{
      file: "src/sql/beside.ts",
      find: "embedded ? lent : Effect.catch(own, () => lent)",
      replace: "embedded ? lent : Effect.orDie(own)"
    }],
    tests: { [whyCosts]: ["19.1: where the server has no connection"] }
  },
  {
    name: "why-without-limit",
    breaks: "19.1: a statement waits as long as it takes",
    plants: [{
      file: "src/sql/beside.ts",
      find: "set local statement_timeout = ${statementMs}",
      replace: "set local statement_timeout = ${0 * statementMs}"
    }],
    tests: { [whyCosts]: ["19.1: what takes longer"] }
  },
  {
    name: "why-of-all-that-waits",
    breaks: "19.1: the whole queue before an action is counted",
    plants: [{
      file: functionFile("why_queued"),
      find: `        order by b.priority desc, b.id desc
        limit 1000`,
      replace: `        order by b.priority desc, b.id desc
        limit 1000000`
    }],
    tests: { [whyCosts]: ["19.1: asking why looks at"] }
  },
  {
    name: "why-of-all-children",
    breaks: "19.1: all children of a step are in the answer",
    plants: [{
      file: functionFile("why_waiting"),
      find: "where c.child is not null limit 20)",
      replace: "where c.child is not null)"
    }],
    tests: { [whys]: ["19.1: what a step waits for"] }
  },
  {
    name: "why-in-silence",
    breaks: "19.1: what is left out is passed over in silence",
    plants: [{
      file: "src/engine/client/why.ts",
      find: "uncounted += said.open - said.others.length",
      replace: "uncounted += 0"
    }],
    tests: { [whys]: ["19.1: what a step waits for"] }
  },
  {
    name: "why-served-by-the-dead",
    breaks: "19.1: a worker whose lease is over counts as one that takes what is due",
    plants: [{
      file: functionFile("why_served"),
      find: "where w.lease_until > clock_timestamp()",
      replace: "where true"
    }],
    tests: { [whys]: ["19.1: what is due"] }
  },
  {
    name: "nobody-lives-unsaid",
    breaks: "19.1: where no worker lives, it is not said that nobody ends what is late",
    plants: [{
      file: functionFile("why_action"),
      find: ` || why_unattended(p_now, p_id)`,
      replace: ``
    }],
    tests: { [whys]: ["19.1: where no worker lives"] }
  },
  {
    name: "nobody-lives-though-somebody-does",
    breaks: "19.1: what a living worker is about to end is said to be due, and nobody's",
    plants: [{
      file: functionFile("why_unattended"),
      find: `  then
    return '[]'::jsonb;
  end if;`,
      replace: `  then
    null;
  end if;`
    }],
    tests: { [whys]: ["19.1: where no worker lives"] }
  },
  {
    name: "attended-by-a-caller",
    breaks: "19.1: a process that performs for its own callers alone is thought to end what is late",
    plants: [{
      file: functionFile("why_unattended"),
      find: "and (w.definitions is not null or w.started_at > clock_timestamp() - interval '1 minute')",
      replace: "and true"
    }],
    tests: { [whys]: ["19.1: where no worker lives"] }
  },
  {
    name: "served-by-a-caller",
    breaks: "18.4, 21.1: a process that performs for its own callers alone is thought to take what is queued",
    plants: [{
      file: "src/verbs/working.ts",
      find: "startedAt.getTime() > readAt.getTime() - silentMs",
      replace: "startedAt.getTime() > silentMs - readAt.getTime()"
    }],
    tests: {
      "test/cli/Many.test.ts": ["18.4: where no worker does it"],
      "test/http/Attention.test.ts": ["21.1: a timer that is over"]
    }
  },
  {
    name: "late-and-not-shown",
    breaks: "21.1: what waits for a time that is over, and has no job, is nowhere",
    plants: [{
      file: "src/http/attention.ts",
      find: "if (isLate(reason.until) || isLate(reason.timeoutAt)) return",
      replace: "if (why.reasons.length < 1) return"
    }, {
      file: "src/http/attention.ts",
      find: "if (why.reasons.length > 1 && (",
      replace: "if (why.reasons.length > 1000 && ("
    }],
    tests: { "test/http/Attention.test.ts": ["21.1: a timer that is over"] }
  },
  {
    name: "undone-without-children",
    breaks: "14.3: what the compensations of an action have asked for is not found, where that had ended before",
    plants: [{
      file: "src/sql/conditions.ts",
      find: "endedAt !== undefined && !isUndone",
      replace: "endedAt !== undefined && !(isUndone && endedAt === parent.enqueuedAt)"
    }],
    tests: { "test/behaviour/Listing.test.ts": ["14.3: of what was undone after its end"] }
  },
  {
    name: "prunes-in-one-size",
    breaks: "a page that takes too long is asked for as large as it was",
    plants: [{
      file: "src/cli/pruning.ts",
      find: "? repo.deleteEnded({ ...options, from, limit })",
      replace: "? repo.deleteEnded({ ...options, from, limit: limit + deletionLimit.otherwise })"
    }],
    tests: { "test/cli/Pruning.test.ts": ["goes on in smaller pages"] }
  },
  {
    name: "exported-without-what-was-asked",
    breaks: "4.7: what is kept elsewhere of an action leaves out the arguments that it was asked for with",
    plants: [{
      file: functionFile("exported_of"),
      find: "where e.id = a.id and e.given is not null",
      replace: "where e.id = a.id and e.given is null"
    }],
    tests: { "test/cli/Pruning.test.ts": ["has each action in the file"] }
  },
  {
    name: "prunes-its-own-records",
    breaks: "18.3: operations before a time to come are deleted without end, each page the record of the one before",
    plants: [{
      file: "src/sql/operations.ts",
      find: "or target is distinct from $3::jsonb ->> 'target')",
      replace: "or $3::jsonb is distinct from '0')"
    }],
    tests: { "test/cli/Pruning.test.ts": ["before a time to come ends"] },
    hangs: true
  },
  {
    name: "executions-uncounted",
    breaks: "17.2: executions are started and ended, and never enqueued",
    plants: [{
      file: "src/engine/metered.ts",
      find: "if (isNew && execution !== undefined) count",
      replace: "if (n < 0 && execution !== undefined) count"
    }],
    tests: { "test/engine/metered.test.ts": ["17.2: an execution counts as enqueued"] }
  },
  {
    name: "late-signal-unsaid",
    breaks: "19.1: what was sent after a wait's time is said to be unread, and not that it came too late",
    plants: [{
      file: "src/engine/client/why.ts",
      find: `until !== undefined && last >= until`,
      replace: `until !== undefined && last < until`
    }],
    tests: { [whys]: ["19.1: where no worker lives"] }
  },
  {
    name: "why-served-by-anybody",
    breaks: "19.1: a process that takes nothing from a queue counts as a worker",
    plants: [{
      file: functionFile("why_served"),
      find: "else w.started_at > clock_timestamp() - interval '1 minute' end as has",
      replace: "else true end as has"
    }],
    tests: { [whys]: ["19.1: what is due"] }
  },
  {
    name: "why-not-the-first",
    breaks: "19.1: where a lane has room, nobody says why its first one does not begin",
    plants: [{
      file: functionFile("why_pending"),
      find: "else coalesce(f.first, p.performing, '[]') end)",
      replace: "else coalesce(p.performing, '[]') end)"
    }],
    tests: { [whys]: ["19.1: in named lanes"] }
  },
  {
    name: "why-usual-of-all",
    breaks: "19.1: all of the history is read for how long actions take",
    plants: [{
      file: functionFile("usual_time"),
      find: "order by e.id desc limit p_looked",
      replace: "order by e.id desc limit 1000000"
    }],
    tests: { [whyCosts]: ["19.1: asking why looks at"] }
  },
  {
    name: "why-usual-of-the-last",
    breaks: "19.1: how long actions take is told by the last thousands, among which those that take long are not",
    plants: [{
      file: "src/sql/why.ts",
      find: "[id, ...before.map((ms) => firstIdOf(at - ms)), firstIdOf(0)]",
      replace: "[id, firstIdOf(at - before[0]!)]"
    }],
    tests: { "test/behaviour/WhyEnds.test.ts": ["19.1: of one that has ended"] }
  },
  {
    name: "why-usual-of-what-came-later",
    breaks: "19.1: how long actions take is told by those that were enqueued later, and have ended already",
    plants: [{
      file: "src/sql/why.ts",
      find: "[id, ...before.map((ms)",
      replace: "[\"ffffffff-ffff-7fff-bfff-ffffffffffff\", ...before.map((ms)"
    }],
    tests: { "test/behaviour/WhyEnds.test.ts": ["19.1: of one that has ended"] }
  },
  {
    name: "undone-by-the-success",
    breaks: "10.2: what undoes the last step is given the action's success, and not what the step has given",
    plants: [{
      file: "src/engine/perform/Performance.ts",
      find: "step?.result !== undefined || codecOf(runnable.definition.success).isVoid",
      replace: "step?.result !== undefined && codecOf(runnable.definition.success).isVoid"
    }],
    tests: { "test/behaviour/LastStep.test.ts": ["10.2: what undoes it is given"] }
  },
  {
    name: "turns-of-nobody",
    breaks:
      "what is queued in the queue after the engine's own, which is empty, comes first more often than the others",
    plants: [{
      file: "src/engine/worker/Catalogs.ts",
      find: "const queues = catalog.queues.filter((queue) => queue !== ownQueue)",
      replace: "const queues = [...first, ...catalog.queues.filter((queue) => queue !== ownQueue)]"
    }],
    tests: { "test/behaviour/ActionSiblings.test.ts": ["2.9+: across queues, however long"] }
  },
  {
    name: "health-on-another-clock",
    breaks: "19.2: a machine whose clock is behind is said to be ahead",
    plants: [{
      file: "src/engine/healthNotes.ts",
      find: "clockOffsetMs > 0 ? \"behind\" : \"ahead of\"",
      replace: "clockOffsetMs > 0 ? \"ahead of\" : \"behind\""
    }],
    tests: { "test/behaviour/DatabaseHealth.test.ts": ["19.2: says how far this machine's clock"] }
  },
  {
    name: "doctor-of-an-old-plan",
    breaks: "a session has the doctor run as it was planned while the tables were empty",
    plants: [{
      file: call,
      find: "isPrepared ? statement.values : statement.valuesUnprepared",
      replace: "statement.values"
    }],
    tests: { "test/sql/PostgresStore.test.ts": ["what reads whole tables is planned each time"] }
  },
  {
    name: "start-behind-a-lock",
    breaks: "who asks what is locked waits for that lock himself, and gives up",
    plants: [{
      file: "src/sql/Migrations.ts",
      find: "nowOrNever(checkSequences, Duration.seconds(2), () => new TooLate())",
      replace: "nowOrNever(checkSequences, Duration.minutes(2), () => new TooLate())"
    }],
    tests: { "test/cli/OnCall.test.ts": ["behind a lock"] }
  },
  {
    name: "health-of-all-locks",
    breaks: "19.2: who waits for a table of the program counts as one that waits for the engine's",
    plants: [{
      file: "src/sql/health.ts",
      find: "and c.relnamespace = to_regnamespace($1) and",
      replace: "and $1::text is not null and"
    }],
    tests: { [health]: ["19.2: who waits for a row"] },
    hangs: true
  },
  {
    name: "health-without-rows",
    breaks: "19.2: who waits for a row is not found, since the lock is a transaction's",
    plants: [{
      file: "src/sql/health.ts",
      find: "where not w.granted and t.names is not null",
      replace: "where not w.granted and w.locktype = 'relation' and t.names is not null"
    }],
    tests: { [health]: ["19.2: who waits for a row"] },
    hangs: true
  },
  {
    name: "check-fits-with-misfits",
    breaks: "19.3: a program that does not fit is deployed",
    plants: [{
      file: checkingFile("Tally"),
      find: `      fits: unfit + ofSchedules.unfit === 0,`,
      replace: `      fits: misfits.size < 1e9,`
    }],
    tests: { [checking]: ["19.3: what the program does not have"] }
  },
  {
    name: "check-refuses-for-a-notice",
    breaks: "19.3: a notice keeps a program from being deployed",
    plants: [{
      file: checkingFile("Tally"),
      find: `if (problem.means !== "notice") unfitOfPage`,
      replace: `if (problem.kind !== undefined) unfitOfPage`
    }],
    tests: { [checking]: ["19.3: a queue that no action"] }
  },
  {
    name: "check-counts-each-signal",
    breaks: "19.3: an action counts as often as something of it does not fit",
    plants: [{
      file: checkingFile("Tally"),
      find: `        if (foundOfPage.has(\`\${live.id} \${key}\`)) continue
`,
      replace: ``
    }],
    tests: { [checkedPages]: ["19.3: signals are read in pieces"] }
  },
  {
    name: "check-tells-secrets",
    breaks: "19.3: what a schema says of a value is told",
    plants: [{
      file: checkingFile("Problem"),
      find: `: "Expected a valid value"`,
      replace: `: SchemaIssue.defaultLeafHook(issue)`
    }],
    tests: { [checking]: ["19.3: values are given where"] }
  },
  {
    name: "check-tells-what-a-filter-says",
    breaks: "19.3: what a filter says of a value is told",
    plants: [{
      file: checkingFile("Problem"),
      find: `checkHook: ({ filter: { annotations } }) => {`,
      replace: `checkHook: ({ filter: { annotations }, issue }) => {
    if (issue._tag === "InvalidValue") return SchemaIssue.defaultLeafHook(issue)`
    }],
    tests: { [checking]: ["19.3: values are given where"] }
  },
  {
    name: "check-tells-what-was-thrown",
    breaks: "19.3: what has been thrown is told, with the value in it",
    plants: [{
      file: checkingFile("Problem"),
      find: `: "what reads it has thrown"`,
      replace: `: String(error)`
    }],
    tests: { [checking]: ["19.3: values are given where"] }
  },
  {
    name: "check-gives-payloads",
    breaks: "19.3: what is stored is given to who has not asked for it",
    plants: [{
      file: checkingFile("Tally"),
      find: `...payloads && problem.payload !== undefined`,
      replace: `...samples > 0 && problem.payload !== undefined`
    }],
    tests: { [checking]: ["19.3: values are given where"] }
  },
  {
    name: "check-of-pages-as-they-are",
    breaks: "19.3: a page that takes too long fails it all",
    plants: [{
      file: checkingFile("pages"),
      find: `if (limit === 1 || !(error instanceof StorageError) || !tookTooLong(error))`,
      replace: `if (limit >= 1 || !(error instanceof StorageError) || !tookTooLong(error))`
    }],
    tests: { [checkedPages]: ["19.3: a page that takes longer"] }
  },
  {
    name: "check-ends-with-the-slow",
    breaks: "19.3: one action that cannot be read in time fails it all",
    plants: [{
      file: checkingFile("Checking"),
      find: `        tookTooLong,
        () => Effect.succeed("late" as const)`,
      replace: `        (error) => !tookTooLong(error),
        () => Effect.succeed("late" as const)`
    }],
    tests: { [checkedPages]: ["19.3: an action that cannot be read"] }
  },
  {
    name: "check-without-what-is-large",
    breaks: "19.3: of what does not travel only the rest is read",
    plants: [{
      file: checkingFile("Checking"),
      find: `...yield* openProblems(head, reads, env)]`,
      replace: `...(yield* openProblems(head, reads, env)).slice(1)]`
    }],
    tests: { [checking]: ["19.3: results and waits that do not travel"] }
  },
  {
    name: "check-without-pieces",
    breaks: "19.3: signals beyond the first piece are not looked at",
    plants: [{
      file: checkingFile("Checking"),
      find: `      ids = ids.slice(ids.indexOf(end.action))
`,
      replace: `      ids = []
`
    }],
    tests: { [checkedPages]: ["19.3: signals are read in pieces"] }
  },
  {
    name: "check-without-passed-steps",
    breaks: "19.3: a step that nobody runs is none that is missing",
    plants: [{
      file: checkingFile("stepFit"),
      find: `        ...passedBy(performance, next, current)
`,
      replace: ``
    }],
    tests: { [checking]: ["19.3: of steps that are renamed"] }
  },
  {
    name: "check-of-the-next-step-alone",
    breaks: "19.3: steps that have run and are gone are none that are missing",
    plants: [{
      file: checkingFile("stepFit"),
      find: `performance.ran.filter((step) => !isThere(performance, step)).map(`,
      replace: `performance.ran.filter((step) => step.name === "").map(`
    }],
    tests: { [checking]: ["19.3: of steps that are renamed"] }
  },
  {
    name: "check-without-the-waiting-step",
    breaks: "19.3: a step that waits and is gone is none that is missing",
    plants: [{
      file: checkingFile("stepFit"),
      find: `...isThere(performance, current)`,
      replace: `...isThere(performance, current) || next !== undefined`
    }],
    tests: { [checking]: ["19.3: of steps that are renamed"] }
  },
  {
    name: "check-without-undoing",
    breaks: "19.3: what is not undone any more is found out when it is to be",
    plants: [{
      file: checkingFile("fit"),
      find: `if (compensationFor(performance, row) === undefined) {`,
      replace: `if (row === undefined && compensationFor(performance, row) === undefined) {`
    }],
    tests: { [checking]: ["19.3: results that cannot be read"] }
  },
  {
    name: "check-without-attempts",
    breaks: "19.3: a child's result that is a value is read by nobody",
    plants: [{
      file: checkingFile("fit"),
      find: `value.failure instanceof IncompatibleResult &&`,
      replace: `value.failure instanceof IncompatibleResult && value.failure.issue === "" &&`
    }],
    tests: { [checking]: ["19.3: results of children"] }
  },
  {
    name: "check-without-open-children",
    breaks: "19.3: a child that nothing can read is found out when it ends",
    plants: [{
      file: checkingFile("fit"),
      find: `if (slot.status === undefined) return Effect.succeed(undeclared(slot, of, env))`,
      replace: `if (slot.status === undefined) return Effect.succeed(undeclared(slot, of, env).slice(1))`
    }],
    tests: { [checking]: ["19.3: results of children"] }
  },
  {
    name: "check-without-waits",
    breaks: "19.3: who waits for what nobody can send waits on",
    plants: [{
      file: checkingFile("fit"),
      find: `signalIsListed(runnable, name) ? [] : [waitsInVain(name)]`,
      replace: `signalIsListed(runnable, name) || of !== "" ? [] : [waitsInVain(name)]`
    }],
    tests: { [checking]: ["19.3: signals that have come"] }
  },
  {
    name: "check-of-payloads-alone",
    breaks: "19.3: a failure that was sent is read as a payload",
    plants: [{
      file: checkingFile("fit"),
      find: `cause === null ? "payload" : "error", cause === null`,
      replace: `cause === null ? "payload" : "payload", cause === null`
    }],
    tests: { [checking]: ["19.3: signals that have come"] }
  },
  {
    name: "check-outcomes-of-all",
    breaks: "19.3: of an action that nobody hears the result is read",
    plants: [{
      file: checkingFile("fit"),
      find: `!runnable.callbacks.some(`,
      replace: `runnable.callbacks.every(`
    }],
    tests: { [checking]: ["19.3: how an action has ended"] }
  },
  {
    name: "check-lanes-of-what-was-replaced",
    breaks: "19.3: lanes are compared by arguments that a body may have replaced",
    plants: [{
      file: checkingFile("laneFit"),
      find: `live.begun === undefined || (live.begun.phase === "step" && live.begun.step === 0)`,
      replace: `live.begun === undefined || live.begun.step >= 0`
    }],
    tests: { [checking]: ["19.3: lanes are compared"] }
  },
  {
    name: "check-runs-keys",
    breaks: "19.3: an effect of a key is taken for the key",
    plants: [{
      file: checkingFile("laneFit"),
      find: `if (Effect.isEffect(lane) || Effect.isEffect(lanes)) return "unknown"`,
      replace: `if (Effect.isEffect(lanes)) return "unknown"`
    }],
    tests: { [checking]: ["19.3: lanes are compared"] }
  },
  {
    name: "check-says-nothing-to-the-shell",
    breaks: "19.3: a program that does not fit ends as one that does",
    plants: [{
      file: "src/cli/checking.ts",
      find: `if (!fits) return yield* nothing()`,
      replace: `if (fits) return yield* nothing()`
    }],
    tests: { [program]: ["checks whether a module"] }
  },
  {
    name: "check-prints-payloads",
    breaks: "19.3: what is stored is printed for who has not asked for it",
    plants: [{
      file: "src/cli/checking.ts",
      find: `payloads: output.hasPayloads`,
      replace: `payloads: output.hasPayloads || !output.hasPayloads`
    }],
    tests: { [program]: ["checks whether a module"] }
  },
  {
    name: "check-of-held-actions-alone",
    breaks: "19.3: what is in nobody's hands cannot be loaded",
    plants: [{
      file: functionFile("what_of"),
      find: `(p_token is null or l.token = p_token)`,
      replace: `l.token = p_token`
    }],
    tests: { [checkedPages]: ["19.3: a role that may only select"] }
  },
  {
    name: "check-scans",
    breaks: "19.3: each action is looked for among all of them",
    plants: [{
      file: functionFile("live_page"),
      find: `where l.id = x.id
    ) r`,
      replace: `where l.id::text = x.id::text
    ) r`
    }],
    tests: { [checkedPages]: ["19.3: thousands are looked at"] }
  },
  {
    name: "health-of-what-is-shown",
    breaks: "19.2: sessions whose age is not shown count as ones that have none",
    plants: [{
      file: "src/engine/healthNotes.ts",
      find: "return seesAll || isEmbedded ||",
      replace: "return !seesAll || isEmbedded ||"
    }],
    tests: { [health]: ["19.2: a role that may only read"] },
    hangs: true
  }
]

const third: ReadonlyArray<Bug> = [
  {
    name: "health-or-nothing",
    breaks: "19.2: where a commit may not be tried, nothing is said of the rest",
    plants: [{
      file: "src/sql/health.ts",
      find: ".pipe(Effect.orElseSucceed(() => undefined))",
      replace: ".pipe(Effect.orDie)"
    }],
    tests: { [health]: ["19.2: a role that may only read"] }
  },
  {
    name: "compensated-again-in-name-alone",
    breaks: "18.2: what has failed is told of as before, and not run again",
    plants: [{
      file: functionFile("add_unwindings"),
      find: `'$.notUndone[*] ? (exists (@.child))')) end`,
      replace: `'$.notUndone[*]')) end`
    }],
    tests: { [compensatingAgain]: ["18.2: a failed compensation is run again"] }
  },
  {
    name: "ended-by-the-engine-is-undone",
    breaks: "18.2: what the engine has to end while it is run again counts as undone",
    plants: [{
      file: functionFile("move_to_history"),
      find: `and (x.cause ? 'notUndone') is not true
`,
      replace: `and l.outcome <> 5
`
    }],
    tests: { [compensatingAgain]: ["18.2: what the engine ends"] }
  },
  {
    name: "failed-is-never-undone",
    breaks: "18.2: of an action that has failed what is run again is never undone",
    plants: [{
      file: functionFile("move_to_history"),
      find: `and (x.cause ? 'notUndone') is not true
`,
      replace: `
`
    }],
    tests: { [compensatingAgain]: ["18.2: a failed compensation is run again"] }
  },
  {
    name: "compensated-beside-its-retry",
    breaks: "18.2: what another action goes on with is undone all the same",
    plants: [{
      file: functionFile("compensate_again"),
      find: `  action := coalesce(gone_on_for(p_action), action);
`,
      replace: ``
    }],
    tests: {
      [compensatingAgain]: ["18.2, 18.1: who is retried from a later step"],
      [compensatingRaces]: ["18.2: who asks while it is retried"]
    }
  },
  {
    name: "compensated-beside-a-retry-above",
    breaks: "18.2: what a retry of a parent is about to go on for is undone just then, and lost for that",
    plants: [{
      file: functionFile("compensate_again"),
      find: `  action := retried_above(p_action);
`,
      replace: `  action := null;
`
    }],
    tests: {
      [compensatingAgain]: ["18.2, 18.1: while a retry of what is above it is to begin"],
      [compensatingRaces]: ["18.2: of who retries a parent and who has its child undone again"]
    }
  },
  {
    name: "compensated-without-who-has-waited",
    breaks: "18.2: what a retry has waited for is undone while another one is to go on for it",
    plants: [{
      file: functionFile("retried_above"),
      find: `where o.child = ids[at] and o.moved and o.carried is not null`,
      replace: `where false`
    }],
    tests: { [compensatingAgain]: ["18.2, 18.1: so it is where what is retried has waited"] }
  },
  {
    name: "compensated-and-retried-at-once",
    breaks: "18.2: who retries a parent and who has its child undone at the same moment do not see each other",
    plants: [{
      file: functionFile("compensate_again"),
      find: `retry_origin(p_action)::text`,
      replace: `gen_random_uuid()::text`
    }],
    tests: { [compensatingRaces]: ["18.2: of who retries a parent and who has its child undone again"] }
  },
  {
    name: "undone-just-then-and-lost",
    breaks: "18.1: a step that waits again succeeds without a child that is being undone",
    plants: [{
      file: functionFile("wait_again"),
      find: `where r.becomes not in ('stays', 'taken')`,
      replace: `where r.becomes in ('retried', 'joined', 'opens')`
    }],
    tests: { [compensatingRaces]: ["18.2, 18.1: a child that is being undone where its parent"] }
  },
  {
    name: "asked-while-it-ends",
    breaks: "18.2: whoever ends what undoes an action waits for who is told that it is being undone, and holds lanes",
    plants: [{
      file: functionFile("compensate_again"),
      find: `if exists (select 1 from live_actions l where l.id = p_action and l.unwinds is not null) then`,
      replace: `if false then`
    }, {
      file: functionFile("retry_action"),
      find: `if exists (select 1 from live_actions l where l.id = retried and l.unwinds is not null) then`,
      replace: `if false then`
    }],
    tests: { [compensatingRaces]: ["18.2: who asks, or retries, while it is undone"] }
  },
  {
    name: "retried-from-below-while-undone",
    breaks: "18.1: a parent that is being undone is retried upwards from its child",
    plants: [{
      file: functionFile("retried_upwards"),
      find: `    if exists (select 1 from live_actions l where l.id = v_parent) then reason := 'live'; end if;
`,
      replace: ``
    }],
    tests: { [compensatingAgain]: ["18.2, 18.1: a parent that is undone again"] }
  },
  {
    name: "deleted-since-it-was-looked-at",
    breaks: "4.7: what is to be unwound, or is taken over, between who deletes looks at it and locks it is deleted",
    plants: [{
      file: functionFile("delete_history"),
      find: `      and (x.parent is null or (select l.id from live_actions l where l.id = x.parent) is null)
      and (`,
      replace: `      and true or (`
    }],
    tests: { [compensatingRaces]: ["4.7, 18.2: what is to be unwound", "4.7, 18.1: what a retry has taken over"] }
  },
  {
    name: "compensated-by-two",
    breaks: "18.2: of two who ask at once neither sees the other",
    plants: [{
      file: functionFile("compensate_again"),
      find: `    where e.id = p_action
    for no key update;`,
      replace: `    where e.id = p_action;`
    }],
    tests: { [compensatingRaces]: ["18.2: of two who ask one runs it again"] }
  },
  {
    name: "uncertain-once-more",
    breaks: "18.2: what is uncertain is said again each time that it is undone",
    plants: [{
      file: unwinding,
      find: `uncertain.filter((name) => !said.includes(name))`,
      replace: `said.length < 0 ? [] : uncertain`
    }],
    tests: { [compensatingAgain]: ["18.2: while it is run again"] }
  },
  {
    name: "undone-and-not-retryable",
    breaks: "18.1: what was undone later counts as not undone for ever",
    plants: [{
      file: functionFile("not_undone"),
      find: `jsonb_array_elements(coalesce(e.unwound, e.cause) -> 'notUndone') with ordinality`,
      replace: `jsonb_array_elements(coalesce(e.cause, e.unwound) -> 'notUndone') with ordinality`
    }],
    tests: { [compensatingAgain]: ["18.2, 18.1: what was undone then is retried"] }
  },
  {
    name: "not-undone-below-is-not-looked-at",
    breaks: "18.1: what a child could not undo stays so for its parent when it was undone",
    plants: [{
      file: functionFile("not_undone"),
      find: `where n.child is null or h.id is not null`,
      replace: `where n.child is not null or n.at > 0`
    }],
    tests: { [compensatingAgain]: ["18.2, 10.4: what a child could not undo"] }
  },
  {
    name: "unwound-before-without-a-word",
    breaks: "18.2: what children could not undo while nobody waited is not told",
    plants: [{
      file: functionFile("begin_unwindings"),
      find: `          else nullif(e.unwound, '{}') end`,
      replace: `          end`
    }],
    tests: { [compensatingAgain]: ["18.2, 10.4: children that are unwound already"] }
  },
  {
    name: "deleted-is-undone",
    breaks: "18.2: children that were deleted before they were unwound count as undone",
    plants: [{
      file: functionFile("compensate_again"),
      find: `  if found then
    reason := 'deleted';
    return;
  end if;
`,
      replace: ``
    }],
    tests: {
      [compensatingAgain]: ["18.2: where children that are still to be unwound were deleted"],
      [compensatingRaces]: ["18.2: children that are still to be unwound are kept"]
    }
  },
  {
    name: "half-undone-and-taken-over",
    breaks: "18.1: a step is taken over of which some children are unwound",
    plants: [{
      file: functionFile("goes_on_at"),
      find: ` or s.undo = 8 /* Undo.unwind */);`,
      replace: `);`
    }],
    tests: { [compensatingAgain]: ["18.1, 10.4: where one of a step"] }
  },
  {
    name: "retried-beside-its-undoing",
    breaks: "18.1: a parent is retried while what its child has done is being undone",
    plants: [{
      file: functionFile("slots_retried"),
      find: `when c.is_own and exists (select 1 from live_actions l where l.id = e.id offset 0) then 'ending'`,
      replace: `when c.is_own and exists (select 1 from live_actions l where l.id = e.id) then 'asked'`
    }],
    tests: { [compensatingAgain]: ["18.2: a child that has failed is undone again"] }
  },
  {
    name: "undone-under-another-key",
    breaks: "18.1: what undoes a step of a retried action has another key once that has ended",
    plants: [{
      file: functionFile("detail_of"),
      find: `coalesce(l.retry_of, l.unwinds) is not null`,
      replace: `l.retry_of is not null`
    }],
    tests: { [compensatingAgain]: ["18.2, 18.1: what was undone then is retried"] }
  },
  {
    name: "too-large-to-be-undone-again",
    breaks: "18.2: of an action that is read apart nobody knows that it has ended, and its callbacks run again",
    plants: [{
      file: functionFile("what_of"),
      find: `select coalesce(e.undo, 0) from`,
      replace: `select e.undo from`
    }],
    tests: { [compensatingAgain]: ["18.2: what is too much to travel"] }
  },
  {
    name: "completion-unknown-once-it-is-over",
    breaks: "12.2: who has heard nothing of what he has completed with a token is told that he comes too late",
    plants: [{
      file: functionFile("complete_keyed"),
      find: `    if found then
      return next row(`,
      replace: `    if found and is_over is not true then
      return next row(`
    }],
    tests: { [reported]: ["12.2: a charge by its token"] }
  },
  {
    name: "token-of-many-keys",
    breaks: "12.2: who comes with a token again, as he has heard nothing, has sent something else",
    plants: [{
      file: "src/Tokens.ts",
      find: `.update(token).digest`,
      replace: `.update(token + performance.now()).digest`
    }],
    tests: { [reported]: ["12.2: what comes with a token for a signal"] }
  },
  {
    name: "signal-without-its-span",
    breaks: "17.3: what nobody has read yet does not say in which span it was sent",
    plants: [{ file: functionFile("match_signals"), find: `trace = s.trace,`, replace: `trace = null,` }],
    tests: { [tracedSignals]: ["17.3: what goes on is linked"] }
  },
  {
    name: "senders-of-attempts",
    breaks: "17.3: a further attempt is linked to the senders of what the one before was given",
    plants: [{
      file: functionFile("detail_of"),
      find: `when l.phase = 1 /* Phase.waiting */ then senders_of`,
      replace: `when l.phase in (0, 1) then senders_of`
    }],
    tests: { [tracedSignals]: ["17.3: what goes on is linked"] }
  },
  {
    name: "one-link-alone",
    breaks: "17.3: what goes on is linked to what ran before, and to no sender",
    plants: [{
      file: "src/engine/trace.ts",
      find: `[after, ...senders].flatMap`,
      replace: `[after, ...senders.slice(1e9)].flatMap`
    }],
    tests: { [tracedSignals]: ["17.3: what goes on is linked"] }
  },
  {
    name: "completion-without-its-span",
    breaks: "17.3: what goes on after a completion is linked to nobody outside",
    plants: [{
      file: "src/engine/client/complete.ts",
      find: "const trace = outbound && spare === undefined",
      replace: "const trace = !outbound && spare === undefined"
    }],
    tests: { [tracedCompletions]: ["17.3: callbacks", "17.3: who has waited"] }
  },
  {
    name: "callbacks-of-nobody",
    breaks: "17.3: callbacks are not linked to who has completed their action",
    plants: [{ file: functionFile("fix_outcome"), find: "outcome_trace = p_trace", replace: "outcome_trace = null" }],
    tests: { [tracedCompletions]: ["17.3: callbacks"] }
  },
  {
    name: "parents-of-nobody",
    breaks: "17.3: who has waited for an action is not linked to who has completed it",
    plants: [{
      file: functionFile("after_ends"),
      find: "trace = coalesce(p_trace, o.trace)",
      replace: "trace = o.trace"
    }],
    tests: { [tracedCompletions]: ["17.3: who has waited"] }
  },
  {
    name: "many-twice",
    breaks: "18.4: what was asked of somebody already is done once more",
    plants: [{
      file: functionFile("record_operation"),
      find: "if not found and p_operation ->> 'through' is not null then",
      replace: "if not found and p_operation ->> 'through' is null and false then"
    }],
    tests: { [forMany]: ["18.4: what was done through it"] }
  },
  {
    name: "many-in-part",
    breaks: "18.4: of the batch in which somebody has died the rest is forgotten",
    plants: [{ file: asking, find: "store.askedBefore(id, batch)", replace: "store.askedBefore(id, 0)" }],
    tests: { [forMany]: ["18.4: who goes on begins with the batch"] }
  },
  {
    name: "many-newer",
    breaks: "18.4: what was enqueued after the plan is meant, too",
    plants: [{
      file: asking,
      find: "(yield* store.askedBefore(id, batch)) ?? id",
      replace: "(yield* store.askedBefore(id, batch)) ?? id.replace(/^.{13}/, \"ffffffff-ffff\")"
    }],
    tests: { [forMany]: ["18.4: what is enqueued after the plan"] }
  },
  {
    name: "many-of-its-own",
    breaks: "18.4: the engine's own actions are meant, too, though nobody has named them",
    plants: [{ file: asking, find: "undefined ? { notOf: ownActor }", replace: "ownActor ? { notOf: ownActor }" }],
    tests: { [forMany]: ["18.4: what is enqueued after the plan"] }
  },
  {
    name: "many-late-failures",
    breaks: "18.4: a group of failures grows while it is worked on",
    plants: [{ file: asking, find: "endedBefore: at + 1", replace: "endedBefore: at + 1e9" }],
    tests: { [forMany]: ["18.4: a group of failures"] }
  },
  {
    name: "many-at-full-speed",
    breaks: "18.4: the rate is not kept",
    plants: [{
      file: asking,
      find: "due = Math.max(due, now) + 1000 / rate",
      replace: "due = Math.max(due, now) + 100 / rate"
    }],
    tests: { [forMany]: ["18.4: with a rate"] }
  },
  {
    name: "many-of-one-batch",
    breaks: "18.4: what is behind the first batch is not asked",
    plants: [{ file: asking, find: "if (ids.length < batch) return", replace: "if (ids.length <= batch) return" }],
    tests: { [forMany]: ["18.4: it is done by an action"] }
  },
  {
    name: "many-uncounted",
    breaks: "18.4: who has nothing to be asked about is not counted",
    plants: [{
      file: asking,
      find: "unasked === undefined ? Effect.void",
      replace: "unasked !== \"none\" ? Effect.void"
    }],
    tests: { [forMany]: ["18.4: whom the verb does not fit"] }
  },
  {
    name: "many-cancelled-alone",
    breaks: "18.4: what is cancelled is recorded without the action that has asked for it",
    plants: [{
      file: "src/engine/client/complete.ts",
      find: "cancelling(target.id, options, through)",
      replace: "cancelling(target.id, options, undefined)"
    }],
    tests: { [forMany]: ["18.4: Stepped.cancel for many"] }
  },
  {
    name: "many-started-twice",
    breaks: "18.4: whoever starts a plan again, as after a lost answer, has it done twice",
    plants: [{
      file: "src/engine/client/many.ts",
      find: "[\"with\"]!({ id })",
      replace: "[\"with\"]!({ id: newActionId(at) })"
    }],
    tests: { [forMany]: ["18.4: it is done by an action"] }
  },
  {
    name: "many-locked",
    breaks: "18.4: one that somebody has locked keeps all others from being asked",
    plants: [{
      file: asking,
      find: "if (error.isRetryable) return record(",
      replace: "if (!error.isRetryable) return record("
    }],
    tests: { "test/races/forMany.test.ts": ["18.4: what somebody has locked"] },
    hangs: true
  },
  {
    name: "many-away",
    breaks: "18.4: whom the database did not answer for is left out as busy once it answers again",
    plants: [{ file: asking, find: "(away) => new Away({ away })", replace: "(away) => away" }],
    tests: { "test/races/forMany.test.ts": ["18.4: nobody is left out for a database that was away"] }
  },
  {
    name: "many-deletes-a-part",
    breaks: "18.4: of a large tree, whose answer was lost, a part is deleted, and the rest stays as done",
    plants: [{
      file: "src/sql/operations.ts",
      find: "has_more and became = 'done'",
      replace: "has_more and became = ''"
    }],
    tests: { "test/races/forMany.test.ts": ["18.4: a tree that is deleted in parts"] }
  },
  {
    name: "many-forgets-how-far",
    breaks: "18.4: what was asked of many is deleted as too old while that goes on, and is asked once more",
    plants: [{
      file: "src/sql/operations.ts",
      find: "through is null or through <> all(",
      replace: "true or through <> all("
    }],
    tests: { [forMany]: ["18.4: what it goes on by"] }
  },
  {
    name: "many-behind-one-refused",
    breaks: "18.4: one that the database refuses each time keeps all others from being asked",
    plants: [{
      file: asking,
      find: "// it would be refused each time,",
      replace: "if (!error.isRetryable) return Effect.fail(error) // it would be refused each time,"
    }],
    tests: { "test/races/forMany.test.ts": ["18.4: whom the database refuses"] }
  },
  {
    name: "many-older-failures",
    breaks: "18.4: what is deleted of a group of failures lets older ones in, which were not planned",
    plants: [{ file: asking, find: "endedSince: failedSince", replace: "endedSince: undefined" }],
    tests: { [forMany]: ["18.4: of a group of failures none is meant"] }
  },
  {
    name: "export-of-ten-thousand",
    breaks: "4.7: what is exported in one call has no room in one answer of the database",
    plants: [{
      file: "src/store/deleting.ts",
      find: "keep === undefined ? deletionLimit",
      replace: "deletionLimit.most > 0 ? deletionLimit"
    }],
    tests: { "test/behaviour/History.test.ts": ["4.7: what is kept elsewhere"] }
  },
  {
    name: "names-for-everybody",
    breaks: "18.4: a program has an actor that is called as the engine's own",
    plants: [{
      file: "src/domain/reserved.ts",
      find: "if (type === ownActor) return",
      replace: "if (type === `${ownActor}s`) return"
    }],
    tests: { [forMany]: ["18.4: names of the engine's own"] }
  },
  {
    name: "many-for-nobody",
    breaks: "18.4: the command waits for a worker where there is none",
    plants: [{
      file: "src/cli/onMany.ts",
      find: "if (!(yield* isServed)) {",
      replace: "if (false && !(yield* isServed)) {"
    }],
    tests: { "test/cli/Many.test.ts": ["18.4: where no worker does it"] },
    hangs: true
  },
  {
    name: "status-without-heartbeat",
    breaks: "12.3: the status of a handle does not say that somebody was heard for whom a step waits",
    plants: [{
      file: functionFile("says_more"),
      find: `l.flags & 512 /* Flag.signals */ <> 0`,
      replace: `l.flags & 512 /* Flag.signals */ < 0`
    }],
    tests: { [heartbeats]: ["12.3: the status of a handle says it"] }
  },
  {
    name: "heartbeat-of-the-first-given-up",
    breaks:
      "12.3: of several waits an action's record says when the one is given up that is to be first, and not what was heard last",
    plants: [{
      file: "src/sql/schema/action_views.sql",
      find: `order by o.heard_at desc nulls last, o.due_at`,
      replace: `order by o.due_at`
    }],
    tests: { [heartbeats]: ["12.3: the status of a handle says it"] }
  },
  {
    name: "heartbeat-of-a-wait-said-twice",
    breaks: "12.3: what is heard for a step is told of its action once more",
    plants: [{
      file: "src/Tree.ts",
      find: `steps.every(({ endedAt }) => endedAt !== undefined) ? heartbeat : undefined`,
      replace: `steps.length >= 0 ? heartbeat : undefined`
    }],
    tests: { [heartbeats]: ["12.3: the text of a tree says it"] }
  },
  {
    name: "metrics-rolled-back",
    breaks: "17.2: what a transaction of the program was to store counts, though it is rolled back",
    plants: [{
      file: metering,
      find: "(inside) => inside ? Effect.as(store.afterCommit(Effect.asVoid(told)), answer) : told",
      replace: "() => told"
    }],
    tests: { [metrics]: ["17.2: what a transaction of the program"] }
  },
  {
    name: "metrics-of-stale",
    breaks: "17.2: a conclusion that has changed nothing is counted",
    plants: [{
      file: metering,
      find: "whose !== undefined && !stale.has(one.fence.action)",
      replace: "whose !== undefined && stale.size < 1e9"
    }],
    tests: { [meteredTest]: ["17.2: a conclusion that has changed nothing"] }
  },
  {
    name: "metrics-of-unwinding",
    breaks: "17.2: what unwinds an action that has ended ends it once more",
    plants: [{
      file: metering,
      find: `conclusion._tag === "ActionEnds" && unwinds === undefined`,
      replace: `conclusion._tag === "ActionEnds" && unwinds !== null`
    }],
    tests: { [meteredTest]: ["17.2: what is not undone counts once"] }
  },
  {
    name: "metrics-not-undone-twice",
    breaks: "17.2: what is not undone is counted before its action's callbacks, and after them",
    plants: [{
      file: metering,
      find: `_tag !== "CallbacksDue" && (_tag !== "ActionEnds" || conclusion.fence.phase === "callbacks")`,
      replace: `_tag !== "CallbacksDue" && _tag !== "ActionEnds"`
    }],
    tests: { [meteredTest]: ["17.2: what is not undone counts once"] }
  },
  {
    name: "metrics-without-superseded",
    breaks: "17.2: who is superseded ends uncounted",
    plants: [{
      file: functionFile("claim"),
      find: `news_of_ends(joined.ended)`,
      replace: `news_of(-3 /* Kind.ended */, joined.ended)`
    }],
    tests: { [metrics]: ["17.2: ends are counted"] }
  },
  {
    name: "metrics-wait-of-delayed",
    breaks: "17.2: what is delayed has waited since it was enqueued",
    plants: [{
      file: functionFile("starts_of"),
      find: `greatest(j.enqueued_at, j.delayed_until)`,
      replace: `j.enqueued_at`
    }],
    tests: { [metrics]: ["17.2: how long actions have waited"] }
  },
  {
    name: "metrics-without-zero",
    breaks: "17.2: a queue in which nothing is due is not known",
    plants: [{
      file: "src/engine/measuring.ts",
      find: "if (!found.has(queue)) say(queue, 0, 0)",
      replace: "if (!found.has(queue)) forget(queue)"
    }],
    tests: { [metrics]: ["17.2: how much waits"] }
  },
  {
    name: "metrics-of-yesterday",
    breaks: "17.2: where the database does not answer, gauges say what was so before",
    plants: [{
      file: "src/engine/measuring.ts",
      find: "for (const queue of said) forget(queue)",
      replace: "for (const queue of said) said.has(queue)"
    }],
    tests: { [metrics]: ["17.2: where the database does not answer"] }
  },
  {
    name: "metrics-without-what-is-due",
    breaks: "17.2: what is due is not, until a worker has looked at it",
    plants: [{
      file: "src/sql/measure.ts",
      find: "and due_at <= $1 order by due_at",
      replace: "and due_at < $1 and false order by due_at"
    }],
    tests: { [metrics]: ["17.2: how much waits"] }
  },
  {
    name: "metrics-without-end",
    breaks: "17.2: all of a queue is counted, and it is as long as it is",
    plants: [{
      file: "src/sql/measure.ts",
      find: "priority = p.priority limit ${mostMeasured}) x) c",
      replace: "priority = p.priority limit 10 * ${mostMeasured}) x) c"
    }, { file: "src/sql/measure.ts", find: "least(sum(count), ${mostMeasured})", replace: "sum(count)" }],
    tests: { "test/sql/transitions/measure.test.ts": ["17.2: counts have an end"] }
  },
  {
    name: "metrics-waited-for",
    breaks: "17.2: whoever reads metrics waits as long as the database lets them",
    plants: [{
      file: "src/engine/measuring.ts",
      find: "within(store.measure(at), limit, late)",
      replace: "within(store.measure(at), Duration.minutes(2), late)"
    }, {
      file: "src/engine/measuring.ts",
      find: "const limit = Duration.seconds(5)",
      replace: "const limit = Duration.minutes(2)"
    }],
    tests: { "test/sql/transitions/measure.test.ts": ["17.2: a database that keeps silent"] }
  },
  {
    name: "metrics-of-one-engine",
    breaks: "17.2: of two engines of a process the second one's bodies count alone, and its end takes both away",
    plants: [{ file: "src/store/Meter.ts", find: "    if (all.size > 0) return\n", replace: "" }],
    tests: { [metrics]: ["17.2: two engines of a process"] }
  },
  {
    name: "dev-time-that-goes-back",
    breaks: "the next generation of `stepped dev` does not know how far user time is ahead",
    plants: [{
      file: "src/cli/dev/skipping.ts",
      find: "? kept.value.aheadMs",
      replace: "? 0 * kept.value.aheadMs"
    }],
    tests: { [developing]: ["take no time"] }
  },
  {
    name: "dev-skips-beside-a-body",
    breaks: "time that is skipped ends the limits of what runs just now",
    plants: [{
      file: "src/cli/dev/skipping.ts",
      find: "every(({ inHand }) => inHand === 0)",
      replace: "every(({ inHand }) => inHand >= 0)"
    }],
    tests: { [developing]: ["take no time"] }
  },
  {
    name: "dev-skips-a-timeout",
    breaks: "a timeout on the way to a wait comes when that is over",
    plants: [{ file: "src/cli/dev/skipping.ts", find: "? undefined : first", replace: "? undefined : wait ?? first" }],
    tests: { [developingParts]: ["goes to the next wait"] }
  },
  {
    name: "dev-without-a-parent",
    breaks: "a generation whose starter was killed keeps the folder",
    plants: [{
      file: "src/cli/dev/generation.ts",
      find: "yield* Effect.raceFirst(running, to.gone)",
      replace: "yield* running"
    }],
    tests: { [developing]: ["ends with its worker"] },
    hangs: true
  },
  {
    name: "dev-waits-for-ever",
    breaks: "a generation that does not stop keeps the next one waiting",
    plants: [{
      file: "src/cli/dev/generations.ts",
      find: "child.kill(\"SIGKILL\")",
      replace: "child.kill(\"SIGCONT\")"
    }],
    tests: { [developing]: ["is killed where it does not stop"] },
    hangs: true
  },
  {
    name: "dev-loses-a-change",
    breaks: "what has changed when a generation ends starts none",
    plants: [{
      file: "src/cli/dev/watching.ts",
      find: "Queue.offerAllUnsafe(changed, paths)",
      replace: "paths.size"
    }],
    tests: { [developingParts]: ["have changed still"] },
    hangs: true
  },
  {
    name: "dev-watches-its-data",
    breaks: "what a generation writes into its folder starts the next one",
    plants: [{ file: "src/cli/dev/watching.ts", find: " || folder === data", replace: "" }],
    tests: { [developingParts]: ["are those of the program"] }
  },
  {
    name: "dev-blind-in-new-folders",
    breaks: "a file that was written with its folder is not seen",
    plants: [{
      file: "src/cli/dev/watching.ts",
      find: "isNew && isOfProgram(entry.name)",
      replace: "!isNew && isOfProgram(entry.name)"
    }],
    tests: { [developingParts]: ["are those of the program"] }
  },
  {
    name: "init-half-a-project",
    breaks: "a project that cannot be written leaves what came before",
    plants: [{
      file: "src/cli/init.ts",
      find: "for (const path of made.reverse())",
      replace: "for (const path of made.slice(made.length))"
    }],
    tests: { [starting]: ["is not left half written"] }
  },
  {
    name: "init-over-what-is-there",
    breaks: "a project is written over files that somebody has",
    plants: [
      { file: "src/cli/init.ts", find: "if (there.length > 0)", replace: "if (there.length > files.size)" },
      { file: "src/cli/init.ts", find: "{ flag: \"wx\" }", replace: "{ flag: \"w\" }" }
    ],
    tests: { [starting]: ["is written where nothing of it is"] }
  },
  {
    name: "forget-below-the-live",
    breaks: "18.5: what a live action may still read is forgotten under it",
    plants: [{
      file: functionFile("in_use"),
      find: "    if exists (select 1 from live_actions l where l.id = above[at]) then",
      replace: "    if false then"
    }],
    tests: { [forgetting]: ["18.5: what is live stays"] }
  },
  {
    name: "forget-what-is-retried",
    breaks: "18.5: what a retry is to take over is forgotten before it has begun",
    plants: [{ file: functionFile("in_use"), find: "    if retries\n", replace: "    if false\n" }],
    tests: { [forgetting]: ["18.5: a retry that is to begin"] }
  },
  {
    name: "forget-beside-others",
    breaks: "18.5: what somebody who retries its parent has locked is forgotten meanwhile",
    plants: [{
      file: functionFile("forget_ended"),
      find: "      order by e.id\n      for update skip locked",
      replace: "      order by e.id\n      for no key update skip locked"
    }],
    tests: { [forgettingRaces]: ["18.5: who deletes it keeps it"] }
  },
  {
    name: "forget-and-hold-up",
    breaks: "18.5: what stays is locked as long as a page takes",
    plants: [{
      file: functionFile("forget_ended"),
      find: "unnest(own || parts) x(id) where in_use(x.id) is null",
      replace: "unnest(own || parts) x(id)"
    }],
    tests: { [forgettingRaces]: ["18.5: what stays anyway"] }
  },
  {
    name: "forget-in-a-row",
    breaks: "18.5: who forgets waits for whoever looks at what was achieved",
    plants: [{
      file: functionFile("forget_ended"),
      find: "      order by a.checksum_key\n      for update skip locked",
      replace: "      order by a.checksum_key\n      for update"
    }],
    tests: { [forgettingRaces]: ["18.5: what has been achieved"] },
    hangs: true
  },
  {
    name: "forget-of-all",
    breaks: "18.5: with one actor all others of its type are forgotten",
    plants: [{
      file: functionFile("forget_ended"),
      find: "e.actor_id = p_actor_id and starts_with(e.definition, p_type || '/') as is_own",
      replace: "starts_with(e.definition, p_type || '/') as is_own"
    }],
    tests: { [forgetting]: ["18.5: of all others"] }
  },
  {
    name: "forget-without-what-was-achieved",
    breaks: "18.5: what was achieved is still found, with its result",
    plants: [{
      file: functionFile("forget_ended"),
      find: "    delete from achievements a where a.checksum_key = any(keys) and a.action = any(own);\n",
      replace: "    perform 1 from achievements a where a.checksum_key = any(keys) and a.action = any(own);\n"
    }],
    tests: { [forgetting]: ["18.5: what was achieved"] }
  },
  {
    name: "forget-below-the-actor",
    breaks: "18.5: what another actor has achieved is forgotten, whose id begins with this one's",
    plants: [{
      file: "src/store/forgetting.ts",
      find: "below: actor, defaultOf: actor }",
      replace: "below: actor }"
    }],
    tests: { [forgetting]: ["18.5: what was achieved"] }
  },
  {
    name: "forget-without-signals",
    breaks: "18.5: what was sent to an action is still stored",
    plants: [{
      file: functionFile("forget_whole"),
      find: "  set key = null, payload = null,",
      replace: "  set key = null,"
    }],
    tests: { [forgetting]: ["18.5: nothing of what"] }
  },
  {
    name: "forget-without-what-failed-above",
    breaks: "18.5: parents still say with what an action has failed",
    plants: [{ file: functionFile("tells_of"), find: "or p_cause ? 'forgotten' then", replace: "or true then" }],
    tests: { [forgetting]: ["18.5: nothing of what"] }
  },
  {
    name: "forget-without-what-was-handed-on",
    breaks: "18.5: a parent's result that was its child's is still stored",
    plants: [{
      file: functionFile("is_handed_on"),
      find: "    select s.idx = p_step and strpos(",
      replace: "    select false and strpos("
    }],
    tests: { [forgetting]: ["18.5: nothing of what"] }
  },
  {
    name: "forget-who-ends-meanwhile",
    breaks: "18.5: an action that ends while its actor is forgotten is neither forgotten nor listed",
    plants: [{
      file: "src/store/forgetting.ts",
      find: "live.ids.filter((id) => !isLeft.has(id))",
      replace: "live.ids.filter((id) => !isLeft.has(id) && id === \"\")"
    }],
    tests: { "test/store/forgetting.test.ts": ["18.5: what was live before"] }
  },
  {
    name: "forget-without-what-is-not-undone-above",
    breaks: "18.5: who is far above says why an action of the actor could not be undone",
    plants: [{
      file: functionFile("left_without_words"),
      find: "when names_actor(x.e ->> 'message', p_type || '/' || p_actor_id) or exists (",
      replace: "when exists ("
    }],
    tests: { "test/behaviour/ForgettingUndone.test.ts": ["18.5: what could not be undone"] }
  },
  {
    name: "forget-without-what-was-not-read",
    breaks: "18.5: who could not read what an action of the actor has given still says what that was",
    plants: [{
      file: functionFile("names_actor"),
      find: " or strpos(p_words, ' ' || p_actor || ': ') > 0",
      replace: ""
    }],
    tests: { [forgetting]: ["18.5: what an action has given and nobody could read"] }
  },
  {
    name: "forget-what-was-handed-on-once",
    breaks: "18.5: a result that was handed on by two actions is still stored with the second one",
    plants: [{ file: "src/store/forgetting.ts", find: "const roundsMax = 100", replace: "const roundsMax = 1" }],
    tests: { [forgetting]: ["18.5: a result that several actions"] }
  },
  {
    name: "forget-answers-first",
    breaks: "18.5: an answer that was made of what was achieved while the actor is forgotten is still stored",
    plants: [{
      file: "src/store/forgetting.ts",
      find: "      const { count: answers } = yield* allAnswers(store, actor, operation, { isPlan: false })\n",
      replace: "      const answers = 0\n"
    }],
    tests: { "test/store/forgetting.test.ts": ["18.5: answers are gone through last"] }
  },
  {
    name: "forgotten-and-retried",
    breaks: "18.5: what is forgotten is retried, without what it was given",
    plants: [{
      file: functionFile("has_forgotten"),
      find: "select e.id, e.forgotten, true as is_undone from",
      replace: "select e.id, null::smallint as forgotten, true as is_undone from"
    }],
    tests: { [forgetting]: ["18.5: what is forgotten, or has waited"] }
  },
  {
    name: "forget-what-was-taken-over",
    breaks: "18.5: what a retried action has taken over loses what is below it, and is not undone with it",
    plants: [{
      file: functionFile("in_use"),
      find: "where o.child = above[at] and o.moved",
      replace: "where o.child = above[at] and o.moved and at = 1"
    }],
    tests: { "test/behaviour/ForgettingUndone.test.ts": ["18.5: what an action that was retried"] }
  },
  {
    name: "forget-what-is-taken-over",
    breaks: "18.5: of who is about to be retried children are forgotten that have given nothing",
    plants: [{
      file: functionFile("not_retryable"),
      find: "      where o.action = ids[at]);\n",
      replace: "      where o.action = ids[at] and false);\n"
    }],
    tests: { [forgettingRaces]: ["18.5: who has begun to retry a parent keeps children as well"] }
  },
  {
    name: "forgotten-far-below",
    breaks: "18.5: what has something forgotten to undo, further below, is retried",
    plants: [{ file: functionFile("has_forgotten"), find: "c.undo & 2 /* Undoable.shared */ = 0", replace: "false" }],
    tests: { "test/behaviour/ForgettingUndone.test.ts": ["18.5: who would have to undo"] }
  },
  {
    name: "forgotten-and-unwound",
    breaks: "18.5: what is forgotten is to be unwound in a lane that it has no more, and all above it wait for ever",
    plants: [{
      file: functionFile("due_to_unwind"),
      find: "      e.forgotten is not null as is_forgotten",
      replace: "      false as is_forgotten"
    }],
    tests: { "test/behaviour/ForgettingUndone.test.ts": ["18.5: what is forgotten nonetheless"] },
    hangs: true
  },
  {
    name: "forgotten-without-a-word",
    breaks: "18.5: who waits for what is forgotten is told that it does not fit its schema",
    plants: [{
      file: "src/engine/readOutcome.ts",
      find: "  if (found.forgotten) return Effect.fail(new Forgotten(ended))\n",
      replace: "  if (found.forgotten && false) return Effect.fail(new Forgotten(ended))\n"
    }],
    tests: { [forgetting]: ["18.5: readers say"] }
  },
  {
    name: "drained-unseen",
    breaks: "18.6: a worker renews its lease, and does not read that it is drained",
    plants: [{ file: lease, find: "if (answer.value.drained) drained.openUnsafe()", replace: "" }],
    tests: { [draining]: ["18.6: takes nothing new"] },
    hangs: true
  },
  {
    name: "drained-without-its-program",
    breaks: "18.6: a program does not hear that its worker is drained",
    plants: [{
      file: workers,
      find: "Effect.andThen(Effect.uninterruptible(stop), options.onDrained)",
      replace: "Effect.uninterruptible(stop)"
    }],
    tests: { [draining]: ["18.6: what it has not finished"] },
    hangs: true
  },
  {
    name: "drained-when-dead",
    breaks: "18.6: a worker that is dead is said to drain",
    plants: [{
      file: functionFile("drain_worker"),
      find: "w.token = any(named) and w.lease_until > clock_timestamp()",
      replace: "w.token = any(named)"
    }],
    tests: { [draining]: ["18.6: one that dies"] }
  },
  {
    name: "deleted-before-it-is-kept",
    breaks: "4.7: what could not be written is deleted all the same",
    plants: [{
      file: "src/store/deleting.ts",
      find: ": yield* store.withTransaction(",
      replace: ": yield* (<A, F, S>(all: Effect.Effect<A, F, S>) => all)("
    }],
    tests: { "test/cli/Pruning.test.ts": ["deletes nothing that cannot be written"] }
  },
  {
    name: "kept-behind-a-torn-line",
    breaks: "an action is written behind a line that a crash has cut off, and is unreadable with it",
    plants: [{
      file: "src/cli/exporting.ts",
      find: "if (before > 0 && !(yield* endsALine(files, path, before)))",
      replace: "if (before > 0 && before < 0 && !(yield* endsALine(files, path, before)))"
    }],
    tests: { "test/cli/Pruning.test.ts": ["adds to what is there"] }
  },
  {
    name: "look-up-of-jobs-turned-around",
    breaks: "cancelling what is left behind asks of each job in the queue whether it is one of these",
    plants: [{
      file: functionFile("cancel_abandoned"),
      find: `    cross join lateral (
      select from jobs q
      where
        q.action = o.child and q.kind = 0 /* JobKind.invocation */ and q.cancelled_at is null and q.parent is not null
      offset 0
    ) j
`,
      replace: `    join jobs j on j.action = o.child and j.kind = 0 /* JobKind.invocation */ and j.cancelled_at is null
`
    }],
    tests: {
      "test/sql/schema/schema.test.ts": ["in functions looks rows up in one way"],
      "test/sql/transitions/lookups.test.ts": ["children that were left behind are found one by one"]
    }
  },
  {
    name: "look-up-of-slots-turned-around",
    breaks: "each tick reads all slots in a session whose plan was made while there were none",
    plants: [{
      file: functionFile("time_out_steps"),
      find: "and o.status is null offset 0)",
      replace: "and o.status is null)"
    }],
    tests: { "test/sql/schema/schema.test.ts": ["in functions looks rows up in one way"] }
  },
  {
    name: "fired-by-each-who-has-read-it",
    breaks: "20.5: a schedule is moved on though it is at another slot by then",
    plants: [{
      file: functionFile("fire_schedules"),
      find: "and s.slot = m.slot and s.hash = m.hash and s.paused_at is null",
      replace: "and s.hash = m.hash and s.paused_at is null"
    }],
    tests: { [scheduleRaces]: ["20.5: of many who have read the same slot"] }
  },
  {
    name: "slot-without-a-key",
    breaks: "20.5: a slot that its schedule comes to a second time is enqueued a second time",
    plants: [{
      file: functionFile("enqueue_schedule_slots"),
      find: "select '', x.schedule, 3 /* KeyKind.schedule */, x.key, x.action, p_now",
      replace: "select '', x.schedule, 3 /* KeyKind.schedule */, x.key || x.action, x.action, p_now"
    }],
    tests: {
      [scheduleRaces]: ["20.5: a slot is enqueued once"],
      [schedules]: ["20.8: run by hand it is enqueued once"]
    }
  },
  {
    name: "fired-as-it-was",
    breaks: "20.5: who fires waits for whoever changes the schedule, and keeps the others from firing",
    plants: [{
      file: functionFile("fire_schedules"),
      find: "for update of s skip locked);",
      replace: "for update of s);"
    }],
    tests: { [scheduleRaces]: ["20.5: what somebody is about to change"] },
    hangs: true
  },
  {
    name: "fired-with-what-it-had-before",
    breaks: "20.5: what was changed while it was read fires with the arguments that it had before",
    plants: [{
      file: functionFile("fire_schedules"),
      find: "and s.slot = m.slot and s.hash = m.hash and s.paused_at is null",
      replace: "and s.slot = m.slot and s.paused_at is null"
    }],
    tests: { [scheduleRaces]: ["20.5: what was changed while it was read"] }
  },
  {
    name: "older-deploy-takes-over",
    breaks: "20.6: a worker of the version before a deploy puts its own again when it starts",
    plants: [{
      file: functionFile("put_schedule"),
      find: "(theirs.first_seen, theirs.hash) > (mine.first_seen, mine.hash)",
      replace: "(theirs.first_seen, theirs.hash) < (mine.first_seen, mine.hash)"
    }],
    tests: { [scheduleRaces]: ["20.6: of two versions"] }
  },
  {
    name: "dead-deploy-stays",
    breaks: "20.6: what a version has declared that nobody has any more stays in force",
    plants: [{
      file: functionFile("undeclared_schedules"),
      find: "not is_declared(s.hash)",
      replace: "s.hash is null"
    }],
    tests: { [scheduleRaces]: ["20.6: of two versions"] }
  },
  {
    name: "away-for-a-moment-and-older",
    breaks:
      "20.6: a version whose workers were taken for dead for a moment is not in force again while an older one lives",
    plants: [{
      file: functionFile("undeclared_schedules"),
      find: "(mine.first_seen, mine.hash) > (theirs.first_seen, theirs.hash)",
      replace: "mine.first_seen > theirs.first_seen + interval '1 year'"
    }],
    tests: { [scheduleRaces]: ["20.6: whose workers were taken for dead"] }
  },
  {
    name: "orphan-fires",
    breaks: "20.6: a schedule fires that no living worker declares",
    plants: [{ file: scheduleRows, find: "or s.hash = any($2)) order by", replace: "or true) order by" }],
    tests: { [schedules]: ["20.1: what code declares fires as well"] }
  },
  {
    name: "declared-at-its-start-or-never",
    breaks: "20.6: what a worker could not say at its start it never says, and its schedules do not fire",
    plants: [{
      file: "src/engine/worker/Announcing.ts",
      find: "if (said === undefined) return hasBegun ? say : Effect.void",
      replace: "if (said === undefined) return hasBegun ? Effect.void : Effect.void"
    }],
    tests: { "test/engine/worker/Announcing.test.ts": ["20.6: a worker that could not say"] },
    hangs: true
  },
  {
    name: "late-and-not-looked-at",
    breaks: "20.10: a schedule that is long due, and that workers could fire, is not found",
    plants: [{
      file: doctorFile,
      find: "s.next_at < $1::timestamptz - interval '10 minutes'",
      replace: "s.next_at < s.slot"
    }],
    tests: { [doctorTest]: ["20.10: finds a row that is due"] }
  },
  {
    name: "nobody-works-and-it-is-late",
    breaks: "20.10: where no worker lives each schedule that is due is found",
    plants: [{
      file: doctorFile,
      find: "w.lease_until > clock_timestamp() and w.definitions is not null and",
      replace: "w.definitions is not null and"
    }],
    tests: { [doctorTest]: ["20.10: finds a row that is due"] }
  },
  {
    name: "unreadable-is-no-finding",
    breaks: "20.10: a schedule that cannot be read is not found",
    plants: [{
      file: doctorFile,
      find: "where s.trouble is not null and ${isToFire(s)}`",
      replace: "where s.trouble is null and s.paused_at > s.next_at`"
    }],
    tests: { [doctorTest]: ["20.10: finds what cannot be read"] }
  },
  {
    name: "any-queue-is-taken",
    breaks: "20.10: a schedule whose queue no worker takes is not found",
    plants: [{
      file: doctorFile,
      find: "w.definitions @> array[s.definition] and (w.queues is null or s.queue = any(w.queues))",
      replace: "w.definitions @> array[s.definition]"
    }],
    tests: { [doctorTest]: ["20.10: finds what fires for nobody"] }
  },
  {
    name: "doctor-of-other-lanes",
    breaks: "15.5: who has a seat in a lane that he is not in is not found",
    plants: [{
      file: doctorFile,
      find: "l.id = x.action and x.lane = any(l.lanes))",
      replace: "l.id = x.action)"
    }],
    tests: { [doctorFindings]: ["each thing is found"] }
  },
  {
    name: "doctor-of-one-reader",
    breaks: "11.3: a signal that has settled a slot twice is not found",
    plants: [{
      file: doctorFile,
      find: "g.step = o.step and g.slot = o.slot) <> 1`",
      replace: "g.step = o.step and g.slot = o.slot) < 1`"
    }],
    tests: { [doctorFindings]: ["each thing is found"] }
  },
  {
    name: "doctor-of-nobody-ahead",
    breaks: "the doctor finds something wrong with who is cancelled and waits behind others",
    plants: [{
      file: doctorFile,
      find: "and (f.id is null or (j.priority, j.id) < (f.priority, f.id))",
      replace: ""
    }],
    tests: { [doctorFindings]: ["each thing is found"] }
  },
  {
    name: "one-too-many-performs",
    breaks: "15.2: more perform in a lane than its limit says",
    plants: [{
      file: functionFile("free_at"),
      find: ") >= (n.settings ->> 'limit')::int",
      replace: ") >= (n.settings ->> 'limit')::int + 1"
    }],
    tests: { "test/races/namedLanes.test.ts": ["15.3: where the running one is cancelled"] }
  },
  {
    name: "cancels-an-ancestor",
    breaks: "15.3: who waits for the newcomer is cancelled for it",
    plants: [{
      file: functionFile("cancelled_for"),
      find: "      and (l.id in (select unnest(spared))) is not true\n",
      replace: ""
    }],
    tests: { "test/behaviour/CancellingLanes.test.ts": ["15.3, 2.5 a: nor where it has performed longest"] },
    hangs: true
  },
  {
    name: "default-retry-of-what-is-prepended",
    breaks: "9.7: a step of another module begins again as the defaults of the action say",
    plants: [{
      file: registry,
      find: "[...additions?.prepended ?? [], ...base.steps]",
      replace:
        "[...(additions?.prepended ?? []).map((one) => ({ ...one, policy: withDefaults(one.policy, base.definition.defaults) })), ...base.steps]"
    }],
    tests: { [furtherAttempts]: ["9.7: nor of a step that another module has prepended"] }
  },
  {
    name: "default-retry-of-what-undoes",
    breaks: "9.7: what undoes a step is tried again as the defaults of its action say",
    plants: [{
      file: "src/engine/perform/unwinding.ts",
      find: "policy: { when: undefined, mayFail: false, retry, timeout },",
      replace: "policy: { when: undefined, mayFail: false, retry: retry ?? definition.defaults?.retry, timeout },"
    }],
    tests: { [furtherAttempts]: ["9.7: nor of what undoes a step"] }
  },
  {
    name: "schedule-without-services",
    breaks: "9.2: a schedule lacks the services of its step",
    plants: [{
      file: "src/engine/perform/attempts.ts",
      find: "Context.merge(ambient, context)))",
      replace: "Context.merge(ambient, Context.empty() as typeof context)))"
    }],
    tests: { [furtherAttempts]: ["9.2: a schedule has the failure"] }
  },
  {
    name: "schedule-of-the-last-attempt",
    breaks: "9.2: what has passed is counted from the last attempt on",
    plants: [{
      file: "src/engine/perform/attempts.ts",
      find: "...count === 1 ? [] : [earlier!.since],",
      replace: "...count === 1 ? [] : [at],"
    }],
    tests: { [furtherAttempts]: ["9.2: what has passed is counted"] }
  },
  {
    name: "undone-with-old-arguments",
    breaks: "10.1: what undoes a step has the arguments that its action had before it ended",
    plants: [{
      file: "src/engine/perform/unwinding.ts",
      find: `    failure: undefined,
    encoded: replaced === undefined ? performance.encoded : replaced.encoded,
    outcome,`,
      replace: `    failure: undefined,
    encoded: performance.encoded,
    outcome,`
    }, {
      file: "src/engine/perform/unwinding.ts",
      find: `    arguments: replaced,
    ended,
    outcome,
    next: undefined,`,
      replace: `    arguments: undefined,
    ended,
    outcome,
    next: undefined,`
    }],
    tests: { [undoingInFull]: ["10.1, 3.6: the arguments"] }
  },
  {
    name: "parent-asks-its-child",
    breaks: "10.5: a parent that unwinds a child asks it",
    plants: [{
      file: "src/engine/perform/compensate.ts",
      find: "when !== undefined && performance.unwinds === undefined",
      replace: "when !== undefined"
    }, {
      file: "src/engine/perform/unwinding.ts",
      find: "(when !== undefined && unwinds === undefined)",
      replace: "when !== undefined"
    }],
    tests: { [undoingInFull]: ["10.5, 10.4: a parent that unwinds"] }
  },
  {
    name: "jumped-over-time-is-lost",
    breaks: "20.2: a local time that the clock jumps over is no slot",
    plants: [{
      file: slots,
      find: "if (!isDistance && shift > 0 && slot < change + shift) return change",
      replace: "if (!isDistance && shift > 0 && slot < change - shift) return change"
    }],
    tests: { [slotsTest]: ["20.2: a local time that the clock jumps over", "20.2: the next one is what a look"] }
  },
  {
    name: "time-shown-twice-fires-twice",
    breaks: "20.2: a local time that the clock shows twice is two slots",
    plants: [{ file: slots, find: "(isDistance ? 0 : Math.max(0, -shift))", replace: "0" }],
    tests: { [slotsTest]: ["20.2: a local time that the clock shows twice", "20.2: the next one is what a look"] }
  },
  {
    name: "second-pass-is-not-seen",
    breaks: "20.2: who looks while the clock shows a time for the second time takes it for a slot",
    plants: [{ file: slots, find: "if (changed !== undefined && !isDistance) {", replace: "if (changed === null) {" }],
    tests: { [slotsTest]: ["20.2: a local time that the clock shows twice", "20.2: the next one is what a look"] }
  },
  {
    name: "distance-loses-an-hour",
    breaks: "20.2: what comes each half hour does not while the clock shows an hour for the second time",
    plants: [{
      file: slots,
      find: "cron.hours.size === 0 || cron.hours.size === 24",
      replace: "cron.hours.size === 24"
    }],
    tests: { [slotsTest]: ["20.2: where hours are not said", "20.2: the next one is what a look"] }
  },
  {
    name: "steps-over-a-change",
    breaks: "20.2: a zone whose clock is put forward for some weeks is not seen to be",
    plants: [{ file: offsets, find: "const stepMs = 4 * 86_400_000", replace: "const stepMs = 40 * 86_400_000" }],
    tests: { [offsetsTest]: ["20.2: changes where a look at every hour"] }
  },
  {
    name: "changes-of-a-day-of-each",
    breaks:
      "20.2: whoever asks for what comes once a year waits for a look at every one of its days, and so does his process",
    plants: [{ file: offsets, find: "const stepMs = 4 * 86_400_000", replace: "const stepMs = 86_400_000" }],
    tests: { [offsetsTest]: ["20.2: of what comes once a year"] }
  },
  {
    name: "changes-looked-for-again",
    breaks: "20.2: when a zone's clock is changed is looked for anew by each schedule",
    plants: [{ file: offsets, find: "spans.set(key, found)", replace: "spans.delete(key)" }],
    tests: { [offsetsTest]: ["20.2: of what comes once a year"] }
  },
  {
    name: "distance-of-centuries",
    breaks: "20.3: of what comes each leap year 200 years are looked through for its shortest distance",
    plants: [{
      file: slots,
      find: "slot - after > cycleMs && shortest < Infinity",
      replace: "slot - after > cycleMs && shortest < 0"
    }],
    tests: { [offsetsTest]: ["20.3: the shortest distance of what comes rarely"] }
  },
  {
    name: "versions-for-ever",
    breaks: "20.6: a program that says another time at each start leaves a version behind with each",
    plants: [{
      file: functionFile("declare_schedules"),
      find: "    is_new := found;",
      replace: "    is_new := false;"
    }],
    tests: { [scheduleRaces]: ["20.6: of the versions that nobody declares"] }
  },
  {
    name: "versions-of-the-living",
    breaks: "20.6: what a living worker declares is forgotten, and counts as new where it starts again",
    plants: [{
      file: functionFile("declare_schedules"),
      find: "        and not is_declared(v.hash);",
      replace: "        and v.hash <> '';"
    }],
    tests: { [scheduleRaces]: ["20.6: of the versions that nobody declares"] }
  },
  {
    name: "last-versions-forgotten",
    breaks: "20.6: an old version that starts again in the middle of a deploy is in force, as nobody knows it any more",
    plants: [{
      file: functionFile("declare_schedules"),
      find: "desc, n.hash desc limit 20)",
      replace: "desc, n.hash desc limit 1)"
    }],
    tests: { [scheduleRaces]: ["20.6: of the versions that nobody declares"] }
  },
  {
    name: "at-no-slot-and-nobody-knows",
    breaks: "20.7: a schedule that is to fire at no slot stays due, and nobody is told",
    plants: [{
      file: functionFile("mark_schedules"),
      find: "m.slot is null and isfinite(s.slot) is not true",
      replace: "m.slot is null and s.slot = m.slot"
    }],
    tests: { [schedules]: ["20.7: one that is to fire and is at no slot"] }
  },
  {
    name: "at-no-slot-for-ever",
    breaks: "20.7: a schedule that is at no slot stays so where it is put again",
    plants: [{
      file: functionFile("put_schedule"),
      find: "and (s.next_at is null or isfinite(s.slot) is true) as has_its_times",
      replace: "as has_its_times"
    }],
    tests: { [schedules]: ["20.7: one that is to fire and is at no slot"] }
  },
  {
    name: "due-in-front-of-the-next",
    breaks: "20.5: while one schedule stays due nobody knows when those after it fire",
    plants: [{
      file: "src/engine/worker/Timers.ts",
      find: "if (due.schedule <= until) due = yield* soonest(until)",
      replace: "if (due.schedule <= until) return"
    }],
    tests: { "test/engine/worker/Timers.test.ts": ["20.5: know when the next schedule fires"] },
    hangs: true
  },
  {
    name: "until-before-it-begins",
    breaks: "20.9: a row that never fires is stored without a word",
    plants: [{
      file: "src/engine/schedules/given.ts",
      find: "first !== undefined && first >= until",
      replace: "first !== undefined && first < 0"
    }],
    tests: { "test/behaviour/SchedulesBadInput.test.ts": ["20.9: of a row each field"] }
  },
  {
    name: "unreadable-is-over",
    breaks: "20.8: of a schedule that cannot be read the command says that none of its slots comes any more",
    plants: [{
      file: "src/cli/schedules.ts",
      find: "trouble === undefined ? \"none comes any more\"",
      replace: "trouble !== \"\" ? \"none comes any more\""
    }],
    tests: { "test/cli/Schedules.test.ts": ["say why nothing is found"] }
  },
  {
    name: "not-due-before-its-jitter",
    breaks: "20.3: a slot whose jitter is not over yet fires with the one before it",
    plants: [{
      file: slots,
      find: "if (last > slot && firesAt(timed, last) > now) last",
      replace: "if (last > slot && firesAt(timed, last) < 0) last"
    }],
    tests: { [slotsTest]: ["20.3: what jitter has put off"] }
  },
  {
    name: "missed-slots-all-fire",
    breaks: "20.4: what nobody was there for fires though it is not to be caught up with",
    plants: [{
      file: slots,
      find: "now - firesAt(timed, last) <= graceMs ? [last] : []",
      replace: "now - firesAt(timed, last) >= 0 ? [last] : []"
    }],
    tests: { [slotsTest]: ["20.4: what is missed"], [schedules]: ["20.4: what nobody was there for"] }
  },
  {
    name: "unreadable-without-a-mark",
    breaks: "20.7: nobody sees why a schedule does not fire that cannot be read",
    plants: [{
      file: functionFile("mark_schedules"),
      find: "set trouble = x.trouble, next_at = p_again",
      replace: "set trouble = null, next_at = p_again"
    }],
    tests: { [schedules]: ["20.7: one that cannot be read"] }
  },
  {
    name: "bursts-are-gone-through",
    breaks:
      "20.4: where slots come in bursts whoever fires the last ones goes through all of them, and does nothing else meanwhile",
    plants: [{
      file: slots,
      find: "slotsWithin(slots, start, to, 2 * most)",
      replace: "slotsWithin(slots, start, to, Infinity)"
    }],
    tests: { [slotsTest]: ["20.4: of what comes in bursts"] }
  },
  {
    name: "distance-of-nothing",
    breaks: "20.7: a distance of nothing, in a row that was written by hand, is looked through for ever",
    plants: [{
      file: slots,
      find: "if (!Number.isInteger(every) || every < everyLeast) {",
      replace: "if (every === undefined) {"
    }],
    tests: { [slotsTest]: ["20.7: what is no distance"] }
  },
  {
    name: "unreadable-behind-a-lock",
    breaks: "20.7: who marks a schedule waits for whoever changes it, and keeps the others from firing",
    plants: [{ file: functionFile("mark_schedules"), find: "for update of s skip locked", replace: "for update of s" }],
    tests: { [scheduleRaces]: ["20.7: one that cannot be read, and that somebody"] },
    hangs: true
  },
  {
    name: "unreadable-in-the-way",
    breaks: "20.7: those that cannot be read keep others from firing, where they are more than one look takes",
    plants: [{
      file: firing,
      find: "return { moved: moved + marked, enqueued: enqueued.length }",
      replace: "return { moved, enqueued: enqueued.length }"
    }],
    tests: { [schedules]: ["20.7: whatever a row holds"] }
  },
  {
    name: "due-behind-locks",
    breaks: "20.5: whoever changes many with one commit keeps those from firing that are due after them",
    plants: [{ file: firing, find: "skip += seen", replace: "skip = seen === 0 ? skip : skipMax" }],
    tests: { [scheduleRaces]: ["20.5: however many"] },
    hangs: true
  },
  {
    name: "jitter-of-before",
    breaks: "20.3: a slot is put off by the jitter that its schedule had before",
    plants: [{
      file: functionFile("put_schedule"),
      find: "when s.jitter_ms is not distinct from p_jitter_ms then s.next_at",
      replace: "when s.name = p_name then s.next_at"
    }],
    tests: { [schedules]: ["20.3: with another jitter"] }
  },
  {
    name: "fires-before-its-jitter",
    breaks: "20.3: what is looked at before its jitter is over fires then",
    plants: [{
      file: slots,
      find: "if (firesAt(timed, slot) > now) return { fires: [], next: slot }",
      replace: ""
    }],
    tests: { [slotsTest]: ["20.3: what is looked at before"], [schedules]: ["20.3: with another jitter"] }
  },
  {
    name: "schedule-told-by-its-ciphertext",
    breaks: "22.2: a schedule with an encrypted argument is another one whenever it is declared or put",
    plants: [{
      file: "src/engine/schedules/given.ts",
      find: "{ ...schedule, arguments: identity }",
      replace: "{ ...schedule, identity }"
    }],
    tests: { "test/behaviour/Encryption.test.ts": ["22.2, 20.6: a schedule is the same"] }
  },
  {
    name: "schedule-under-a-key-that-goes",
    breaks: "22.2: what is put again with another first key stays encrypted with the one before",
    plants: [{
      file: functionFile("put_schedule"),
      find: "s.arguments is distinct from p_arguments",
      replace: "s.arguments is null"
    }],
    tests: { "test/behaviour/Encryption.test.ts": ["22.2, 20.6: a schedule is the same"] }
  },
  {
    name: "unreadable-arguments-in-no-history",
    breaks: "20.7: arguments that can no longer be read end without an action",
    plants: [{
      file: firing,
      find: "{ ...asStored, lane, prepared: true }",
      replace: "{ ...asStored, lane: lane === \"\" ? lane : null }"
    }],
    tests: { [schedules]: ["20.7: arguments that can no longer be read"] }
  },
  {
    name: "pause-is-caught-up-with",
    breaks: "20.8: what has passed in a pause fires when it is over",
    plants: [{
      file: functionFile("operate_schedule"),
      find: "paused_reason = null, slot = p_next_slot, next_at = p_next_at",
      replace: "paused_reason = null"
    }],
    tests: { [schedules]: ["20.8: paused with a reason"] }
  },
  {
    name: "all-paused-and-one-fires",
    breaks: "20.8: what was read before all schedules were paused fires in the pause",
    plants: [{
      file: functionFile("fire_schedules"),
      find: "\n      and not exists (select 1 from pauses p where p.kind = 'schedules')",
      replace: ""
    }],
    tests: { [scheduleRaces]: ["20.8: what was read before all were paused"] }
  },
  {
    name: "all-paused-and-one-is-due",
    breaks: "20.8: while all schedules are paused workers are woken up for one that does not fire",
    plants: [{
      file: "src/sql/schedules.ts",
      find: "\n      and not ${areAllPaused(schema)}",
      replace: ""
    }],
    tests: { [pausedSchedules]: ["20.8: while they are paused none fires"] }
  },
  {
    name: "all-catch-up",
    breaks: "20.8: what has passed while all schedules were paused fires once somebody goes on",
    plants: [{
      file: "src/engine/client/allSchedules.ts",
      find: "const passed = yield* passAll(store, at)",
      replace: "const passed = at > 0 ? 0 : yield* passAll(store, at)"
    }],
    tests: { [pausedSchedules]: ["20.8: what was to fire before they were paused"] }
  },
  {
    name: "put-off-beyond-the-pause",
    breaks: "20.8: a slot that its jitter puts off beyond a pause of its schedule is lost",
    plants: [{
      file: "src/engine/client/schedules.ts",
      find: "firesNext({ ...schedule, slots }, slot, yield* now)",
      replace: "slots.next(yield* now)"
    }],
    tests: { [pausedSchedules]: ["20.8, 20.3: a slot that its jitter puts off beyond the pause of one"] }
  },
  {
    name: "put-off-beyond-all-pauses",
    breaks:
      "20.8: a slot that its jitter puts off beyond a pause of all schedules is lost where others have passed in that",
    plants: [{
      file: "src/engine/client/allSchedules.ts",
      find: "if (jitter !== null) return firesNext(",
      replace: "if (jitter === 0) return firesNext("
    }],
    tests: { [pausedSchedules]: ["20.8, 20.3: a slot that its jitter puts off beyond the pause of all"] }
  },
  {
    name: "put-off-and-not-shown",
    breaks: "20.8: which slot fires next nobody is told while its jitter puts it off",
    plants: [{
      file: "src/engine/client/schedules.ts",
      find: "firesNext({ ...schedule, slots }, slot, (yield* now) - 1)",
      replace: "slots.next(Math.max(slot, yield* now) - 1)"
    }],
    tests: { [pausedSchedules]: ["20.8, 20.3: a slot that its jitter puts off beyond the pause of one"] }
  },
  {
    name: "one-page-of-all-goes-on",
    breaks: "20.8: of all schedules those of the first page alone pass by what they were to fire",
    plants: [{
      file: "src/engine/client/allSchedules.ts",
      find: "        after = last.name\n",
      replace: "        after = last.name\n        break\n"
    }],
    tests: { [pausedSchedules]: ["20.8: however many they are"] }
  },
  {
    name: "goes-on-past-who-is-locked",
    breaks: "20.8: a schedule that somebody has locked as all go on catches up with what has passed",
    plants: [{
      file: functionFile("pass_schedules"),
      find: "for update of s);",
      replace: "for update of s skip locked);"
    }],
    tests: { [scheduleRaces]: ["20.8: who has one locked is waited for"] }
  },
  {
    name: "passes-what-it-is-to-fire",
    breaks: "20.8: of two who go on with all schedules the second one has them pass by what they are to fire by then",
    plants: [{
      file: functionFile("pass_schedules"),
      find: "\n      and exists (select 1 from pauses p where p.kind = 'schedules')",
      replace: ""
    }],
    tests: { [scheduleRaces]: ["20.8: once somebody has gone on with all of them"] }
  },
  {
    name: "paused-by-nobody",
    breaks: "20.8: readers are not shown that all schedules are paused",
    plants: [{
      file: "src/sql/schedules.ts",
      find: "return ofAll === null ? undefined :",
      replace: "return ofAll === null || ofAll.since > 0 ? undefined :"
    }],
    tests: { [pausedSchedules]: ["20.8: while they are paused none fires"] }
  },
  {
    name: "doctor-finds-what-all-are",
    breaks: "20.10: the doctor finds schedules that do not fire as all of them are paused",
    plants: [{
      file: "src/sql/Doctor.ts",
      find: "`s.paused_at is null and not ${areAllPaused(s)}`",
      replace: "`s.paused_at is null and (true or not ${areAllPaused(s)})`"
    }],
    tests: { "test/sql/Doctor.test.ts": ["20.10: finds a row that is due", "20.10: finds what cannot be read"] }
  },
  {
    name: "all-paused-and-late",
    breaks: "20.11: what is due while all schedules are paused is late",
    plants: [{
      file: "src/sql/unfired.ts",
      find: "where ${isOn} and not ${",
      replace: "where ${isOn} or not ${"
    }],
    tests: { "test/behaviour/UnfiredSchedules.test.ts": ["17.2, 20.11: a row whose action"] }
  },
  {
    name: "all-paused-and-broken",
    breaks: "20.11: while all schedules are paused what cannot be read needs somebody",
    plants: [{
      file: functionFile("broken_schedules"),
      find: "\n    and not exists (select 1 from pauses p where p.kind = 'schedules')",
      replace: ""
    }],
    tests: { "test/behaviour/UnfiredSchedules.test.ts": ["17.2, 20.11: what cannot be read"] }
  },
  {
    name: "everything-is-paused-but-schedules",
    breaks: "20.8: whoever pauses everything from a shell is not told that schedules go on",
    plants: [{
      file: "src/cli/pausing.ts",
      find: "yield* given.all ? saidOfSchedules : saidOf(given)",
      replace: "yield* !given.all ? saidOfSchedules : saidOf(given)"
    }],
    tests: { "test/cli/Schedules.test.ts": ["are all paused and gone on with"] }
  },
  {
    name: "deploy-loses-what-was-missed",
    breaks: "20.6: a deploy that changes the arguments alone begins with the next slot",
    plants: [{
      file: functionFile("put_schedule"),
      find: "slot = case when x.has_its_times then s.slot else p_slot end",
      replace: "slot = p_slot"
    }, {
      file: functionFile("put_schedule"),
      find: "when not x.has_its_times then p_next_at",
      replace: "when true then p_next_at"
    }],
    tests: { [schedules]: ["20.6: what a deploy has changed"] }
  },
  {
    name: "http-any-host",
    breaks: "21.3: a page of somebody else's, by a name that points to this machine, is let in",
    plants: [{
      file: "src/http/authorization.ts",
      find: "          : !isOwnHost(request.headers[\"host\"] ?? \"\")",
      replace: "          : !isOwnHost(request.headers[\"host\"] ?? \"\") && request.headers[\"host\"] === \"\""
    }],
    tests: { "test/http/Operating.test.ts": ["without a middleware"] }
  },
  {
    name: "http-any-address",
    breaks: "21.3: who is on another machine is let in as an admin, where a program listens on all addresses",
    plants: [{
      file: "src/http/authorization.ts",
      find: "every((address) => Option.exists(address, isLoopback))",
      replace: "some((address) => Option.exists(address, isLoopback))"
    }],
    tests: { "test/http/Operating.test.ts": ["21.3: without a middleware an address"] }
  },
  {
    name: "http-passed-on",
    breaks: "21.3: what a proxy passes on is taken for this machine's own",
    plants: [{
      file: "src/http/authorization.ts",
      find: "          : isForwarded(request.headers)",
      replace: "          : isForwarded(request.headers) && request.headers[\"host\"] === \"\""
    }],
    tests: { "test/http/Operating.test.ts": ["without a middleware"] }
  },
  {
    name: "http-foreign-origin",
    breaks: "21.3: a verb that another origin's page sends is done",
    plants: [{
      file: "src/http/origin.ts",
      find: "    : origin !== undefined && !origins.isAllowed(origin, request)",
      replace: "    : origin !== undefined && origin === \"\" && !origins.isAllowed(origin, request)"
    }],
    tests: { "test/http/Operating.test.ts": ["a verb that a page"] }
  },
  {
    name: "http-foreign-site",
    breaks: "21.3: a verb that another site's page sends is done",
    plants: [{
      file: "src/http/origin.ts",
      find: "site !== undefined && site !== \"same-origin\" && site !== \"none\"",
      replace: "site !== undefined && site.length > 99 && site !== \"same-origin\" && site !== \"none\""
    }],
    tests: { "test/http/Operating.test.ts": ["a verb that a page"] }
  },
  {
    name: "http-cookie-from-anywhere",
    breaks: "21.3: a cookie is enough, wherever the request comes from",
    plants: [{
      file: "src/http/origin.ts",
      find: "    : isCookie && origin === undefined",
      replace: "    : isCookie && origin === \"\" && origin === undefined"
    }],
    tests: { "test/http/Operating.test.ts": ["a verb that a page"] }
  },
  {
    name: "http-any-role",
    breaks: "21.3: who may only look has verbs done",
    plants: [{
      file: "src/verbs/roles.ts",
      find: "roles.indexOf(role) >= roles.indexOf(needed)",
      replace: "roles.indexOf(role) >= roles.indexOf(needed) - 2"
    }],
    tests: { "test/http/Operating.test.ts": ["each verb has its role"] }
  },
  {
    name: "http-denied-in-silence",
    breaks: "21.3: whom a verb was denied is not recorded",
    plants: [{
      file: "src/http/verbs.ts",
      find: "if (denials.isRecorded(subject)) yield*",
      replace: "if (denials.isRecorded(subject) && reason === \"\") yield*"
    }],
    tests: { "test/http/Operating.test.ts": ["each verb has its role"] }
  },
  {
    name: "http-denied-without-end",
    breaks: "21.3: whoever may only look fills the table of operations with what he is denied",
    plants: [{
      file: "src/http/verbs.ts",
      find: "if (denials.isRecorded(subject)) yield*",
      replace: "if (denials.isRecorded(subject) || reason !== undefined) yield*"
    }],
    tests: { "test/http/Denials.test.ts": ["21.3: so many refusals"] }
  },
  {
    name: "http-no-role-looks",
    breaks: "21.3: who has no role, by whatever layer finds out who asks, may look at everything",
    plants: [{
      file: "src/http/requestCheck.ts",
      find: "roles.length === 0 && !asksForRole",
      replace: "roles.length < 0 && !asksForRole"
    }],
    tests: { "test/http/Denials.test.ts": ["21.3: whoever has no role"] }
  },
  {
    name: "http-no-role-in-silence",
    breaks: "21.3: that somebody without a role has asked for a verb is not recorded",
    plants: [{
      file: "src/http/requestCheck.ts",
      find: "roles.length === 0 && !asksForRole",
      replace: "roles.length === 0 || !asksForRole && subject === \"\""
    }],
    tests: { "test/http/Denials.test.ts": ["21.3: whoever has no role"] }
  },
  {
    name: "http-secrets-shown",
    breaks: "21.3: what a schema redacts is sent",
    plants: [{
      file: "src/http/payloads.ts",
      find: "  const rest = without(value, paths)",
      replace: "  const rest = without(value, paths.slice(paths.length))"
    }],
    tests: { "test/http/Payloads.test.ts": ["21.3: payloads are for who may read them"] }
  },
  {
    name: "http-undescribed-shown",
    breaks: "21.3: a payload that nobody has described is sent",
    plants: [{
      file: "src/http/payloads.ts",
      find: "  if (!isKnown) return hidden(\"unknown\")",
      replace: "  if (!isKnown && value === undefined) return hidden(\"unknown\")"
    }],
    tests: { "test/http/Payloads.test.ts": ["21.3: what nobody has described"] }
  },
  {
    name: "http-secrets-of-old-versions",
    breaks: "21.3: what a version redacts that is older than the newest hundred is sent",
    plants: [{
      file: "src/http/payloads.ts",
      find: "found.length > versionsMost ? [] : found",
      replace:
        "found.length > versionsMost ? found.slice(0, versionsMost).map(({ description }) => description) : found"
    }],
    tests: { "test/http/Payloads.test.ts": ["21.3: where there are more versions"] }
  },
  {
    name: "http-webhook-any-time",
    breaks: "21.4: a webhook of yesterday is taken",
    plants: [{
      file: "src/http/Webhook.ts",
      find: "Math.abs(Number(timestamp) - nowMs / 1000) <= toleranceSeconds",
      replace: "Math.abs(Number(timestamp) - nowMs / 1000) <= toleranceSeconds * 1e9"
    }],
    tests: { "test/http/Webhook.test.ts": ["21.4:"] }
  },
  {
    name: "http-webhook-without-id",
    breaks: "21.4: the id of a webhook is not signed",
    plants: [{
      file: "src/http/Webhook.ts",
      find: ".update(`${id}.${timestamp}.`)",
      replace: ".update(`${id.slice(id.length)}.${timestamp}.`)"
    }],
    tests: { "test/http/Webhook.test.ts": ["21.4:"] }
  },
  {
    name: "http-webhook-twice",
    breaks: "21.4: a webhook that comes again is another one",
    plants: [{
      file: "src/http/Webhook.ts",
      find: "Effect.map(engine.complete(target, action, outcome, { key }), Option.isSome)",
      replace: "Effect.map(engine.complete(target, action, outcome, key === \"\" ? { key } : {}), Option.isSome)"
    }],
    tests: { "test/http/Webhook.test.ts": ["completes its action once"] }
  },
  {
    name: "http-signal-twice",
    breaks: "21.4: a webhook that comes again is another signal for the next action of its actor",
    plants: [{
      file: "src/http/Webhook.ts",
      find: "options: { key }, isOnce: true",
      replace: "options: { key }, isOnce: key === \"\""
    }],
    tests: { "test/http/Webhook.test.ts": ["that is a signal counts once"] }
  },
  {
    name: "http-signal-key-without-its-row",
    breaks: "21.4: the id of a webhook that is a signal is not stored with it",
    plants: [{
      file: functionFile("keep_signal_key"),
      find: "  if found then return; end if;",
      replace: "  delete from action_keys x where x.action = p_action;\n  if found then return; end if;"
    }],
    tests: { "test/http/Webhook.test.ts": ["that is a signal counts once"] }
  },
  {
    name: "http-delivery-anywhere",
    breaks: "21.5: a name is not looked at, and leads to a private address",
    plants: [{
      file: "src/http/posting.ts",
      find: "const refused = addresses.find(({ address }) => !isAllowed(address))",
      replace: "const refused = addresses.find(({ address }) => address === \"\" && !isAllowed(address))"
    }],
    tests: { "test/http/Deliveries.test.ts": ["to a private address"] }
  },
  {
    name: "many-counted-anew",
    breaks: "18.4, 21.3: a plan that is started again is another one, once fewer are meant",
    plants: [{ file: "src/engine/client/many.ts", find: "planned?.count ?? count", replace: "count" }],
    tests: {
      [forMany]: ["18.4: a plan that is made again by its key"],
      "test/http/Operating.test.ts": ["21.3: the same plan is the same"]
    }
  },
  {
    name: "http-many-away",
    breaks: "21.1: where the database is away who starts a plan is told that it is wrong",
    plants: [{
      file: "src/http/many.ts",
      find: "if (reason._tag === \"StorageError\") return Effect.fail(reason)\n",
      replace: ""
    }],
    tests: { "test/http/Operating.test.ts": ["21.3: where the database cannot be asked"] }
  },
  {
    name: "http-own-actions-go-on",
    breaks: "21.3: who operates has a deletion go on that an admin has begun",
    plants: [{
      file: "src/http/verbs.ts",
      find: "onSome: ([{ filter, verb }]) => roleForMany(verb.verb, filter)",
      replace: "onSome: () => \"operate\" as const"
    }],
    tests: { "test/http/Operating.test.ts": ["21.3: what an admin has begun"] }
  },
  {
    name: "http-own-actions-for-many",
    breaks: "21.3: who operates has the engine's own actions go on, where many are named",
    plants: [{
      file: "src/http/verbs.ts",
      find: "filter.actorType === ownActor && verb",
      replace: "filter.actorType === \"\" && verb"
    }],
    tests: { "test/http/Operating.test.ts": ["21.3: what an admin has begun"] }
  },
  {
    name: "http-events-tags-of-numbers",
    breaks: "21.2: a declared error whose tag is no text is told with its fields",
    plants: [{
      file: "src/sql/recent.ts",
      find: "and jsonb_typeof(cause -> 'error' -> '_tag') is distinct from 'string'",
      replace: "and cause -> 'error' ->> '_tag' is null"
    }],
    tests: { "test/http/Payloads.test.ts": ["21.3: messages that errors have been given"] }
  },
  {
    name: "http-activities-in-full",
    breaks: "24.9: of an activity's error everybody is told the message, which may be secret",
    plants: [{
      file: "src/http/views.ts",
      find: "const made = mayRead ? execution",
      replace: "const made = mayRead || !mayRead ? execution"
    }],
    tests: { "test/http/Executions.test.ts": ["24.9: what is secret of an execution"] }
  },
  {
    name: "http-events-twice",
    breaks: "21.2: who stays connected is told a thing with every look",
    plants: [{
      file: "src/http/Live.ts",
      find: "events.filter(({ key }) => !told.has(key))\n      for",
      replace: "events.filter(({ key }) => key === \"\" || !told.has(\"\"))\n      for"
    }],
    tests: { "test/http/Live.test.ts": ["21.2: what is committed late"] }
  },
  {
    name: "http-events-missed",
    breaks: "21.2: who comes back is not told what was committed late meanwhile",
    plants: [{
      file: "src/http/Live.ts",
      find: "const since = Math.max(0, Math.min(after.at, begun) - lateMs)",
      replace: "const since = Math.max(0, Math.min(after.at, begun))"
    }],
    tests: { "test/http/Live.test.ts": ["21.2: what is committed late"] }
  },
  {
    name: "http-events-of-before",
    breaks: "21.2: what had happened before anybody looked on is told as news",
    plants: [{
      file: "src/http/Live.ts",
      find: "    if (Option.isSome(before)) learn(before.value.events)\n    else latest",
      replace: "    if (Option.isSome(before) && latest > 0) learn(before.value.events)\n    else latest"
    }],
    tests: { "test/http/Live.test.ts": ["21.2: what is committed late"] }
  },
  {
    name: "http-events-by-a-wrong-clock",
    breaks: "21.2: a time that is still to come makes an old thing of all that happens now",
    plants: [{
      file: "src/http/Live.ts",
      find: "Math.min(event.at.getTime(), now())",
      replace: "event.at.getTime()"
    }],
    tests: { "test/http/Live.test.ts": ["21.2: a time that is still to come"] },
    hangs: true
  },
  {
    name: "http-events-behind-a-wrong-clock",
    breaks: "21.2: the id of an event has a time that is still to come, behind which nothing is told",
    plants: [{
      file: "src/http/Live.ts",
      find: "cursor: textAt(Math.min(at.getTime(), now), kind)",
      replace: "cursor: textAt(Math.max(at.getTime(), now), kind)"
    }],
    tests: { "test/http/Live.test.ts": ["21.2: who goes on behind a time"] }
  },
  {
    name: "http-events-back-from-a-wrong-clock",
    breaks: "21.2: who comes back behind a time that is still to come is told nothing of before, and not that",
    plants: [{
      file: "src/http/Live.ts",
      find: "const isWrong = after.at > begun + lateMs",
      replace: "const isWrong = after.at < 0"
    }],
    tests: { "test/http/Live.test.ts": ["21.2: who goes on behind a time"] }
  },
  {
    name: "http-events-of-the-dead",
    breaks: "21.2: who has ended and was not told of is watched for ever, in the place of who is live",
    plants: [{ file: "src/http/Live.ts", find: "        open.clear()\n", replace: "" }],
    tests: { "test/http/Live.test.ts": ["21.2: who has ended and was not told of"] }
  },
  {
    name: "http-events-cut-in-silence",
    breaks: "21.2: where more happens than a look finds, nobody is told that something is missing",
    plants: [{
      file: "src/http/Live.ts",
      find: "isCut: changed.length >= foundMost",
      replace: "isCut: changed.length > foundMost"
    }],
    tests: { "test/http/Live.test.ts": ["21.2: where more happens than a look finds"] }
  },
  {
    name: "http-events-lost-in-silence",
    breaks: "21.2: who takes what happens too slowly is not told that something was lost",
    plants: [{
      file: "src/http/Live.ts",
      find: "next.place <= place ? [next.news]",
      replace: "next.place <= Math.max(place, next.place) ? [next.news]"
    }],
    tests: { "test/http/Live.test.ts": ["21.2: who takes what happens too slowly"] }
  },
  {
    name: "http-events-lost-before-the-first",
    breaks: "21.2: what was lost before somebody has taken the first is lost in silence",
    plants: [{
      file: "src/http/Live.ts",
      find: "next.place <= place ? [next.news]",
      replace: "place === 0 || next.place <= place ? [next.news]"
    }],
    tests: { "test/http/Live.test.ts": ["21.2: who takes what happens too slowly"] }
  },
  {
    name: "http-events-back-over-a-gap",
    breaks: "21.2: who comes back after more than a look finds is not told that something is missing",
    plants: [{
      file: "src/http/Live.ts",
      find: "return isCut || isWrong ? [gapOf(",
      replace: "return isWrong || isCut && missed.length === 0 ? [gapOf("
    }],
    tests: { "test/http/Live.test.ts": ["21.2: where more happens than a look finds"] }
  },
  {
    name: "http-events-a-look-each",
    breaks: "21.2: each who looks on has the rows looked at for themselves",
    plants: [{
      file: "src/http/Live.ts",
      find: "yield* RcRef.get(looking)",
      replace: "yield* (after === undefined ? startLooking(repo) : RcRef.get(looking))"
    }],
    tests: { "test/http/Live.test.ts": ["21.2: who looks beside another"] }
  },
  {
    name: "http-events-for-nobody",
    breaks: "21.2: the rows are looked at when nobody looks on any more",
    plants: [{
      file: "src/http/Live.ts",
      find: "acquire: startLooking(repo) }",
      replace: "acquire: startLooking(repo), idleTimeToLive: \"1 hour\" }"
    }],
    tests: { "test/http/Live.test.ts": ["21.2: who looks beside another"] }
  },
  {
    name: "http-told-in-silence",
    breaks: "21.3: whom a signal was denied is not recorded",
    plants: [{
      file: "src/http/telling.ts",
      find: "check(\"Stepped.send\", id, options.reason)",
      replace: "checkEnqueueing"
    }],
    tests: { "test/http/Telling.test.ts": ["21.1: an action is run"] }
  },
  {
    name: "http-schedules-for-operators",
    breaks: "21.3: who may operate changes what goes on by the clock",
    plants: [{
      file: "src/verbs/table.ts",
      find: "description: \"Enqueue what a schedule enqueues once, now\",\n    role: \"admin\"",
      replace: "description: \"Enqueue what a schedule enqueues once, now\",\n    role: \"operate\""
    }],
    tests: { "test/http/Operating.test.ts": ["is an admin"] }
  },
  {
    name: "http-payloads-for-all",
    breaks: "21.3: what programs have stored is sent to who may not read it",
    plants: [{
      file: "src/http/payloads.ts",
      find: "    mayRead\n      ? Effect.map(Cache",
      replace: "    mayRead || actorType !== \"\"\n      ? Effect.map(Cache"
    }],
    tests: { "test/http/Payloads.test.ts": ["21.3: payloads are for who may read them"] }
  },
  {
    name: "http-own-summary-hidden",
    breaks: "21.6: what a verb for many has come to is withheld from who may not read payloads, and has asked for it",
    plants: [{
      file: "src/http/payloads.ts",
      find: "({ ...shows, result: shown, said: shown })",
      replace: "({ ...shows, said: shown })"
    }],
    tests: { "test/cli/Remote.test.ts": ["21.6: a verb for many"] }
  },
  {
    name: "http-own-progress-hidden",
    breaks: "21.6: how far a verb for many is, is withheld from who may not read payloads, and has asked for it",
    plants: [{
      file: "src/http/payloads.ts",
      find: "({ ...shows, result: shown, said: shown })",
      replace: "({ ...shows, result: shown })"
    }],
    tests: { "test/cli/Remote.test.ts": ["21.6: a verb for many"] }
  },
  {
    name: "http-forgets-for-seconds",
    breaks: "21.1: an actor with a long history cannot be forgotten over HTTP",
    plants: [{
      file: "src/http/verbs.ts",
      find: "verb === \"ActionRepo.forget\"",
      replace: "verb === \"AchievementStore.forgetAll\""
    }],
    tests: { "test/http/Reading.test.ts": ["21.1: has none where it goes through all"] }
  },
  {
    name: "http-checks-for-seconds",
    breaks: "21.1: the invariants of a long history cannot be checked over HTTP",
    plants: [{
      file: "src/http/readOverview.ts",
      find: "(askAll(engine.doctor))",
      replace: "(Effect.raceFirst(askAll(engine.doctor), ask(asking, Effect.never)))"
    }],
    tests: { "test/http/Reading.test.ts": ["21.1: has none where it goes through all"] }
  },
  {
    name: "http-many-check",
    breaks: "21.1: whoever looks has the invariants checked as often at once as there are connections",
    plants: [{
      file: "src/http/readOverview.ts",
      find: "yield* Semaphore.make(1)",
      replace: "yield* Semaphore.make(100)"
    }],
    tests: { "test/http/Reading.test.ts": ["21.1: has none where it goes through all"] }
  },
  {
    name: "http-fields-in-messages",
    breaks: "21.3: an error's fields are told as its message to who may not read payloads",
    plants: [{
      file: "src/domain/ownMessage.ts",
      find: "message.startsWith(`${tag}: `)",
      replace: "message.startsWith(tag)"
    }],
    tests: { "test/http/Payloads.test.ts": ["21.3: messages that errors have been given"] }
  },
  {
    name: "http-fields-in-why",
    breaks: "21.3: why an action is held is told with its error's fields to who may not read payloads",
    plants: [{
      file: "src/http/messages.ts",
      find: "if (\"failure\" in reason && reason.failure !== undefined) {",
      replace: "if (\"failure\" in reason && reason.failure !== undefined && reason._tag !== \"Held\") {"
    }],
    tests: { "test/http/Payloads.test.ts": ["21.3: messages that errors have been given"] }
  },
  {
    name: "due-since-its-enqueueing",
    breaks: "21.1: what was delayed needs somebody as soon as it is due, as if it had waited all the time",
    plants: [{
      file: "src/sql/queue.ts",
      find: "then due_at\n",
      replace: "then enqueued_at\n"
    }],
    tests: { "test/http/Attention.test.ts": ["21.1: what waits for its time is due"] }
  },
  {
    name: "overdue-is-later",
    breaks: "21.1: nobody is told that no worker runs where all that is due was delayed",
    plants: [{
      file: "src/sql/queue.ts",
      find: "and due_at <= ${now}))`",
      replace: "and due_at <= ${now} and due_at > ${now}))`"
    }],
    tests: { "test/http/Attention.test.ts": ["21.1: what waits for its time is due"] }
  },
  {
    name: "http-results-of-others",
    breaks: "21.3: what a step was given by others is sent with what is secret of it",
    plants: [{
      file: "src/http/payloads.ts",
      find: "(described.length === steps.length || !isOfOthers)",
      replace: "(described.length === steps.length || isOfOthers || !isOfOthers)"
    }],
    tests: { "test/http/Payloads.test.ts": ["21.3: payloads are for who may read them"] }
  },
  {
    name: "http-rounds",
    breaks: "21.1: a whole number that is posted is stored as another one",
    plants: [{
      file: "src/http/bodyLimit.ts",
      find: "const rounded = mayRound.test(body) ?",
      replace: "const rounded = mayRound.test(body.slice(body.length)) ?"
    }],
    tests: { "test/http/BadInput.test.ts": ["21.1, 21.3: bad values"] }
  },
  {
    name: "http-ends-of-the-old",
    breaks: "21.2: the end of one that was live for long is not told where thousands have ended since it was enqueued",
    plants: [{
      file: "src/http/Live.ts",
      find: "look(repo, since, now, open)",
      replace: "look(repo, since, now)"
    }],
    tests: { "test/http/Live.test.ts": ["21.2: the end of one that was live for long"] },
    hangs: true
  },
  {
    name: "http-fields-of-attempts",
    breaks: "21.3: attempts are told with their errors' fields to who may not read payloads",
    plants: [{
      file: "src/http/views.ts",
      find: "attempts: mayRead",
      replace: "attempts: mayRead || !mayRead"
    }],
    tests: { "test/http/Payloads.test.ts": ["21.3: messages that errors have been given"] }
  },
  {
    name: "http-fields-in-events",
    breaks: "21.3: who looks on is told an error's fields as its message",
    plants: [{
      file: "src/sql/recent.ts",
      find: "and not starts_with",
      replace: "and false and not starts_with"
    }],
    tests: { "test/http/Payloads.test.ts": ["21.3: messages that errors have been given"] }
  },
  {
    name: "http-no-message-at-all",
    breaks: "21.3: what an error itself says is withheld from who is on call",
    plants: [{
      file: "src/domain/ownMessage.ts",
      find: "message.startsWith(`${tag}: `) || message ===",
      replace: "message ==="
    }],
    tests: { "test/http/Payloads.test.ts": ["21.3: messages that errors have been given"] }
  },
  {
    name: "fields-of-defects",
    breaks: "21.3: a defect's fields are its message, and told to who may not read payloads",
    plants: [{
      file: "src/domain/Failure.ts",
      find: "isError ? ownText(error) :",
      replace: "isError ? text :"
    }],
    tests: {
      "test/http/Payloads.test.ts": ["21.3: messages of what is not stored as data"],
      "test/domain/Failure.test.ts": ["of what is no data"]
    }
  },
  {
    name: "fields-behind-a-retry",
    breaks: "21.3: where a retry's policy fails, the fields of what the step has failed with are told with that",
    plants: [{
      file: "src/engine/perform/attempts.ts",
      find: "said(ownText(why), had)",
      replace: "said(errorText(why), had)"
    }],
    tests: { "test/http/Payloads.test.ts": ["21.3: messages of what is not stored as data"] }
  },
  {
    name: "http-field-without-entry",
    breaks: "21.1: an endpoint takes what no test has sent it anything wrong in",
    plants: [{
      file: "src/http/Api.ts",
      find: "key: Schema.optional(Schema.String), after: Schema.optional(Schema.String), limit: Limit",
      replace:
        "key: Schema.optional(Schema.String), below: Schema.optional(Schema.String), after: Schema.optional(Schema.String), limit: Limit"
    }],
    tests: { "test/http/EveryEndpoint.test.ts": ["21.1: every endpoint has an entry"] }
  },
  {
    name: "http-unknown-means-all",
    breaks: "21.1: a field of a filter that is misspelt says nothing, and a verb is for all",
    plants: [{
      file: "src/http/Api.ts",
      find: "HttpApi.PayloadParseOptions, strict",
      replace: "HttpApi.PayloadParseOptions, {}"
    }],
    tests: { "test/http/EveryEndpoint.test.ts": ["21.1: every endpoint refuses a field"] }
  },
  {
    name: "http-token-misspelt-outcome",
    breaks: "12.2, 21.4: a failure whose outcome is misspelt in the query is taken for a success",
    plants: [{
      file: "src/http/receiving.ts",
      find: "(name) => name !== \"outcome\"",
      replace: "(name) => name === \"\""
    }],
    tests: { "test/http/Webhook.test.ts": ["is received once"] }
  },
  {
    name: "http-unknown-in-query",
    breaks: "21.1: a condition of a list that is misspelt says nothing, and all is listed",
    plants: [{
      file: "src/http/Api.ts",
      find: "HttpApi.QueryParseOptions, strict",
      replace: "HttpApi.QueryParseOptions, {}"
    }],
    tests: { "test/http/EveryEndpoint.test.ts": ["21.1: every endpoint refuses a field"] }
  },
  {
    name: "http-dry-run-in-query",
    breaks: "21.1: a verb that was to be planned, as its query says, is done",
    plants: [{
      file: "src/http/requestCheck.ts",
      find: "endpoint.query === undefined",
      replace: "endpoint.query === undefined && endpoint.method === \"GET\""
    }],
    tests: { "test/http/EveryEndpoint.test.ts": ["21.1: every endpoint refuses a field"] }
  },
  {
    name: "http-answers-kept",
    breaks: "21.1: what somebody was answered may be kept by whoever passes it on",
    plants: [{
      file: "src/http/layer.ts",
      find: "{ \"cache-control\": \"no-store\", ",
      replace: "{ "
    }],
    tests: { "test/http/Reading.test.ts": ["21.1: actions come page by page"] }
  },
  {
    name: "http-nested-at-will",
    breaks: "21.1: what is nested without end takes down whoever reads it",
    plants: [{
      file: "src/http/bodyLimit.ts",
      find: "if (isTooDeep(body)) {",
      replace: "if (isTooDeep(body.slice(0, 1))) {"
    }],
    tests: { "test/http/BadInput.test.ts": ["21.1, 21.3: bad values"] }
  },
  {
    name: "http-queue-from-its-beginning",
    breaks: "21.1: a further page of what is queued is the first one again",
    plants: [{
      file: "src/sql/queue.ts",
      find: "and id > $2 order by",
      replace: "and id > $2::bigint * 0 order by"
    }],
    tests: { "test/http/Reading.test.ts": ["21.1: pages of lanes"] }
  },
  {
    name: "http-lanes-from-their-beginning",
    breaks: "21.1: a further page of lanes is the first one again",
    plants: [{
      file: "src/http/readOverview.ts",
      find: "lanes.list({ after: behind, limit",
      replace: "lanes.list({ after: behind && { name: undefined, key: \"\" }, limit"
    }],
    tests: { "test/http/Reading.test.ts": ["21.1: pages of lanes, and"] }
  },
  {
    name: "secrets-in-messages",
    breaks: "17.3: a check of the program's tells a secret in the message of what does not fit",
    plants: [{
      file: "src/domain/discreet.ts",
      find: "  return top === null\n",
      replace: "  return top !== undefined\n"
    }],
    tests: { "test/domain/discreet.test.ts": ["17.3: says nothing of what is secret in it"] }
  },
  {
    name: "messages-without-use",
    breaks: "17.3: where something in it is secret, nobody is told what is wrong with what is beside it",
    plants: [{
      file: "src/domain/discreet.ts",
      find: "  if (!hides(top, path)) return issue\n",
      replace: ""
    }],
    tests: { "test/domain/discreet.test.ts": ["17.3: says all the same where it does not fit"] }
  },
  {
    name: "misspelt-means-all",
    breaks: "18.7: who misspells a condition is given all, deletes all, forgets all",
    plants: [{
      file: "src/store/strictly.ts",
      find: "const field = Object.keys(options).find((name) => !Object.hasOwn(known, name))",
      replace:
        "const field: string | undefined = Object.keys(options).find((name) => !Object.hasOwn(known, name) && name === \"?\")"
    }],
    tests: {
      "test/store/strictly.test.ts": ["18.7: of every verb and reader", "18.7: a condition that is misspelt"],
      "test/behaviour/ForMany.test.ts": ["18.4: nothing is half done"]
    }
  },
  {
    name: "http-versions-cut",
    breaks: "21.1: of the versions of a definition nobody sees those beyond a thousand",
    plants: [{
      file: "src/http/readOverview.ts",
      find: "next: found.length > limit ? definitionCursor(items.at(-1)!) : undefined",
      replace: "next: found.length > limit + 1 ? definitionCursor(items.at(-1)!) : undefined"
    }],
    tests: { "test/http/Reading.test.ts": ["21.1: definitions come page by page"] }
  },
  {
    name: "http-versions-of-a-moment",
    breaks: "21.1: a further page of versions leaves out those that were first seen in the same millisecond",
    plants: [{
      file: "src/sql/catalogue.ts",
      find: " or (date_trunc('milliseconds', first_seen) = $6 and hash > $7)",
      replace: " or ($7::text is null)"
    }],
    tests: { "test/http/Reading.test.ts": ["21.1: definitions come page by page"] }
  },
  {
    name: "flags-unheard",
    breaks: "21.6: a schema is asked for of an API, and not heard of",
    plants: [{
      file: "src/cli/connection.ts",
      find: "if (Option.isSome(yield* SchemaFlag)) {",
      replace: "if (false) {"
    }],
    tests: { "test/cli/Flags.test.ts": ["are refused where they would change nothing"] }
  },
  {
    name: "http-lanes-without-names",
    breaks: "21.1: behind the lanes of keys nobody finds those that have a name",
    plants: [{
      file: "src/sql/records.ts",
      find: "(name is not null or key > $2::text)",
      replace: "(name is null and key > $2::text)"
    }],
    tests: { "test/http/Reading.test.ts": ["21.1: pages of lanes go on beyond"] }
  },
  {
    name: "http-lanes-by-key-alone",
    breaks: "21.1: of lanes that have a name those of other names are left out",
    plants: [{
      file: "src/sql/records.ts",
      find: "\"(name, key) > ($3::text, $2::text)\"",
      replace: "\"(name >= $3::text and key > $2::text)\""
    }],
    tests: { "test/http/Reading.test.ts": ["21.1: pages of lanes go on beyond"] }
  },
  {
    name: "http-achievements-once",
    breaks: "21.1: a further page of achievements is the first one again",
    plants: [{
      file: "src/sql/records.ts",
      find: "\"checksum_key > $2::text\"",
      replace: "\"checksum_key > left($2::text, 0)\""
    }],
    tests: { "test/http/Reading.test.ts": ["21.1: achievements come page by page"] }
  },
  {
    name: "http-looks-through-all",
    breaks: "21.1: what is rare in a long history is looked for in all of it",
    plants: [{
      file: "src/store/listing.ts",
      find: "{ ...bounds, lowest })",
      replace: "bounds)"
    }],
    tests: { "test/http/Reading.test.ts": ["21.1: is looked for so far"] }
  },
  {
    name: "http-looks-no-further",
    breaks: "21.1: a page that is short is taken for the last one, though not all was looked at",
    plants: [{
      file: "src/store/listing.ts",
      find: ": { items, next: lowest,",
      replace: ": { items, next: undefined,"
    }],
    tests: { "test/http/Reading.test.ts": ["21.1: is looked for so far"] }
  },
  {
    name: "looked-through-though-indexed",
    breaks: "21.1: what an index of one's own leads to is looked for piece by piece all the same",
    plants: [{
      file: "src/sql/lists.ts",
      find: "case when ${isBuilt} then",
      replace: "case when not ${isBuilt} then"
    }],
    tests: { "test/sql/lists.test.ts": ["a page looks through so many"] }
  },
  {
    name: "looked-through-though-tagged",
    breaks: "21.1: what a tag leads to is looked for piece by piece all the same",
    plants: [{
      file: "src/sql/lists.ts",
      find: "? { by: { tag } }",
      replace: "? { by: {} }"
    }],
    tests: {
      "test/sql/lists.test.ts": ["a page looks through so many"],
      "test/http/Reading.test.ts": ["21.1: is looked for so far"]
    }
  },
  {
    name: "ls-short-for-programs",
    breaks: "21.1: a program that reads the lines of `ls` takes those of the first look for all of them",
    plants: [{
      file: "src/cli/reading.ts",
      find: "while (isWhole && page",
      replace: "while (isWhole && page.items.length > filter.limit && page"
    }],
    tests: { "test/cli/Searching.test.ts": ["ls says how far"] }
  },
  {
    name: "dashboard-looks-from-the-first-again",
    breaks: "21.1: who looks further back in the dashboard is led to where the first look has ended every two seconds",
    plants: [{
      file: "src/dashboard/app/pages/Actions.tsx",
      find: "shown.isBeyond || shown.items.length",
      replace: "shown.items.length"
    }],
    tests: { "test/dashboard/Lists.test.ts": ["of actions that are rare"] }
  },
  {
    name: "dashboard-another-time-each-moment",
    breaks: "21.1: what is so long ago is asked for again and again, as each moment it is another time",
    plants: [{
      file: "src/dashboard/app/pages/Actions.tsx",
      find: "const key = JSON.stringify(query)",
      replace: "const key = JSON.stringify(filterOf(query))"
    }],
    tests: { "test/dashboard/Lists.test.ts": ["of actions since so long ago"] }
  },
  {
    name: "http-no-limit",
    breaks: "21.4: a limit that is no number lets everything through",
    plants: [{
      file: "src/http/outside.ts",
      find: "!Number.isSafeInteger(bodyLimit) || bodyLimit < 1",
      replace: "bodyLimit < 1"
    }],
    tests: { "test/http/Webhook.test.ts": ["is not taken where a limit is none"] }
  },
  {
    name: "http-forged-for-genuine",
    breaks: "21.4: whoever sends what is not genuine keeps out what is",
    plants: [{
      file: "src/http/outside.ts",
      find: "const others = makeRate(rate)",
      replace: "const others = genuine"
    }],
    tests: { "test/http/Rates.test.ts": ["21.4: what is genuine is not kept out"] }
  },
  {
    name: "http-forged-at-will",
    breaks: "21.4: what is not genuine has no rate",
    plants: [{
      file: "src/http/outside.ts",
      find: "(answer) => others.take()",
      replace: "(answer) => others.take() || rate > 0"
    }],
    tests: { "test/http/Rates.test.ts": ["21.4: what is genuine is not kept out"] }
  },
  {
    name: "http-genuine-at-will",
    breaks: "21.4: what is genuine has no rate",
    plants: [{
      file: "src/http/outside.ts",
      find: "(take) => genuine.take()",
      replace: "(take) => genuine.take() || rate > 0"
    }],
    tests: { "test/http/Rates.test.ts": ["21.4: what is genuine is not kept out"] }
  },
  {
    name: "http-database-told",
    breaks: "21.4: whoever is outside is told what the database says",
    plants: [{
      file: "src/http/outside.ts",
      find: "    _tag === \"StorageError\"",
      replace: "    _tag === \"StorageError\" && message === \"\""
    }],
    tests: { "test/http/Webhook.test.ts": ["that cannot be stored is 503"] }
  },
  {
    name: "http-delivery-in-one-line",
    breaks: "21.5: one receiver that does not answer holds up all others",
    plants: [{
      file: "src/http/Deliveries.ts",
      find: "({ id }) => line(id))",
      replace: "({ id }) => line(id.slice(id.length)))"
    }],
    tests: { "test/http/Deliveries.test.ts": ["to one that does not answer"] }
  },
  {
    name: "http-delivery-of-now",
    breaks: "21.5: a body is another one with each try",
    plants: [{
      file: "src/http/Deliveries.ts",
      find: "timestamp: begunAt(idempotencyKey).toISOString()",
      replace: "timestamp: new Date(now + begunAt(idempotencyKey).getTime()).toISOString()"
    }],
    tests: { "test/http/Deliveries.test.ts": ["is signed, and sent under one id"] }
  },
  {
    name: "http-false-is-nothing",
    breaks: "21.6: the command completes with nothing where it was given false",
    plants: [{
      file: "src/cli/remoteEngine.ts",
      find: "? { value: outcome.result as Schema.Json }",
      replace: "? given({ value: outcome.result as Schema.Json })"
    }],
    tests: { "test/cli/Remote.test.ts": ["21.6: completes with what is false"] }
  },
  {
    name: "remote-forgets-more",
    breaks: "21.6: over HTTP all achievements below a key are forgotten, whatever else they were filtered by",
    plants: [{
      file: "src/cli/remote.ts",
      find: "given({ actorType, before, below: below === undefined ? undefined : joinKey(below), limit, name })",
      replace:
        "given({ before, below: below === undefined ? undefined : joinKey(below), limit: actorType && name && limit })"
    }],
    tests: { "test/cli/Remote.test.ts": ["21.6: forgets and deletes"] }
  },
  {
    name: "remote-many-more",
    breaks: "21.6: over HTTP what is asked for of those that are held is asked for of all",
    plants: [{
      file: "src/cli/remoteEngine.ts",
      find: "const filter = given(yield* filterOf(asked))",
      replace: "const filter = given({ ...yield* filterOf(asked), held: asked.held && undefined })"
    }],
    tests: { "test/cli/Remote.test.ts": ["21.6: what is asked for of many"] }
  },
  {
    name: "remote-at-once",
    breaks: "21.6: over HTTP what is to start at a time starts at once",
    plants: [{
      file: "src/cli/remoteEngine.ts",
      find: "...at === undefined ? {}",
      replace: "...at === undefined || name !== \"\" ? {}"
    }],
    tests: { "test/cli/RemoteOptions.test.ts": ["21.6: each option of each method"] }
  },
  {
    name: "remote-failure-as-signal",
    breaks: "21.6: over HTTP a signal's failure is sent as the signal",
    plants: [{
      file: "src/cli/remoteEngine.ts",
      find: "typeof target !== \"string\" || isFailure",
      replace: "typeof target !== \"string\" || (isFailure && signal.name === \"\")"
    }],
    tests: { "test/cli/RemoteOptions.test.ts": ["21.6: each option of each method"] }
  },
  {
    name: "http-forgets-without-a-limit",
    breaks: "21.6: how many are looked at before an actor is forgotten is dropped on the way",
    plants: [{
      file: "src/verbs/asking.ts",
      find: "{ ...asks, dryRun, limit }),",
      replace: "{ ...asks, dryRun }),"
    }],
    tests: { "test/cli/RemoteOptions.test.ts": ["21.6: each option of each method", "21.6: each field of each verb"] }
  },
  {
    name: "remote-deletes-without-a-limit",
    breaks: "21.6: over HTTP more answers are deleted than was asked for",
    plants: [{
      file: "src/cli/remote.ts",
      find: "ask(\"ActionRepo.deleteOutcomes\", { before, ...given({ limit }) }, options)",
      replace: "ask(\"ActionRepo.deleteOutcomes\", { before, ...given({ limit: limit && undefined }) }, options)"
    }],
    tests: { "test/cli/Remote.test.ts": ["21.6: forgets and deletes"] }
  },
  {
    name: "remote-lists-one-page",
    breaks: "21.6: over HTTP a list ends with its first page",
    plants: [{
      file: "src/cli/remoteClient.ts",
      find: "while (after !== undefined && found.length < limit)",
      replace: "while (after !== undefined && found.length < Math.min(limit, pageMost))"
    }],
    tests: { "test/cli/Remote.test.ts": ["21.6: lists are as long"] }
  },
  {
    name: "serve-any-origin",
    breaks: "21.6: behind a proxy a page of any origin has verbs done",
    plants: [{
      file: "src/cli/serving.ts",
      find: "    origins,\n    authorization",
      replace: "    origins: origins.slice(origins.length),\n    authorization"
    }],
    tests: { "test/cli/Serve.test.ts": ["21.6: serves who shows the token"] }
  },
  {
    name: "texts-may-be-scripts",
    breaks: "a browser does not refuse what would make a script of a text",
    plants: [{
      file: "src/dashboard/page.ts",
      find: "  \"base-uri 'none'\",\n  \"require-trusted-types-for 'script'\"",
      replace: "  \"base-uri 'none'\""
    }],
    tests: { "test/dashboard/Serving.test.ts": ["has the policy with every answer"] }
  },
  {
    name: "told-as-it-is",
    breaks: "a setting ends the attribute that it stands in",
    plants: [{
      file: "src/dashboard/page.ts",
      find: "content=\"${escaped(JSON.stringify(told))}\"",
      replace: "content=\"${JSON.stringify(told)}\""
    }],
    tests: { "test/dashboard/Serving.test.ts": ["is told where the API is"] }
  },
  {
    name: "traces-of-any-kind",
    breaks: "a link to a trace is a script",
    plants: [{
      file: "src/dashboard/index.ts",
      find: "/^(https?:\\/\\/|\\/(?!\\/))/.test(traces) && traces.includes(\"{traceId}\")",
      replace: "traces.includes(\"{traceId}\")"
    }],
    tests: { "test/dashboard/Serving.test.ts": ["is not served where a setting is wrong"] }
  },
  {
    name: "list-that-jumps",
    breaks: "a list moves under who reads it",
    plants: [{
      file: "src/dashboard/app/pages/Actions.tsx",
      find: "scrollY > 120 ||",
      replace: "scrollY < 0 ||"
    }],
    tests: { "test/dashboard/Live.test.ts": ["keeps a list where it is"] }
  },
  {
    name: "marked-and-gone",
    breaks: "what somebody marks to copy it is taken away",
    plants: [{
      file: "src/dashboard/app/live.ts",
      find: "document.hidden || !isLive.peek() || isMarking()",
      replace: "document.hidden || !isLive.peek()"
    }, {
      file: "src/dashboard/app/live.ts",
      find: "&& (isWanted || !isMarking())",
      replace: "&& (isWanted || everyMs > 0)"
    }],
    tests: { "test/dashboard/Live.test.ts": ["leaves what is marked"] }
  },
  {
    name: "all-rows-at-once",
    breaks: "a long list is in the page with all of its rows",
    plants: [{
      file: "src/dashboard/app/Windowed.tsx",
      find: "items.slice(from, Math.max(from, until))",
      replace: "items.slice(0, Math.max(items.length, until)).slice(from * 0)"
    }],
    tests: { "test/dashboard/Live.test.ts": ["goes on to older ones"] }
  },
  {
    name: "http-slots-between-pages",
    breaks: "21.1: a slot at whose time a schedule was run by hand is between two pages of its history",
    plants: [{
      file: "src/http/readSchedules.ts",
      find: "behind.slot.getTime() === last.slot.getTime()",
      replace: "behind.slot.getTime() === last.slot.getTime() - 1"
    }],
    tests: { "test/http/Schedules.test.ts": ["what one has enqueued comes page by page"] }
  },
  {
    name: "http-arguments-of-schedules",
    breaks: "21.3: what a schedule enqueues is shown to who may not read it",
    plants: [{
      file: "src/http/readSchedules.ts",
      find: "arguments: shows.arguments(record.arguments)",
      replace:
        "arguments: { _tag: \"Shown\" as const, value: record.arguments as never, isRedacted: shows === undefined }"
    }],
    tests: { "test/http/Schedules.test.ts": ["who may look sees them"] }
  },
  {
    name: "denied-elsewhere",
    breaks: "21.3: who was denied a verb of a schedule is recorded under another target than who was not",
    plants: [{
      file: "src/verbs/asking.ts",
      find: "return `schedule ${text(\"name\")}`",
      replace: "return text(\"name\")"
    }],
    tests: { "test/http/Schedules.test.ts": ["who may look sees them"] }
  },
  {
    name: "backfill-plan-that-does",
    breaks: "20.8: looking at what a backfill would enqueue enqueues it",
    plants: [{
      file: "src/engine/client/schedules.ts",
      find: "if (options?.dryRun === true) {",
      replace: "if (options?.dryRun === true && slots.length === 0) {"
    }],
    tests: { "test/behaviour/Schedules.test.ts": ["20.8: run by hand"] }
  },
  {
    name: "backfill-plan-of-one-slot",
    breaks: "20.8: of what was enqueued before only the last slots are known to who plans a backfill",
    plants: [{
      file: "src/engine/client/schedules.ts",
      find: "let before: string | undefined = slotKey(last + 1)",
      replace: "let before: string | undefined = slotKey(first + 1)"
    }],
    tests: { "test/behaviour/Schedules.test.ts": ["20.8: run by hand"] }
  },
  {
    name: "only-the-newest-are-stuck",
    breaks: "21.1: what has performed longest is not among those that may need somebody",
    plants: [{
      file: "src/sql/suspects.ts",
      find: "order by id ${order} limit $1",
      replace: "order by id ${order === \"asc\" ? \"desc\" : order} limit $1"
    }],
    tests: { "test/sql/suspects.test.ts": ["the oldest and the newest are looked at"] }
  },
  {
    name: "dialog-without-a-plan",
    breaks: "a range is enqueued before anybody has seen what that comes to",
    plants: [{
      file: "src/dashboard/app/verbs/Dialog.tsx",
      find: "const isPlanned = !hasPlan || plan !== undefined",
      replace: "const isPlanned = !hasPlan || plan !== null"
    }],
    tests: { "test/dashboard/Schedules.test.ts": ["enqueue a range"] }
  },
  {
    name: "dashboard-texts-as-markup",
    breaks: "a text that a program has stored is put in as markup",
    plants: [{
      file: "src/dashboard/app/pages/Actions.tsx",
      find:
        "    <span class=\"note\">\n      {action.cause?.message ?? action.lastFailure?.message ??\n        action.pause?.reason ?? action.tags.join(\", \")}\n    </span>",
      replace:
        "    <span\n      class=\"note\"\n      dangerouslySetInnerHTML={{\n        __html: action.cause?.message ?? action.lastFailure?.message ??\n          action.pause?.reason ?? action.tags.join(\", \")\n      }}\n    />"
    }],
    tests: { "test/dashboard/Texts.test.ts": ["stay texts on every page that lists"] }
  },
  {
    name: "dashboard-without-policy",
    breaks: "files of the dashboard come without its policy",
    plants: [{
      file: "src/dashboard/index.ts",
      find: "    headers: {\n      ...headers,\n      \"cache-control\": \"public",
      replace:
        "    headers: {\n      \"x-content-type-options\": headers[\"x-content-type-options\"],\n      \"cache-control\": \"public"
    }],
    tests: { "test/dashboard/Serving.test.ts": ["has the policy with every answer"] }
  },
  {
    name: "dashboard-verbs-for-all",
    breaks: "what somebody may not do is offered to them",
    plants: [{
      file: "src/dashboard/app/verbs/Verbs.tsx",
      find: "disabled={!verb.isAllowed}",
      replace: "disabled={verb.isAllowed === undefined}"
    }],
    tests: { "test/dashboard/SignIn.test.ts": ["is offered as far as the role goes"] }
  },
  {
    name: "dashboard-verbs-out-of-reach",
    breaks: "the keyboard does not come to what somebody may not do, and nobody without a mouse hears why",
    plants: [{
      file: "src/dashboard/app/verbs/Verbs.tsx",
      find: "aria-disabled={!verb.isAllowed}",
      replace: "disabled={!verb.isAllowed}"
    }],
    tests: { "test/dashboard/SignIn.test.ts": ["is offered as far as the role goes"] }
  },
  {
    name: "dashboard-keyboard-lost",
    breaks: "the keyboard is nowhere, where what it was at has gone by what was done",
    plants: [{
      file: "src/dashboard/app/focus.ts",
      find: "around.focus({ preventScroll: true })",
      replace: "void around"
    }],
    tests: { "test/dashboard/Keyboard.test.ts": ["is around the place of a verb"] }
  },
  {
    name: "dashboard-row-lost",
    breaks: "a row that has the keyboard goes with what is not seen any more",
    plants: [{
      file: "src/dashboard/app/Windowed.tsx",
      find: "setHeld(keyOf(item))",
      replace: "setHeld(undefined)"
    }],
    tests: { "test/dashboard/Keyboard.test.ts": ["stays with a row"] }
  },
  {
    name: "dashboard-new-rows-lost",
    breaks: "the keyboard is nowhere, where new rows were asked for",
    plants: [{
      file: "src/dashboard/app/pages/Actions.tsx",
      find: "isWanted.current = true",
      replace: "isWanted.current = false"
    }],
    tests: { "test/dashboard/Keyboard.test.ts": ["stays with a row"] }
  },
  {
    name: "dashboard-many-unanswered",
    breaks: "what has come of a verb for many is said away from the keyboard",
    plants: [{
      file: "src/dashboard/app/verbs/ForMany.tsx",
      find: "useLayoutEffect(() => said.current?.focus(), [started])",
      replace: "void said"
    }],
    tests: { "test/dashboard/Keyboard.test.ts": ["plans a verb for many"] }
  },
  {
    name: "dashboard-name-for-ever",
    breaks: "a name that is looked for cannot be taken back",
    plants: [{
      file: "src/dashboard/app/pages/Actions.tsx",
      find: "value={text ?? query.name ?? \"\"}",
      replace: "value={text || query.name || \"\"}"
    }],
    tests: { "test/dashboard/Keyboard.test.ts": ["takes back what is looked for"] }
  },
  {
    name: "dashboard-items-mixed-up",
    breaks: "of a list's items what is sent is not what is written, after one was removed",
    plants: [{
      file: "src/dashboard/app/forms/SchemaForm.tsx",
      find: "key={keys[i]}",
      replace: "key={keys.indexOf(keys[i]!)}"
    }],
    tests: { "test/dashboard/Keyboard.test.ts": ["goes with the items of a list"] }
  },
  {
    name: "dashboard-chart-by-mouse",
    breaks: "what a chart says of a moment only a mouse comes to",
    plants: [{
      file: "src/dashboard/app/Chart.tsx",
      find: "onInput={({ currentTarget }) => setAt(Number(currentTarget.value))}",
      replace: "onInput={({ currentTarget }) => void currentTarget}"
    }],
    tests: { "test/dashboard/Keyboard.test.ts": ["goes from moment to moment"] }
  },
  {
    name: "dashboard-any-port",
    breaks: "a page of another port of this machine has verbs done in the name of who is signed in",
    plants: [{
      file: "src/http/origin.ts",
      find: "site !== undefined && site !== \"same-origin\"",
      replace: "site !== undefined && site !== \"same-origin\" && site !== \"same-site\""
    }, {
      file: "src/http/origin.ts",
      find: "hostOf(origin) === headers[\"host\"]",
      replace: "hostOf(origin)?.split(\":\")[0] === headers[\"host\"]?.split(\":\")[0]"
    }],
    tests: { "test/dashboard/SignIn.test.ts": ["is nobody to a page of another origin"] }
  },
  {
    name: "dashboard-without-a-reason",
    breaks: "a verb is asked for without a reason",
    plants: [{
      file: "src/dashboard/app/verbs/Dialog.tsx",
      find: "disabled={reason.trim() === \"\"} aria-disabled={isAsking}",
      replace: "aria-disabled={isAsking}"
    }],
    tests: { "test/dashboard/Verbs.test.ts": ["are asked for by mouse"] }
  },
  {
    name: "dashboard-deaf",
    breaks: "who was refused once listens no more",
    plants: [{
      file: "src/dashboard/app/pages/Events.tsx",
      find: "opened.readyState === EventSource.CLOSED && opened === source",
      replace: "opened.readyState === EventSource.CLOSED && opened !== source"
    }],
    tests: { "test/dashboard/Live.test.ts": ["listens again after it was refused"] }
  },
  {
    name: "dashboard-asks-while-stopped",
    breaks: "what is shown changes though somebody has stopped it",
    plants: [{
      file: "src/dashboard/app/live.ts",
      find: "document.hidden || !isLive.peek() || isMarking()",
      replace: "document.hidden || isMarking()"
    }],
    tests: { "test/dashboard/Live.test.ts": ["asks for nothing on other pages"] }
  },
  {
    name: "dashboard-list-while-stopped",
    breaks: "the list of actions changes though somebody has stopped it",
    plants: [{
      file: "src/dashboard/app/pages/Actions.tsx",
      find: "if (!isFirst && (document.hidden || !isLive.peek())) return",
      replace: "if (!isFirst && document.hidden) return"
    }],
    tests: { "test/dashboard/Live.test.ts": ["does not ask while it is stopped"] }
  },
  {
    name: "window-without-lock",
    breaks: "two who take of one window at one moment both take the last of it",
    plants: [{ file: functionFile("consume_window"), find: "\n    for update;", replace: ";" }],
    tests: { [storeRaces]: ["23.2: of which three processes take at one moment is taken as often as it allows (fixed"] }
  },
  {
    name: "bucket-without-lock",
    breaks: "two who take of one bucket at one moment both take the last of it",
    plants: [{ file: functionFile("consume_bucket"), find: "\n    for update;", replace: ";" }],
    tests: { [storeRaces]: ["23.2: of which three processes take at one moment is taken as often as it allows (token"] }
  },
  {
    name: "refused-rates-lock",
    breaks: "who is refused locks the key's row, and makes a commit of it",
    plants: [{
      file: functionFile("consume_window"),
      find: "  if ttl > 0 and taken > p_limit then return; end if;\n",
      replace: ""
    }],
    tests: { [rateLimits]: ["23.2: who is refused writes nothing"] }
  },
  {
    name: "limits-forgotten-early",
    breaks: "a window that is open is deleted, and begins anew",
    plants: [{
      file: functionFile("forget_limits"),
      find: "where r.look_at <= p_now\n",
      replace: "where r.look_at <= p_now + 36000000\n"
    }],
    tests: { [rateLimits]: ["23.3"] }
  },
  {
    name: "windows-that-last",
    breaks: "a window that is over still counts",
    plants: [{
      file: functionFile("consume_window"),
      find: "if is_known and x.expires_at > p_now then",
      replace: "if is_known then"
    }],
    tests: { [rateLimits]: ["23.1: fixed-window: as much as the limit", "23.1: whatever is asked"] }
  },
  {
    name: "delays-that-are-none",
    breaks: "an element is taken before its delay is over",
    plants: [{
      file: functionFile("take_elements"),
      find: " and e.due_at <= p_now\n",
      replace: "\n"
    }],
    tests: { [queues]: ["23.5: one with a delay", "23.6: what fails is taken again"] }
  },
  {
    name: "takers-of-one-element",
    breaks: "what an earlier taker says settles what another one holds by now",
    plants: [{ file: functionFile("settle_elements"), find: " and s.token = m.token\n", replace: "\n" }],
    tests: { [queues]: ["23.7: what was taken is the taker's"] }
  },
  {
    name: "interruptions-that-cost",
    breaks: "what is given back has lost an attempt",
    plants: [{ file: functionFile("settle_elements"), find: "then 1 else 0 end", replace: "then 0 else 0 end" }],
    tests: { [queues]: ["23.6: what is interrupted is given back"] }
  },
  {
    name: "elements-of-the-dead",
    breaks: "what a process has held that died is never taken again",
    plants: [{
      file: functionFile("take_elements"),
      find: "and e.lease_until < clock_timestamp()",
      replace: "and e.lease_until < clock_timestamp() - interval '1 hour'"
    }],
    tests: { "test/operations/Stores.test.ts": ["23.7"] },
    hangs: true
  },
  {
    name: "leases-not-renewed",
    breaks: "what takes longer than the lease is taken by two",
    plants: [{
      file: "src/stores/persistedQueue.ts",
      find: "if (held.size === 0) continue",
      replace: "if (held.size >= 0) continue"
    }],
    tests: { [storeRaces]: ["23.7: what is renewed and settled"] }
  },
  {
    name: "takers-not-woken",
    breaks: "who waits in another process finds what is offered when it looks by itself",
    plants: [{
      file: "src/stores/calling.ts",
      find: "        news.add(queue)\n        told.openUnsafe()\n",
      replace: "        news.add(queue)\n"
    }],
    tests: { [storeRaces]: ["23.5: who waits in another process"] },
    hangs: true
  },
  {
    name: "taken-for-nobody",
    breaks: "what was taken for somebody who has gone meanwhile is held for ever",
    plants: [{
      file: "src/stores/Takers.ts",
      find: "if (left.length > 0) yield* options.giveBack(queue.name, left)",
      replace: "if (left.length > 100) yield* options.giveBack(queue.name, left)"
    }],
    tests: { "test/stores/Takers.test.ts": ["23.6: who has gone"] },
    hangs: true
  },
  {
    name: "looks-under-new-tokens",
    breaks: "what an answer that was lost had taken waits until its lease is over",
    plants: [{
      file: "src/stores/Takers.ts",
      find: "yield* Effect.exit(Effect.interruptible(pauseAfter(failures++)))\n",
      replace: "yield* Effect.exit(Effect.interruptible(pauseAfter(failures++)))\n            token = randomUUID()\n"
    }],
    tests: { "test/stores/Takers.test.ts": ["23.7: what an answer that was lost had taken is asked for"] }
  },
  {
    name: "lost-and-left",
    breaks: "what an answer that was lost had taken is nobody's until its lease is over, where nobody waits any longer",
    plants: [{
      file: "src/stores/Takers.ts",
      find: "            isLost = true\n",
      replace: ""
    }],
    tests: { "test/stores/Takers.test.ts": ["where whoever waited has gone", "where the store is closed"] },
    hangs: true
  },
  {
    name: "letters-that-never-die",
    breaks: "what its queue's schema refuses is tried again",
    plants: [{
      file: "src/stores/persistedQueue.ts",
      find: "const dead = deadLetterOf(exit.cause)",
      replace: "const dead = deadLetterOf(Cause.empty)"
    }],
    tests: { [queues]: ["23.6: what its schema refuses"] }
  },
  {
    name: "tools-called-twice",
    breaks: "a call of a model that is handled again is another action",
    plants: [{
      file: "src/ai/tool.ts",
      find: "idempotencyKey = toolCallId } = call(given)",
      replace: "idempotencyKey = `${toolCallId} ${Math.random()}` } = call(given)"
    }],
    tests: { "test/ai/tool.test.ts": ["23.10: is enqueued by a call"] },
    hangs: true
  },
  {
    name: "woken-and-suspended",
    breaks: "what comes while an execution's body runs elsewhere is slept over",
    plants: [{
      file: functionFile("go_on_woken"),
      find: "l.flags & 1024 /* Flag.woken */ <> 0",
      replace: "l.flags & 1024 /* Flag.woken */ < 0"
    }],
    tests: { "test/races/workflows.test.ts": ["what comes while the body runs elsewhere"] }
  },
  {
    name: "sent-before-its-time",
    breaks: "what was sent to an execution that was queued is slept over",
    plants: [{
      file: functionFile("go_on_woken"),
      find: "              c.marked\n",
      replace: "              not c.marked\n"
    }],
    tests: { [workflowDeaths]: ["what is sent to one that is queued"] }
  },
  {
    name: "woken-though-failed",
    breaks: "an execution that has failed goes on since somebody has sent it something",
    plants: [{
      file: functionFile("wake_execution"),
      find: "and (v_is_explicit or failure is null)",
      replace: "and (v_is_explicit or failure is not null)"
    }],
    tests: { [workflows]: ["one that has failed waits for somebody"] }
  },
  {
    name: "parents-unheard",
    breaks: "an execution sleeps though what it waits for has ended",
    plants: [{
      file: functionFile("after_ends"),
      find: "if wake_waiting_executions(p_now, p_executed) > 0 then",
      replace: "if p_executed is null and wake_waiting_executions(p_now, p_executed) > 0 then"
    }],
    tests: { [workflows]: ["the ends of what it executes wake"] }
  },
  {
    name: "last-value-wins",
    breaks: "a deferred that is set is set to something else",
    plants: [{
      file: functionFile("send_to_executions"),
      find: "where t.again or (signals.to_ring",
      replace: "where t.again is not null or (signals.to_ring"
    }],
    tests: { [workflows]: ["of a race the first one counts", "a deferred wakes one"] }
  },
  {
    name: "activities-done-again",
    breaks: "an activity is done again by each replay",
    plants: [{
      file: "src/workflow/activities.ts",
      find: "if (known !== undefined) return read(",
      replace: "if (known !== undefined && attempt < 0) return read("
    }],
    tests: { [workflows]: ["a deferred wakes one"] }
  },
  {
    name: "ends-that-are-none",
    breaks: "a worker that stops has a workflow do what it does at its end",
    plants: [{
      file: "src/workflow/running.ts",
      find: "    instance.abandoned = true\n    instance.suspended = false\n",
      replace: "    instance.suspended = false\n"
    }, {
      file: "src/workflow/Runs.ts",
      find:
        "  for (const instance of [...instancesOf(run), ...[...run.activities].flatMap(allOf)]) instance.abandoned = true\n",
      replace: ""
    }],
    tests: { [workflowDeaths]: ["a body that is cut off"] }
  },
  {
    name: "defects-in-transactions",
    breaks: "a defect of an activity in a transaction is taken for the database's trouble",
    plants: [{
      file: "src/workflow/activities.ts",
      find: "Effect.fail(new RollBack(Effect.failCause(cause)))",
      replace: "Effect.failCause(cause)"
    }],
    tests: { [workflowTransactions]: ["a defect of an activity"] }
  },
  {
    name: "booked-by-itself",
    breaks: "what an activity does in a transaction stays though it has failed",
    plants: [{
      file: "src/workflow/activities.ts",
      find: "return Context.get(activity.annotations, WithTransaction)",
      replace: "return attempt < 0 && Context.get(activity.annotations, WithTransaction)"
    }],
    tests: { [workflowDeaths]: ["what an activity does in a transaction"] }
  },
  {
    name: "own-value-unheard",
    breaks: "what an execution completes itself it waits for in vain, if the answer to that was lost",
    plants: [{
      file: functionFile("send_to_executions"),
      find: "case when x.turn is not null and not x.wakes and",
      replace: "case when false and"
    }],
    tests: { "test/faults/Faults.test.ts": ["24.3: what an execution completes and awaits itself"] }
  },
  {
    name: "woken-by-whom",
    breaks: "what wakes an execution is forgotten where its suspension is just being stored",
    plants: [{
      file: functionFile("deliver_signals"),
      find: "      if exists (select 1 from live_actions where id = v_id)\n        or exists",
      replace: "      if exists"
    }],
    tests: { "test/operations/Executions.test.ts": ["24.2: what comes across the commit"] },
    hangs: true
  },
  {
    name: "sleepers-unfound",
    breaks: "the doctor does not find an execution that sleeps though something has come",
    plants: [{
      file: "src/sql/executionChecks.ts",
      find: "`age(${row}.xmin) < age(${than}.xmin)`",
      replace: "`age(${row}.xmin) > age(${than}.xmin)`"
    }],
    tests: { "test/sql/Suspended.test.ts": ["24.3: finds one that was sent", "24.5: finds one that waits"] }
  },
  {
    name: "cut-off-by-itself",
    breaks: "an execution that completes what it awaits next is cut off in what comes after that",
    plants: [{
      file: "src/workflow/engine.ts",
      find: "          if (!Runs.awaits(run, deferredName)) return Effect.void\n",
      replace: ""
    }],
    tests: { [workflowSending]: ["24.3: what a body sends itself, and awaits next, cuts off nothing"] }
  },
  {
    name: "own-value-missed",
    breaks: "an execution sleeps though it has sent itself what another of its fibers has just begun to await",
    plants: [{ file: "src/workflow/engine.ts", find: "          run.hasMissed = true\n", replace: "" }],
    tests: { [workflowSending]: ["24.3: what a body sends itself while another of its fibers begins to await it"] },
    hangs: true
  },
  {
    name: "own-value-left",
    breaks: "an execution does not wait for what it sends itself, and sleeps though that comes",
    plants: [{
      file: "src/workflow/engine.ts",
      find: "yield* wakes ? storing : Effect.uninterruptible(storing)",
      replace: "yield* storing"
    }],
    tests: { [workflowSending]: ["24.3: what a body sends itself while another of its fibers begins to await it"] },
    hangs: true
  },
  {
    name: "sent-by-each-replay",
    breaks: "what an execution has sent itself each of its replays sends again",
    plants: [{
      file: "src/workflow/engine.ts",
      find: "    if (isOwn && by.run?.replay.sent.has(sent) === true) return\n",
      replace: ""
    }],
    tests: { "test/operations/WorkflowCost.test.ts": ["a replay sends nothing"] }
  },
  {
    name: "executions-by-id-alone",
    breaks: "what is sent to an execution cuts off that of another workflow which has the same id",
    plants: [{
      file: "src/workflow/Runs.ts",
      find: "`${workflow.length} ${workflow} ${execution}`",
      replace: "`${workflow.length * 0} ${execution}`"
    }],
    tests: { [workflowSending]: ["24.3: two workflows may have executions under one id"] }
  },
  {
    name: "children-taken-back",
    breaks: "an execution waits for ever for one whose start was taken back with a transaction",
    plants: [{
      file: "src/workflow/engine.ts",
      find: "    if (yield* executions.inTransaction) return yield* suspending(run, withinTransaction(workflow))\n",
      replace: ""
    }],
    tests: { [workflowTransactions]: ["24.4: whoever executes"] },
    hangs: true
  },
  {
    name: "clocks-taken-back",
    breaks: "an execution waits for ever for a clock that was taken back with a transaction",
    plants: [{
      file: "src/workflow/engine.ts",
      find:
        "      if (by?.run !== undefined && by.instance.executionId === executionId && (yield* executions.inTransaction)) {\n",
      replace: "      if (by?.run !== undefined && by.instance.executionId === \"\") {\n"
    }],
    tests: { [workflowTransactions]: ["24.4: whoever sleeps"] },
    hangs: true
  },
  {
    name: "elements-taken-back",
    breaks: "an execution waits for ever for an element that was taken back with a transaction",
    plants: [{
      file: "src/stores/persistedQueue.ts",
      find: "one.queue.startsWith(durableQueues) ? Effect.die",
      replace: "one.queue === durableQueues ? Effect.die"
    }],
    tests: { [workflowTransactions]: ["24.4: whoever processes"] },
    hangs: true
  },
  {
    name: "too-large-for-ever",
    breaks: "an execution whose activity gives what cannot be stored is tried again and again",
    plants: [{
      file: "src/workflow/activities.ts",
      find: "if (!isLimit(error)) return yield* abandonFor(run, stored.cause)",
      replace: "if (!isLimit(error) || attempt > 0) return yield* abandonFor(run, stored.cause)"
    }],
    tests: { [workflowLimits]: ["24.2: what an activity gives", "24.2: one activity more"] },
    hangs: true
  },
  {
    name: "exits-too-large",
    breaks: "an execution that comes to what cannot be stored has failed for good",
    plants: [{
      file: "src/engine/perform/runStep.ts",
      find:
        "  return step.kind === \"replayed\"\n    ? suspended(performance, step, { cause, awaits: [], hasMissed: false }, env)\n    : stepFailed(performance, step, cause, env)",
      replace: "  return stepFailed(performance, step, cause, env)"
    }],
    tests: { [workflowLimits]: ["24.2: what it comes to, and is too large"] },
    hangs: true
  },
  {
    name: "given-up-for-good",
    breaks: "an execution whose workers have died too often has failed for good",
    plants: [{
      file: "src/engine/perform/perform.ts",
      find:
        "      const place = placeOf(actionOf(performance), performance.stepName)\n      if (isReplayed(performance)) {",
      replace:
        "      const place = placeOf(actionOf(performance), performance.stepName)\n      if (isReplayed(performance) && place === \"\") {"
    }],
    tests: { [workflowLimits]: ["24.2: one that has ended without an answer too often"] }
  },
  {
    name: "awaited-anew",
    breaks: "what an execution awaits is said to be awaited only since something else has woken it last",
    plants: [{
      file: functionFile("apply_conclusions"),
      find: "coalesce(l.progress -> 'awaits' -> a.name, to_jsonb",
      replace: "coalesce(l.progress -> 'none' -> a.name, to_jsonb"
    }],
    tests: { [workflowsShown]: ["what is awaited is since the first time"] }
  },
  {
    name: "awaited-unsaid",
    breaks: "nobody sees what an execution waits for",
    plants: [{
      file: "src/workflow/running.ts",
      find: "replay.suspend(undefined, awaits, hasMissed)",
      replace: "replay.suspend(undefined, awaits.slice(0, 0), hasMissed)"
    }],
    tests: { [workflowsShown]: ["a tree has what activities"], [workflows]: ["why it is not finished"] }
  },
  {
    name: "executions-without-children",
    breaks: "whom an execution waits for is not below it",
    plants: [{
      file: "src/store/loadTree.ts",
      find: "...executed.flatMap((execution) => execution.children.map((child) => child.id))",
      replace: "...executed.flatMap(() => [])"
    }],
    tests: { [workflowsShown]: ["executions that one waits for are below it"] }
  },
  {
    name: "endless-executions",
    breaks: "executions that wait for each other are a tree without an end",
    plants: [{
      file: "src/store/loadTree.ts",
      find: "    trees.set(id, undefined)\n",
      replace: ""
    }],
    tests: { [workflowsShown]: ["executions that wait for each other"] }
  },
  {
    name: "replays-told-twice",
    breaks: "an execution that was given back is told to run again twice",
    plants: [{
      file: eventHub,
      find: `(event._tag === "ExecutionReplayed" && (last === "replayed" || last === "ended"))`,
      replace: "false"
    }],
    tests: { "test/engine/events/Hub.test.ts": ["24.9: that a body runs again"] }
  },
  {
    name: "annotations-unheard",
    breaks: "what a workflow says of its attempts nobody hears",
    plants: [{
      file: "src/Action.ts",
      find: "success: Schema.Json, queue, ...unanswered }",
      replace: "success: Schema.Json, queue, ...(unanswered.attempts === 0 ? unanswered : {}) }"
    }],
    tests: { [workflowOptions]: ["24.8: what its HandledDefects do not take"] }
  },
  {
    name: "attempts-of-nothing",
    breaks: "an action, or a workflow, may have no attempt at all, or endless ones",
    plants: [{
      file: "src/Unanswered.ts",
      find: "Number.isInteger(attempts) && attempts >= 1",
      replace: "attempts === attempts"
    }],
    tests: {
      [workflowOptions]: ["24.8: attempts that are no number of times"],
      "test/Action.test.ts": ["is refused where it can be none"]
    }
  },
  {
    name: "attempts-beyond-counting",
    breaks: "an action, or a workflow, may have more attempts than its row can count",
    plants: [{
      file: "src/Unanswered.ts",
      find: "attempts <= mostAttempts",
      replace: "attempts <= Infinity"
    }],
    tests: {
      [workflowOptions]: ["24.8: attempts that are no number of times"],
      "test/Action.test.ts": ["is refused where it can be none"]
    }
  },
  {
    name: "settings-beyond-counting",
    breaks: "the engine takes more attempts, and levels of a tree, than rows can count",
    plants: [{
      file: "src/engine/engineLayer.ts",
      find: "value >= least && value <= most)",
      replace: "value >= least)"
    }],
    tests: { "test/behaviour/BadInput.test.ts": ["settings of the engine that it cannot take"] }
  },
  {
    name: "retry-of-anything",
    breaks: "7.2: what is no schedule is taken for one, and fails each time that an action is to be tried again",
    plants: [{
      file: "src/Unanswered.ts",
      find: "retry !== undefined && !Schedule.isSchedule(retry)",
      replace: "retry !== undefined && Schedule.isSchedule(retry) && name === \"\""
    }],
    tests: { "test/Action.test.ts": ["is refused where it can be none"] }
  },
  {
    name: "own-attempts-unheard",
    breaks: "7.2: what an action says of what ends without an answer nobody hears where it performs",
    plants: [{
      file: "src/engine/perform/own.ts",
      find: "return settings === env.settings ? env : { ...env, settings }",
      replace: "return settings.attempts === 0 ? { ...env, settings } : env"
    }],
    tests: {
      [ownAttempts]: ["7.2+: what ends without an answer in its step", "7.2+: what its own handledDefects take"]
    }
  },
  {
    name: "own-attempts-whole",
    breaks: "7.2: an action that says one of the three has nothing of the engine's for the others",
    plants: [{
      file: "src/engine/perform/own.ts",
      find: "retry: unanswered.retry ?? settings.retry",
      replace: "retry: unanswered.retry ?? defaults.retry"
    }, {
      file: "src/engine/perform/own.ts",
      find: `import type { Settings } from "../Settings.ts"`,
      replace: `import { defaults, type Settings } from "../Settings.ts"`
    }],
    tests: { [ownAttempts]: ["7.2+: what an action does not say is the engine's (oftener)"] }
  },
  {
    name: "own-attempts-of-failures",
    breaks: "7.2: when what has failed is tried again is the engine's to say, whatever its action says",
    plants: [{
      file: bodies,
      find: "unhandled : new Unhandled(cause, false), env),",
      replace: "unhandled : new Unhandled(cause, false), ofWorker),"
    }],
    tests: { [ownAttempts]: ["7.2+: what ends without an answer in its step"] }
  },
  {
    name: "own-attempts-of-hooks",
    breaks: "7.2: an action's hook and keys are tried again as the engine says, whatever it says itself",
    plants: [{
      file: preparing,
      find: "const settings = settingsOf(runnable, worker.settings)",
      replace:
        "const settings = settingsOf({ ...runnable, definition: { ...runnable.definition, unanswered: undefined } }, worker.settings)"
    }],
    tests: {
      [ownAttempts]: ["7.2+: what ends without an answer in its hook", "7.2+: what ends without an answer in its key"]
    }
  },
  {
    name: "surrogates-alike",
    breaks: "two workflows whose names have lone surrogates are one",
    plants: [{
      file: "src/domain/executionNames.ts",
      find: `Buffer.from(text, "utf16le")`,
      replace: "text"
    }],
    tests: { "test/domain/executionNames.test.ts": ["24.8: whatever a workflow is called", "24.8: a name is stored"] }
  },
  {
    name: "cards-in-the-open",
    breaks: "what is secret in a workflow's payload is sent to whoever looks",
    plants: [{
      file: "src/engine/describe.ts",
      find: "arguments: replays === undefined ? definition.arguments.map(of) : [of(replays.payload)]",
      replace: "arguments: definition.arguments.map(of)"
    }],
    tests: { "test/http/Executions.test.ts": ["24.9: what is secret"] }
  },
  {
    name: "calls-without-a-key",
    breaks: "an RPC that is sent again enqueues again",
    plants: [{
      file: "src/http/ActionProxyServer.ts",
      find: "idempotencyKey === undefined ? undefined : { idempotencyKey }",
      replace: "idempotencyKey === undefined ? undefined : {}"
    }],
    tests: { "test/http/ActionProxy.test.ts": ["21.7: one that is discarded"] }
  },
  {
    name: "trouble-told-outside",
    breaks: "whoever calls an action is told how it has failed inside as if it was its own error",
    plants: [{
      file: "src/http/ActionProxyServer.ts",
      find: "return isEnd(error) ? new NotSucceeded",
      replace: "return isEnd(error) && error.message === \"\" ? new NotSucceeded"
    }],
    tests: { "test/http/ActionProxy.test.ts": ["21.7: an RPC waits"] }
  },
  {
    name: "held-up-by-another-one",
    breaks: "who starts an execution, or sends it something, waits for who has locked another one",
    plants: [{
      file: functionFile("lock_executions"),
      find: "if not p_is_patient then",
      replace: "if p_is_patient is null then"
    }],
    tests: { "test/races/workflowsTogether.test.ts": ["waits for that alone"] },
    hangs: true
  },
  {
    name: "impatient-alone",
    breaks: "who waits for an execution that somebody has locked fails",
    plants: [{
      file: "src/engine/client/Together.ts",
      find: "Effect.map(store([item], true)",
      replace: "Effect.map(store([item], false)"
    }],
    tests: { "test/engine/client/Together.test.ts": ["waits for no lock"] },
    hangs: true
  },
  {
    name: "refused-together",
    breaks: "one that the database refuses takes the others down that are stored with it",
    plants: [{
      file: "src/engine/client/Together.ts",
      find: "(tookTooLong(error) || error?.isRetryable !== true)",
      replace: "tookTooLong(error)"
    }],
    tests: { "test/engine/client/Together.test.ts": ["without the one that the database refuses"] }
  },
  {
    name: "closed-in-the-middle",
    breaks: "a body that starts an execution while its engine closes never hears of it",
    plants: [{
      file: "src/engine/client/Together.ts",
      find: "        return leave(waiting.splice(0))\n",
      replace: "        return Effect.void\n"
    }],
    tests: { "test/engine/client/Together.test.ts": ["goes on alone where it closes"] },
    hangs: true
  },
  {
    name: "started-one-by-one",
    breaks: "each execution that is started takes a commit of its own",
    plants: [{
      file: "src/engine/client/executions.ts",
      find: "isInside ? inside(item) : together(item)",
      replace: "isInside || weigh(item) > 0 ? inside(item) : together(item)"
    }],
    tests: { "test/operations/WorkflowCost.test.ts": ["under load one takes a part of a commit"] }
  },
  {
    name: "started-twice-at-once",
    breaks: "an execution that two callers start at one moment is enqueued twice",
    plants: [{
      file: functionFile("start_executions"),
      find: "    group by x.action);",
      replace: "    group by x.action, x.n);"
    }],
    tests: { "test/races/workflowsTogether.test.ts": ["the same one, by many"] }
  },
  {
    name: "last-of-those-at-once",
    breaks: "of what is sent under one name at one moment another than the first counts",
    plants: [{
      file: functionFile("send_to_executions"),
      find: "partition by k.action, x.name order by x.n)",
      replace: "partition by k.action, x.name order by x.n desc)"
    }],
    tests: { "test/races/workflowsTogether.test.ts": ["the same one, by many"] }
  },
  {
    name: "sent-in-the-future",
    breaks: "what somebody has sent whose clock is ahead is slept over",
    plants: [{
      file: functionFile("detail_of"),
      find: "case when g.to_ring then",
      replace: "case when g.to_ring is not false then"
    }],
    tests: { [workflowSending]: ["what comes of somebody whose clock is ahead"] }
  },
  {
    name: "rung-by-another-clock",
    breaks: "a clock that has rung by one process has not for another one, whose clock is behind, and is slept over",
    plants: [{
      file: functionFile("deliver_signals"),
      find: "set to_ring = null",
      replace: "set to_ring = true"
    }],
    tests: { "test/races/workflows.test.ts": ["a clock that has rung has rung"] },
    hangs: true
  },
  {
    name: "heard-before-the-commit",
    breaks: "a run goes on with what was sent in a transaction that is taken back",
    plants: [{
      file: "src/engine/client/executions.ts",
      find: "if (answer.isFirst) yield* store.afterCommit(known(payload))",
      replace: "if (answer.isFirst) yield* known(payload)"
    }],
    tests: {
      [workflowSending]: [
        "what is sent in a transaction that is taken back",
        "what an activity in a transaction has sent"
      ]
    }
  },
  {
    name: "own-answer-lost",
    breaks: "a run sleeps over what it has completed itself, as the answer was lost",
    plants: [{
      file: functionFile("send_to_executions"),
      find: "x.turn is not null and not x.wakes and",
      replace: "x.turn is not null and x.wakes is null and"
    }],
    tests: { "test/engine/client/executions.test.ts": ["what a run has completed itself"] }
  },
  {
    name: "away-is-an-end",
    breaks: "an execution ends with a defect since the database was away",
    plants: [{
      file: "src/workflow/activities.ts",
      find: "abandonFor(run, Cause.fail(error))",
      replace: "Effect.die(error)"
    }],
    tests: { "test/engine/client/executions.test.ts": ["a database that is away while a child begins"] }
  },
  {
    name: "cancelled-meanwhile",
    breaks: "an execution sleeps though what it waits for was just being cancelled in the queue",
    plants: [{
      file: functionFile("execution_state"),
      find: "perform 1 from jobs j where j.action = v_id",
      replace: "perform 1 from jobs j where j.action is null"
    }],
    tests: { "test/engine/client/executions.test.ts": ["a child that is just being cancelled"] },
    hangs: true
  },
  {
    name: "refused-is-an-end",
    breaks: "an execution fails for good where the database has refused something",
    plants: [{
      file: "src/workflow/running.ts",
      find: "return isLasting(Cause.squash(run.trouble))",
      replace: "return isLasting(undefined)"
    }],
    tests: { "test/engine/client/executions.test.ts": ["what the database refuses for good"] }
  },
  {
    name: "interrupted-in-the-queue",
    breaks: "an execution that was interrupted while it was queued does all the same what it is to do",
    plants: [{
      file: functionFile("send_to_executions"),
      find: "begin_interrupted(p_now, x.action) as has_begun",
      replace: "begin_interrupted(p_now, null) as has_begun"
    }],
    tests: { [workflowSending]: ["one that is interrupted while it is queued"] }
  },
  {
    name: "interrupted-and-cancelled",
    breaks: "24.5: a child that is cancelled before its interruption has begun wakes nobody",
    plants: [{
      file: functionFile("begin_interrupted"),
      find: "    6 /* StepKind.replayed */, d.enqueued_at",
      replace: "    null, d.enqueued_at"
    }],
    tests: { [workflowWakes]: ["24.5: a child that is interrupted while it is queued"] }
  },
  {
    name: "held-and-cancelled",
    breaks: "24.5: a child that is cancelled while its lane is paused wakes nobody",
    plants: [{
      file: functionFile("hold_lanes"),
      find: "case when l.step_kind = 6 /* StepKind.replayed */ then l.step_kind end",
      replace: "null"
    }],
    tests: { [workflowWakes]: ["24.5: a child that is cancelled while its lane"] }
  },
  {
    name: "promoted-and-cancelled",
    breaks: "24.5: a child that is cancelled when its lane goes on wakes nobody",
    plants: [{
      file: functionFile("promote_next"),
      find: "case when l.step_kind = 6 /* StepKind.replayed */ then l.step_kind end",
      replace: "null"
    }],
    tests: { [workflowWakes]: ["24.5: a child that is cancelled when its lane goes on"] }
  },
  {
    name: "interrupted-before-its-start",
    breaks: "24.6: who interrupts what nobody has started ends what is started later",
    plants: [{
      file: functionFile("send_to_executions"),
      find: "and (x.makes or k.given is not null)",
      replace: ""
    }],
    tests: { [workflowWakes]: ["24.6: one that nobody has started"] }
  },
  {
    name: "interrupted-again",
    breaks: "24.6: one that has failed since it was interrupted sleeps for ever",
    plants: [{
      file: functionFile("send_to_executions"),
      find: "ExecutionName.interrupt */ and y.turn is not null))",
      replace: "ExecutionName.interrupt */ and false))"
    }],
    tests: { [workflowWakes]: ["24.6: one that has failed since"] }
  },
  {
    name: "resumed-again-is-recorded",
    breaks: "18.2: who asks once more for what goes on already is recorded as if that had changed something",
    plants: [{
      file: functionFile("resume_execution"),
      find: "case when l.is_taken and l.flags & 2048 /* Flag.resumed */ = 0 then 'done' else 'already' end",
      replace: "'done'"
    }],
    tests: { [operatedExecutions]: ["18.2: one that is suspended since it has failed goes on"] }
  },
  {
    name: "any-action-is-an-execution",
    breaks: "18.2: an action that is no execution is answered as if it were one",
    plants: [{
      file: functionFile("resume_execution"),
      find: "v_became is distinct from 'none' and not is_execution(p_id)",
      replace: "false"
    }],
    tests: { [operatedExecutions]: ["18.2: what has ended, is cancelled"] }
  },
  {
    name: "interrupted-by-its-id-again",
    breaks: "18.2: an execution that has failed since an operator interrupted it sleeps for ever",
    plants: [{
      file: functionFile("interrupt_execution"),
      find: "became := resume_execution(p_now, p_id);",
      replace: "became := 'already';"
    }],
    tests: { [operatedExecutions]: ["18.2: one that has failed since"] }
  },
  {
    name: "interrupted-and-over",
    breaks: "18.2: an execution that is cancelled before it began is interrupted, too",
    plants: [{
      file: functionFile("interrupt_execution"),
      find: " and j.cancelled_at is null",
      replace: ""
    }],
    tests: { [operatedExecutions]: ["18.2: what has ended, is cancelled"] }
  },
  {
    name: "failed-execution-is-not-seen",
    breaks: "21.1: an execution that has failed, and waits to be resumed, needs nobody",
    plants: [{
      file: "src/http/attention.ts",
      find: "if (reason.failure !== undefined) return stuck",
      replace: "if (at < 0) return stuck"
    }],
    tests: { [attentionTests]: ["21.1: an execution that has failed"] }
  },
  {
    name: "sleeping-execution-is-slow",
    breaks: "21.1: an execution that sleeps as long as it is to is over its usual time",
    plants: [{
      file: "src/http/attention.ts",
      find: "return first.deferreds.length > 0 ? stuck(\"overdue\", first.since) : undefined",
      replace: "return stuck(\"overdue\", first.since)"
    }],
    tests: { [attentionTests]: ["21.1: an execution that has failed"] }
  },
  {
    name: "waiting-is-to-be-resumed",
    breaks: "14.3: those that are to be resumed are all that are suspended",
    plants: [{
      file: "src/sql/conditions.ts",
      find: "${phaseCodes.suspended} and failure is not null))`",
      replace: "${phaseCodes.suspended}))`"
    }],
    tests: { [attentionTests]: ["21.1: an execution that has failed"] }
  },
  {
    name: "exported-without-its-children",
    breaks: "24.9: of what is exported nobody knows which executions it has waited for",
    plants: [{
      file: functionFile("exported_of"),
      find: "where p.parent = a.id",
      replace: "where p.parent = a.id and false"
    }],
    tests: { "test/behaviour/WorkflowTrees.test.ts": ["24.9: what is exported"] }
  },
  {
    name: "payload-is-not-checked",
    breaks: "19.3: an execution whose payload the program cannot read fits it",
    plants: [{
      file: "src/engine/check/fit.ts",
      find: "if (replays === undefined || outcome !== undefined) return nothing",
      replace: "if (replays === undefined || outcome !== undefined || Array.isArray(encoded)) return nothing"
    }],
    tests: { "test/behaviour/CheckingExecutions.test.ts": ["19.3: one whose payload does not fit"] }
  },
  {
    name: "between-two-tries",
    breaks: "24.6: who resumes or interrupts an execution between two tries waits for the next one",
    plants: [{
      file: functionFile("wake_execution"),
      find: "  if v_is_explicit and exists (",
      replace: "  if false and exists ("
    }],
    tests: {
      [workflowWakes]: [
        "24.6: between two tries it goes on when it is resumed",
        "24.6: between two tries it goes on when it is interrupted"
      ]
    }
  },
  {
    name: "asked-while-it-fails",
    breaks: "24.6: who resumes or interrupts an execution whose try fails then waits for the next one",
    plants: [{
      file: functionFile("go_on_later"),
      find: "case when not l.is_resumed then c.due end",
      replace: "c.due"
    }],
    tests: { [workflowWakes]: ["24.6: a try that fails after it was asked to go on"] }
  },
  {
    name: "sent-between-two-tries",
    breaks: "24.8: an execution is tried again at once since somebody has sent it something",
    plants: [{
      file: functionFile("wake_execution"),
      find: "  if v_is_explicit and exists (",
      replace: "  if exists ("
    }],
    tests: { [workflowWakes]: ["24.6: between two tries it goes on when it is resumed"] }
  },
  {
    name: "forgotten-child",
    breaks: "18.5: what an execution has waited for is forgotten under it",
    plants: [{
      file: functionFile("in_use"),
      find: "    if at = 1 and exists (",
      replace: "    if false and exists ("
    }],
    tests: { [workflowWakes]: ["24.5, 18.5: what one that goes on has waited for"] }
  },
  {
    name: "forgotten-and-awaited",
    breaks: "the doctor passes by an execution that waits for what is forgotten",
    plants: [{
      file: "src/sql/executionChecks.ts",
      find: "where p.parent = l.id and ${isNewer(",
      replace: "where p.parent = l.id and e.forgotten is null and ${isNewer("
    }],
    tests: { "test/sql/Suspended.test.ts": ["24.5: finds one"] }
  },
  {
    name: "deleted-and-awaited",
    breaks: "24.5: what an execution begins to wait for is deleted at that moment",
    plants: [{
      file: functionFile("delete_history"),
      find: "  ids := keep_awaited(ids);\n",
      replace: ""
    }],
    tests: { [executionRaces]: ["24.5: what somebody begins to wait for is not deleted"] }
  },
  {
    name: "deleted-while-linked",
    breaks: "24.5: what somebody is just about to wait for is deleted before that is seen",
    plants: [{
      file: functionFile("keep_awaited"),
      find: "        x.id = any(v_locked)\n",
      replace: "        true\n"
    }],
    tests: { [executionRaces]: ["24.5: what somebody begins to wait for is not deleted"] }
  },
  {
    name: "deleted-though-linked",
    breaks: "24.5: what somebody has begun to wait for since it was looked at is deleted",
    plants: [{
      file: functionFile("keep_awaited"),
      find: "          where p.child = x.id and exists",
      replace: "          where false and exists"
    }],
    tests: { [executionRaces]: ["24.5: what somebody begins to wait for is not deleted"] }
  },
  {
    name: "forgotten-while-linked",
    breaks: "18.5: what somebody is just about to wait for is forgotten before that is seen",
    plants: [{
      file: functionFile("forget_ended"),
      find: "  if not p_is_plan then locked := keep_awaited(locked); end if;\n",
      replace: ""
    }],
    tests: { [executionRaces]: ["18.5, 24.5: what somebody begins to wait for"] }
  },
  {
    name: "done-by-two-transactions",
    breaks: "24.4: an activity whose commit came late, or that two do at one moment, is done twice",
    plants: [{
      file: "src/workflow/activities.ts",
      find: `result._tag === "Suspended" || !isNew`,
      replace: `result._tag === "Suspended"`
    }],
    tests: { [executionRaces]: ["24.4: of two transactions"] }
  },
  {
    name: "unread-child",
    breaks: "an execution ends with a defect where it cannot read what another one has come to",
    plants: [{
      file: "src/workflow/engine.ts",
      find: "  return run === undefined\n    ? Effect.orDie(read)",
      replace: "  return run === undefined || run.isOver === run.isOver\n    ? Effect.orDie(read)"
    }],
    tests: { [workflowTrees]: ["what an activity, a deferred or a child"] }
  },
  {
    name: "unasked-child",
    breaks: "an execution has failed where it cannot read what one has come to that it does not wait for",
    plants: [{
      file: "src/workflow/engine.ts",
      find: "return discard || known.ended === undefined",
      replace: "return known.ended === undefined"
    }],
    tests: { [workflowTrees]: ["what one has come to that was executed without waiting"] }
  },
  {
    name: "unread-deferred",
    breaks: "an execution ends with a defect where it cannot read what a deferred was given",
    plants: [{
      file: "src/workflow/activities.ts",
      find: "suspending(run, Cause.die(new Error(`what ${deferred.name}",
      replace: "Effect.die(Cause.die(new Error(`what ${deferred.name}"
    }],
    tests: { [workflowTrees]: ["what an activity, a deferred or a child"] }
  },
  {
    name: "compensations-that-were-cut-off",
    breaks: "a compensation that was cut off counts as done",
    plants: [{
      file: "src/workflow/activities.ts",
      find: "if (run.isAbandoned && Exit.isFailure(exit)",
      replace: "if (run.isOver && Exit.isFailure(exit)"
    }],
    tests: { [workflowScopes]: ["a worker that stops in the middle of compensations"] }
  },
  {
    name: "undoing-interrupted",
    breaks: "an interruption in the middle of what an execution does at its end drops the rest of that",
    plants: [{
      file: "src/workflow/running.ts",
      find: "  run.isEnding = true\n",
      replace: ""
    }],
    tests: {
      [workflowScopes]: [
        "an interruption that comes while a failure",
        "what is interrupted already",
        "after its success"
      ]
    }
  },
  {
    name: "undone-by-each-try",
    breaks: "what has died, and is tried again, is undone all the same",
    plants: [{
      file: "src/workflow/running.ts",
      find: "    if (isAnswer) {\n",
      replace: "    if (isAnswer || run.unanswered === undefined) {\n"
    }],
    tests: { [workflowScopes]: ["what has died, and is tried again"] }
  },
  {
    name: "cut-too-late",
    breaks: "a body that dies before it has waited for anything is undone though it is tried again",
    plants: [{
      file: "src/workflow/running.ts",
      find: "    run.cut = Effect.sync(() => fiber.interruptUnsafe())\n    return body\n",
      replace: "    return body\n"
    }, {
      file: "src/workflow/running.ts",
      find: "      const leave = run.replay.listen(",
      replace: "      run.cut = Effect.sync(() => fiber.interruptUnsafe())\n      const leave = run.replay.listen("
    }],
    tests: { [workflowScopes]: ["what has died, and is tried again"] }
  },
  {
    name: "waiting-at-the-end",
    breaks: "an execution whose compensation waits for something ends as interrupted, and undoes nothing more",
    plants: [{
      file: "src/workflow/running.ts",
      find: "for (const instance of [...run.kept, run.instance]) watchFinalizers(run, instance)",
      replace: "for (const instance of run.kept) watchFinalizers(run, instance)"
    }],
    tests: {
      [workflowScopes]: ["that a compensation waits for", "what a compensation awaits", "a compensation that gives"]
    }
  },
  {
    name: "undone-out-of-turn",
    breaks: "what was done before is undone while the undoing of what was done after it waits",
    plants: [{
      file: "src/workflow/Runs.ts",
      find: "  run.isParked = true\n  for (const instance of allOf(run.instance)) instance.abandoned = true\n",
      replace: "  run.isParked = true\n"
    }],
    tests: { [workflowScopes]: ["that a compensation waits for"] }
  },
  {
    name: "undoing-interrupted-below",
    breaks: "what a compensation of an interrupted execution executes is interrupted as well",
    plants: [{
      file: "src/workflow/engine.ts",
      find: "by?.run?.instance.scope.state._tag === \"Closed\"",
      replace: "by?.run?.isOver === true"
    }],
    tests: { [workflowScopes]: ["that a compensation waits for"] }
  },
  {
    name: "branches-unheard",
    breaks: "branches of a race hear neither that the execution is interrupted nor that it goes on elsewhere",
    plants: [{
      file: "src/workflow/Runs.ts",
      find: "if (known.instance !== asking) remember(asking)",
      replace: "if (known.instance === asking) remember(asking)"
    }],
    tests: {
      [workflowScopes]: [
        "what a branch of a race has done is not undone",
        "what a branch of a race does at the end",
        "what a branch of a race waits for"
      ]
    }
  },
  {
    name: "activities-that-end",
    breaks: "an activity that is cut off where its worker stops does what it does at its end",
    plants: [{ file: "src/workflow/activities.ts", find: "    run.activities.add(own)\n", replace: "" }],
    tests: { [workflowScopes]: ["what an activity does at its end"] }
  },
  {
    name: "compensations-go-on",
    breaks: "a worker that stops begins further compensations of what goes on elsewhere",
    plants: [{
      file: "src/workflow/Runs.ts",
      find:
        "  for (const instance of [...instancesOf(run), ...[...run.activities].flatMap(allOf)]) instance.abandoned = true\n",
      replace: ""
    }],
    tests: { [workflowScopes]: ["a worker that stops in the middle of compensations"] }
  },
  {
    name: "closed-with-the-suspension",
    breaks: "what a run has open is closed when it is suspended",
    plants: [{
      file: "src/workflow/running.ts",
      find: "? kept.keep(workflow._tag, replay.execution, instances)",
      replace: "? Kept.closeAbandoned(instances)"
    }],
    tests: { [workflowScopes]: ["finalizers that were registered before"] }
  },
  {
    name: "kept-for-ever",
    breaks: "what a suspended run has open stays open",
    plants: [{
      file: "src/workflow/Kept.ts",
      find: "Effect.sleep(keptFor)",
      replace: "Effect.sleep(Duration.times(keptFor, 1000))"
    }],
    tests: { [workflowScopes]: ["what is suspended for longer"] }
  },
  {
    name: "kept-without-end",
    breaks: "what suspended runs have open is kept however much it is",
    plants: [{
      file: "src/workflow/Kept.ts",
      find: "const [oldest] = kept.size >= most ? kept.keys() : []",
      replace: "const [oldest] = kept.size >= 10 * most ? kept.keys() : []"
    }, {
      file: "src/workflow/Kept.ts",
      find: "          ...open.slice(0, -mostRuns),\n",
      replace: ""
    }],
    tests: { "test/workflow/Kept.test.ts": ["is closed of a thousand and first execution"] }
  },
  {
    name: "kept-when-closed",
    breaks: "what suspended runs have open outlives the engine",
    plants: [{
      file: "src/workflow/Kept.ts",
      find: "return Effect.forEach([...kept.keys()], (key) => closeAbandoned(takeOut(key)), { discard: true })",
      replace: "return Effect.void"
    }],
    tests: { [workflowScopes]: ["an engine that is closed"] }
  },
  {
    name: "ends-of-what-is-suspended",
    breaks: "what is only suspended does what its workflow does at its end",
    plants: [{
      file: "src/workflow/Kept.ts",
      find: "for (const instance of instances.flatMap(allOf)) instance.abandoned = true",
      replace: "for (const instance of instances.flatMap(allOf)) instance.abandoned = false"
    }],
    tests: { [workflowScopes]: ["what is suspended for longer"] }
  },
  {
    name: "interrupted-by-a-child",
    breaks: "an execution whose child was interrupted is tried again, and fails",
    plants: [{
      file: "src/workflow/running.ts",
      find: "      : isInterrupted(exit)\n      ? new Workflow",
      replace: "      : run.isAbandoned\n      ? new Workflow"
    }],
    tests: { [workflowTrees]: ["a child that is interrupted"] }
  },
  {
    name: "failures-below",
    breaks: "who waits for what has failed does not see that",
    plants: [{
      file: functionFile("execution_state"),
      find: "and l.failure is null and not p_waits then",
      replace: "and l.failure is null and p_waits then"
    }],
    tests: { [workflowTrees]: ["what a child has failed with"] }
  },
  {
    name: "second-definition",
    breaks: "a workflow is gone with the first of its definitions, though there is another one",
    plants: [{
      file: "src/workflow/registrations.ts",
      find: ": Effect.andThen(Scope.close(entry.scope, Exit.void), beginFirst(left))",
      replace: ": Scope.close(entry.scope, Exit.void)"
    }],
    tests: { [workflowTrees]: ["of two that are registered"] }
  },
  {
    name: "activities-unheard",
    breaks: "an activity sleeps over what its own run completes",
    plants: [{
      file: "src/workflow/Runs.ts",
      find: " || awaitedByActivities.has(deferred)",
      replace: " || awaitedByActivities.size < 0"
    }],
    tests: { [workflowTrees]: ["what a run completes itself"] }
  },
  {
    name: "unsafe-unheard",
    breaks: "an unsafe interruption after another one does not reach a body that runs elsewhere",
    plants: [{
      file: "src/workflow/running.ts",
      find: "  if (interruptOf(run) === \"unsafe\") return false\n",
      replace: "  if (interruptOf(run) !== \"none\") return false\n"
    }],
    tests: { "test/workflow/running.test.ts": ["an interruption becomes unsafe"] },
    hangs: true
  },
  {
    name: "late-takes-all",
    breaks: "a body that has ended runs again since somebody has come too late to interrupt it",
    plants: [{
      file: "src/workflow/running.ts",
      find: "{ startImmediately: true, uninterruptible: true }",
      replace: "{ startImmediately: true }"
    }],
    tests: { "test/workflow/running.test.ts": ["who comes when the body has come"] }
  },
  {
    name: "clocks-of-the-ended",
    breaks: "a clock of an execution that has ended waits in the queue until it would have rung",
    plants: [{
      file: functionFile("after_ends"),
      find: "perform stop_clocks(p_executed);",
      replace: ""
    }],
    tests: { [workflowSending]: ["a clock beside something else"] }
  },
  {
    name: "unread-payload",
    breaks: "an execution whose payload cannot be read any more fails",
    plants: [{
      file: "src/workflow/running.ts",
      find: "return failed(replay, payload.cause)",
      replace: "return yield* Effect.failCause(payload.cause)"
    }],
    tests: { [workflowTrees]: ["a payload that cannot be read"] }
  },
  {
    name: "schedules-unheard",
    breaks: "who waits by a schedule of its own waits for ever",
    plants: [{
      file: "src/workflow/engine.ts",
      find: "if (!isScheduled(workflow)) return ended",
      replace: "if (!isScheduled(workflow) || workflow !== undefined) return ended"
    }],
    tests: { [workflowSending]: ["who waits by a schedule"] },
    hangs: true
  },
  {
    name: "search-by-half-an-index",
    breaks: "what was left by a build that was cut off stays, and nothing goes by it",
    plants: [{
      file: "src/sql/searching.ts",
      find: "    if (found?.isValid === true) continue\n    if (found !== undefined && found.builder !== null) {",
      replace:
        "    if (found !== undefined && found.builder === null) continue\n    if (found !== undefined && found.builder !== null) {"
    }],
    tests: { "test/cli/Searching.test.ts": ["makes anew what was left"] }
  },
  {
    name: "search-built-by-two",
    breaks: "what somebody else builds is taken away from them",
    plants: [{
      file: "src/sql/searching.ts",
      find: "if (found !== undefined && found.builder !== null) {",
      replace: "if (found !== undefined && found.builder === 0) {"
    }],
    tests: { "test/cli/Searching.test.ts": ["makes anew what was left"] }
  },
  // -----------------------------------------------------------------------------------------------------------------
  // lists, streams, and schedules that do not fire
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "live-rows-read-whole",
    breaks: "21.1: a page of actions reads every live row, so that lists are late while much is live",
    plants: [{
      file: "src/sql/lists.ts",
      find: "from ${schema}.${view} where ${where} ${newest}",
      replace:
        "from ${schema}.${view === \"active_actions\" ? \"actions\" : view} where ${view === \"active_actions\" ? \"status in ('pending', 'performing') and \" : \"\"}${where} ${newest}"
    }],
    tests: { "test/sql/lists.test.ts": ["a page of actions is read as far as it goes"] }
  },
  {
    name: "changes-read-whole",
    breaks: "21.2: looking what has changed reads every live row, once a second",
    plants: [{
      file: "src/sql/recent.ts",
      find: "(select ${read} from ${schema}.${view} order by id desc limit $2)",
      replace: "(select ${read} from ${schema}.${view} order by id::text desc limit $2)"
    }],
    tests: { "test/sql/lists.test.ts": ["a page of actions is read as far as it goes"] }
  },
  {
    name: "ended-among-the-live",
    breaks: "21.1: what has failed is looked for among all that is live",
    plants: [{
      file: "src/sql/lists.ts",
      find: "!isEnded && some((status) => live.has(status))",
      replace: "!isEnded && some((status) => status !== \"queued\")"
    }],
    tests: { "test/sql/lists.test.ts": ["what has a status is looked for"] }
  },
  {
    name: "stream-for-ever",
    breaks: "21.2: who looks on is never asked again who they are",
    plants: [{
      file: "src/http/streaming.ts",
      find: "return lasting(told, streamLimit)",
      replace: "return streamLimit === undefined ? lasting(told, streamLimit) : told"
    }],
    tests: { "test/http/Live.test.ts": ["21.2: a stream ends after its time"] },
    hangs: true
  },
  {
    name: "stream-over-and-trouble",
    breaks: "a page says that the server does not answer each time its stream of events is over",
    plants: [{
      file: "src/dashboard/app/pages/Events.tsx",
      find: "opened.addEventListener(\"over\", connect)",
      replace: "opened.addEventListener(\"over\", () => undefined)"
    }],
    tests: { "test/dashboard/SignIn.test.ts": ["is asked again while somebody looks on"] }
  },
  {
    name: "worker-of-every-queue",
    breaks: "`stepped worker --queues` takes from every queue",
    plants: [{
      file: "src/cli/running.ts",
      find: "{ queues: given.queues.value.split(\",\").map((queue) => queue.trim()) }",
      replace: "{ name: given.queues.value }"
    }],
    tests: { [program]: ["takes from the queues that are given"] }
  },
  {
    name: "check-without-schedules",
    breaks: "19.3: a deploy drops the action of schedules, and nobody is told",
    plants: [{
      file: checkingFile("scheduleFit"),
      find: "return [{ kind: \"definition\", means: \"waits\", problem: \"no worker of this program fires it\" }]",
      replace: "return []"
    }],
    tests: { "test/behaviour/CheckingSchedules.test.ts": ["19.3: a schedule whose action is gone"] }
  },
  {
    name: "check-of-one-page-of-schedules",
    breaks: "19.3: of many schedules the first page alone is looked at",
    plants: [{
      file: checkingFile("scheduleFit"),
      find: "if (last === undefined) return",
      replace: "if (last === undefined || page.length === pageMost) return"
    }],
    tests: { "test/behaviour/CheckingSchedules.test.ts": ["19.3: hundreds are looked at"] }
  },
  {
    name: "check-of-what-is-over",
    breaks: "19.3: a schedule that is over keeps a program from being deployed",
    plants: [{
      file: checkingFile("scheduleFit"),
      find: "if (schedule.slot === null) continue",
      replace: "if (schedule.name === \"\") continue"
    }],
    tests: { "test/behaviour/CheckingSchedules.test.ts": ["19.3: a schedule whose action is gone"] }
  },
  {
    name: "check-refuses-what-code-has-dropped",
    breaks: "19.3: a schedule that was taken out of the code keeps that from being deployed",
    plants: [{
      file: checkingFile("scheduleFit"),
      find: "if (problems.some(({ means }) => means !== \"notice\"))",
      replace: "if (problems.length > 0)"
    }],
    tests: { "test/behaviour/CheckingSchedules.test.ts": ["19.3: what code has declared"] }
  },
  {
    name: "alarm-for-what-is-over",
    breaks: "20.11: a schedule that was taken out of the code is late for ever",
    plants: [{
      file: "src/sql/unfired.ts",
      find: "or s.hash in (select c.hash from declared c))",
      replace: "or s.hash is not null)"
    }],
    tests: { "test/behaviour/UnfiredSchedules.test.ts": ["17.2, 20.11: what code declares"] }
  },
  {
    name: "broken-and-never-late",
    breaks: "20.11: what cannot be read is due since a minute at most, as it is looked at again and again",
    plants: [{
      file: functionFile("broken_schedules"),
      find: "  select s.name, s.slot\n",
      replace: "  select s.name, s.next_at\n"
    }],
    tests: { "test/behaviour/UnfiredSchedules.test.ts": ["17.2, 20.11: what cannot be read"] }
  },
  {
    name: "not-due-and-read",
    breaks: "20.5: whoever looks for what is due reads every schedule that is not",
    plants: [{
      file: scheduleRows,
      find: "or s.hash = any($2)) order by s.next_at limit",
      replace: "or s.hash = any($2)) order by s.jitter_ms, s.next_at limit"
    }],
    tests: { "test/sql/dueSchedules.test.ts": ["20.5: schedules that are due"] }
  },
  {
    name: "alarm-for-a-pause",
    breaks: "20.11: a schedule that somebody has paused is shown as late",
    plants: [{
      file: "src/sql/unfired.ts",
      find: "const isOn = \"s.next_at is not null and s.paused_at is null\"",
      replace: "const isOn = \"s.next_at is not null\""
    }],
    tests: { "test/behaviour/UnfiredSchedules.test.ts": ["17.2, 20.11: a row whose action"] }
  },
  {
    name: "what-is-not-due-read",
    breaks: "20.11: whoever asks for metrics reads every schedule that is not due",
    plants: [{
      file: "src/sql/unfired.ts",
      find: "where s.definition = d.definition and ${isOn}",
      replace: "where s.definition || '' = d.definition and ${isOn}"
    }],
    tests: { "test/sql/unfired.test.ts": ["schedules that do not fire are found by indexes"] }
  },
  {
    name: "gauges-of-what-was",
    breaks: "17.2: schedules that are gone are told of for ever",
    plants: [{
      file: "src/engine/measuring.ts",
      find: "if (schedules === undefined) return forgetSchedules()",
      replace: "if (schedules === undefined) return"
    }],
    tests: { "test/behaviour/UnfiredSchedules.test.ts": ["17.2, 20.11: a row whose action"] }
  },
  // -----------------------------------------------------------------------------------------------------------------
  // more than a message holds
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "only-the-first-piece",
    breaks: "24.4: of what the activities of an execution have come to, only the first few are not done again",
    plants: [{
      file: pieces,
      find: `      if (piece.length === 0) return
`,
      replace: `      if (piece.length === 0 || last !== undefined) return
`
    }],
    tests: {
      [largeData]: ["24.4: what many activities", "24.3, 24.5: an execution has all", "3.7, 11.1: a step is given"]
    }
  },
  {
    name: "asked-for-in-pieces-and-not-known-again",
    breaks: "18.1: of a retried step what was large, and has succeeded, is done again",
    plants: [{
      file: pieces,
      find: `            : [slot, digest]`,
      replace: `            : [slot, definition ?? ""]`
    }],
    tests: { [largeData]: ["18.1: what a step of a retried action"] }
  },
  {
    name: "sent-without-limit",
    breaks: "24.2: an execution is given whatever was sent to it, and what it has waited for",
    plants: [{
      file: pieces,
      find: `        signals.push({ name, payload: read(payload), ringsAt: ringsAt ?? undefined })
      },
      loading.check`,
      replace: `        signals.push({ name, payload: read(payload), ringsAt: ringsAt ?? undefined })
      },
      Effect.void`
    }, {
      file: pieces,
      find: `        children.push({ definition, execution, ended })
      },
      loading.check`,
      replace: `        children.push({ definition, execution, ended })
      },
      Effect.void`
    }],
    tests: { [largeData]: ["3.7, 24.2: where that is beyond the limit"] }
  },
  {
    name: "execution-fails-for-what-is-too-large",
    breaks: "24.2: an execution that has more than its worker may load has failed for good",
    plants: [{
      file: "src/engine/perform/perform.ts",
      find: `return isReplayed(performance)
            ? suspended`,
      replace: `return isReplayed(performance) && performance.id === ""
            ? suspended`
    }],
    tests: { [largeData]: ["3.7, 24.2: where that is beyond the limit"] }
  },
  {
    name: "received-without-limit",
    breaks: "3.7, 11.1: a step is given all that was sent, however much that is",
    plants: [{
      file: "src/engine/perform/signals.ts",
      find: `      loading.check
`,
      replace: `      Effect.void
`
    }],
    tests: { [largeData]: ["3.7, 11.1: a step is given"] }
  },
  {
    name: "received-counted-twice",
    breaks: "11.1: who asks for the same signals again has them twice, and fails",
    plants: [{
      file: "src/engine/perform/signals.ts",
      find: `if (other !== name) before += size`,
      replace: `if (other !== "") before += size`
    }],
    tests: { [largeData]: ["3.7, 11.1: a step is given"] }
  },
  {
    name: "exported-whatever-it-takes",
    breaks: "4.7: what is exported is as many actions as it is asked for, whatever they take",
    plants: [{
      file: functionFile("delete_history"),
      find: `if i > 1 and bytes > p_bytes then`,
      replace: `if i > 1 and bytes < 0 then`
    }],
    tests: { [largeData]: ["4.7: what is exported"] }
  },
  {
    name: "exported-and-forgotten",
    breaks: "4.7: what was too much for one answer is passed by, and stays",
    plants: [{
      file: functionFile("delete_ended"),
      find: `coalesce(h.below, delete_ended.below)`,
      replace: `delete_ended.below`
    }],
    tests: { [largeData]: ["4.7: what is exported"] }
  },
  {
    name: "exported-in-one-row",
    breaks: "4.7: an action of which more is stored than a message holds is never exported",
    plants: [{
      file: "src/sql/deleting.ts",
      find: `const partLength = 1_000_000`,
      replace: `const partLength = 1_000_000_000`
    }],
    tests: { [largeData]: ["4.7: an action of which more"] }
  },
  // -----------------------------------------------------------------------------------------------------------------
  // what is known by more than a name
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "names-of-workflows",
    breaks: "24.1: an actor of the program's takes the place of a workflow",
    plants: [{
      file: "src/domain/reserved.ts",
      find: `if (String(type).startsWith(workflowActors)) return`,
      replace: `if (String(type).endsWith(workflowActors)) return`
    }],
    tests: { [forMany]: ["18.4: names of the engine's own"] }
  },
  {
    name: "prepended-not-inherited",
    breaks: "6.2: steps that are prepended to a parent's action are skipped for its heirs",
    plants: [{
      file: registry,
      find: `const steps = [...additions?.prepended ?? [], ...base.steps]`,
      replace: `const own = base.steps.filter(({ kind, of }) => kind !== "prepended" || of === base.key)
  const steps = [...additions?.prepended ?? [], ...own]`
    }],
    tests: { "test/behaviour/ActionExtending.test.ts": ["6.2: what is prepended to an action runs for all heirs"] }
  },
  {
    name: "callbacks-by-position",
    breaks:
      "4.2: a callback is known by its place alone, so that after a deploy that adds one before it, it runs twice and the new one never",
    plants: [{
      file: runnable,
      find: `const position = (counts.get(all) ?? 0) + 1`,
      replace: `const position = (counts.get("") ?? 0) + 1`
    }, {
      file: runnable,
      find: `counts.set(all, position)`,
      replace: `counts.set("", position)`
    }, {
      file: runnable,
      find: "identity: `${origin}:${all}:${position}`",
      replace: "identity: `${origin}:${position}`"
    }],
    tests: { "test/behaviour/CallbackRetries.test.ts": ["4.2: after a deploy one that is new runs"] }
  },
  // -----------------------------------------------------------------------------------------------------------------
  // levels of isolation, and leases
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "level-not-stated",
    breaks: "a database that is at repeatable read by default has every transition refused",
    plants: [{
      file: call,
      find: `      stating.add(operation)
      return stated`,
      replace: `      stating.add(operation)
      return Effect.fail(error)`
    }, {
      file: call,
      find: `return stating.has(operation) ? stated : Effect.catch(`,
      replace: `return stating.has("") ? stated : Effect.catch(`
    }],
    tests: { "test/operations/Isolation.test.ts": ["repeatable read"] },
    hangs: true
  },
  {
    name: "level-of-the-session",
    breaks: "a level is left to a session that is somebody else's in the next transaction, behind PgBouncer",
    plants: [{
      file: call,
      find: `const stated = untraced(withTransaction(statement))`,
      replace: `const session = sql.unsafe("set default_transaction_isolation = 'read committed'")
    const stated = untraced(Effect.andThen(Effect.ignore(session), withTransaction(statement)))`
    }],
    tests: { "test/operations/Pooling.test.ts": ["at repeatable read whoever waits"] }
  },
  {
    name: "level-found-each-time",
    breaks: "a database that is at repeatable read by default refuses each statement once before its level is stated",
    plants: [{
      file: call,
      find: `      stating.add(operation)
`,
      replace: ``
    }],
    tests: { "test/operations/Isolation.test.ts": ["repeatable read"] }
  },
  {
    name: "blocked-and-not-burnt",
    breaks: "8: a body that blocks the thread until the lease is given up runs for ever",
    plants: [{ file: lease, find: ", late > 0)", replace: ", late < 0)" }],
    tests: { "test/races/ownFaults.test.ts": ["8: a lease that this process gives up itself after"] }
  },
  {
    name: "backlog-of-nobody",
    breaks: "2.9+: the backlog shows that younger siblings wait, and not for whom",
    plants: [{ file: "src/sql/queue.ts", find: "min(elder::text) filter", replace: "min(parent::text) filter" }],
    tests: { "test/behaviour/ActionSiblings.test.ts": ["2.9+: across queues"] }
  },
  {
    name: "received-after-the-end",
    breaks:
      "3.2: signals that are asked for after the body's end are given to whoever asks, and are there for the next step once more",
    plants: [{
      file: stepService,
      find: `          effects.over
            ? refused(\`Step.received of`,
      replace: `          effects.over && performance.id === ""
            ? refused(\`Step.received of`
    }],
    tests: { "test/behaviour/Steps.test.ts": ["3.2: what is asked of Step by a fiber that outlives the body"] }
  },
  {
    name: "once-after-the-end",
    breaks: "3.2: what is to be done once is done after the body's end, and again by the next attempt",
    plants: [{
      file: stepService,
      find: `return effects.over ? refused(\`Step.once`,
      replace: `return effects.over && performance.id === "" ? refused(\`Step.once`
    }],
    tests: {
      "test/behaviour/Steps.test.ts": ["3.2: what is asked of Step by a fiber that outlives the body"],
      [onceTest]: ["9.10: after the body's end"]
    }
  },
  {
    name: "stops-when-it-has-waited",
    breaks: "a process whose connections have died in silence asks for most of a minute before it ends",
    plants: [{ file: reconciler, find: `answersNot ? 500 : 3000`, replace: `answersNot ? 500 : 45_000` }],
    tests: { "test/operations/Stopping.test.ts": ["comes to its end soon after the grace period, where it polls"] },
    hangs: true
  },
  // -----------------------------------------------------------------------------------------------------------------
  // names, and versions
  // -----------------------------------------------------------------------------------------------------------------
  {
    name: "called-then",
    breaks: "3.1: a client of an action called then is awaited for ever",
    plants: [{ file: "src/Action.ts", find: `if (name === "then") {`, replace: `if (name === "then ") {` }],
    tests: { "test/behaviour/Names.test.ts": ["an action called then"] }
  },
  {
    name: "renamed-queue-for-nobody",
    breaks: "a queue that a deploy has renamed is taken by nobody",
    plants: [{ file: catalogs, find: `adopted.queues.add(queue)`, replace: `adopted.queues.delete(queue)` }],
    tests: { "test/operations/Queues.test.ts": ["is emptied by the workers of the new deploy"] },
    hangs: true
  },
  {
    name: "keys-of-whoever-prepares",
    breaks: "2.1: an action is in the lane of the version that performs it, and not of the one that has enqueued it",
    plants: [{
      file: "src/engine/invoke/prepare.ts",
      find: `if (held.lane === null && held.lanes === null) {`,
      replace: `if (held.queue !== "") {`
    }],
    tests: { "test/behaviour/Deploys.test.ts": ["2.1: keys and checksum are those of the version"] }
  },
  {
    name: "told-and-declared",
    breaks: "2.5: who completes an action from outside has its parents not read what a deploy has changed",
    plants: [{
      file: "src/verbs/telling.ts",
      find: `import { undeclaredAction } from "../Action.ts"`,
      replace: `import { action as undeclaredAction } from "../Action.ts"`
    }],
    tests: { "test/behaviour/Deploys.test.ts": ["2.5+: who tells actions by their names alone declares none"] }
  },
  {
    name: "timeout-left-to-the-worker",
    breaks: "7.1: an action has no time that it was enqueued with, where the next version has none",
    plants: [{
      file: "src/engine/invoke/invocation.ts",
      find: `      timeout: keys?.timeout ?? null,`,
      replace: `      timeout: null,`
    }],
    tests: { "test/behaviour/Deploys.test.ts": ["7.1: an action has the timeout"] }
  },
  {
    name: "history-by-the-machines-clock",
    breaks: "4.8: a worker whose clock is ahead deletes of the history what is not old yet",
    plants: [{
      file: "src/engine/maintenance/retention.ts",
      find: "asOf: new Date(at), limit, from",
      replace: "limit, from"
    }],
    tests: { "test/engine/maintenance/retention.test.ts": ["4.8: what is old of the history"] }
  },
  {
    name: "prunes-by-the-machines-clock",
    breaks: "`stepped prune --keep` deletes by the clock of the machine that it is typed on",
    plants: [{
      file: "src/cli/pruning.ts",
      find: "new Date(yield* (yield* Engine).now)",
      replace: "new Date(yield* Effect.andThen(Engine, Effect.clockWith((clock) => clock.currentTimeMillis)))"
    }],
    tests: { "test/cli/Pruning.test.ts": ["says what is old by user time"] }
  },
  {
    name: "operators-by-their-own-clock",
    breaks: "what an operator asks for is due by the clock of the machine that asks, and not by user time",
    plants: [{
      file: "src/store/asked.ts",
      find: "at: yield* now,",
      replace: "at: yield* Effect.clockWith((clock) => clock.currentTimeMillis),"
    }],
    tests: { "test/engine/UserClock.test.ts": ["the services ask by user time"] }
  },
  {
    name: "backlog-by-its-own-clock",
    breaks: "what is due in a queue is told by the clock of the machine that asks",
    plants: [{
      file: "src/JobQueue.ts",
      find: "Effect.flatMap(now, store.backlog)",
      replace: "Effect.flatMap(Effect.clockWith((clock) => clock.currentTimeMillis), store.backlog)"
    }],
    tests: { "test/engine/UserClock.test.ts": ["the services ask by user time"] }
  },
  {
    name: "old-by-its-own-clock",
    breaks: "whoever deletes by retention says no time, and history goes by the clock of the machine",
    plants: [{
      file: "src/store/deleting.ts",
      find: "asOf === undefined ? now :",
      replace: "asOf === undefined ? Effect.clockWith((clock) => clock.currentTimeMillis) :"
    }],
    tests: { "test/engine/UserClock.test.ts": ["the services ask by user time"] }
  },
  {
    name: "backfill-until-the-askers-now",
    breaks:
      "20.8: a range of slots without an end goes until now by the clock of who asks: with one that is ahead it is refused",
    plants: [{
      file: "src/cli/schedules.ts",
      find: "...Option.isNone(to) ? {} : { to: to.value } }",
      replace: "to: Option.getOrElse(to, () => new Date(at)) }"
    }, {
      file: "src/cli/schedules.ts",
      find: "    const input = { name, from: from.value,",
      replace: "    const at = yield* Clock.currentTimeMillis\n    const input = { name, from: from.value,"
    }],
    tests: { "test/cli/Remote.test.ts": ["21.6, 20.8: a range of slots without an end"] }
  },
  {
    name: "jitter-and-the-clock-that-is-changed",
    breaks:
      "20.3, 20.9: in the week before clocks are changed a schedule is refused that was taken before, and no worker of its program starts",
    plants: [{
      file: "src/engine/schedules/given.ts",
      find: "shortestDistance(slotsOf(spec, zone === null ? null : \"UTC\", null), 0)",
      replace: "shortestDistance(slots, now)"
    }],
    tests: { "test/behaviour/Schedules.test.ts": ["20.3: jitter is shorter than the distance of local times"] }
  },
  {
    name: "jitter-beyond-the-next-slot",
    breaks: "20.3: a slot that the clock jumps to is put off beyond the next one, and is lost with that",
    plants: [{
      file: "src/domain/ScheduleSlots.ts",
      find: "Math.min(slot + putOff, following - 1)",
      replace: "slot + putOff"
    }],
    tests: { "test/domain/ScheduleSlots.test.ts": ["20.3: where the clock jumps to a slot"] }
  },
  {
    name: "cut-off-and-done",
    breaks: "a command that SIGTERM cuts off tells the shell that it is done",
    plants: [{ file: "src/cli/main.ts", find: "=== \"SIGTERM\" ? 143 : 130", replace: "=== \"SIGTERM\" ? 0 : 130" }],
    tests: { "test/cli/main.test.ts": ["ends with 143 where SIGTERM cuts it off"] }
  },
  {
    name: "one-failed-look-ends-many",
    breaks: "18.4: a verb for many ends from a shell as soon as one look at it fails",
    plants: [{
      file: "src/cli/onMany.ts",
      find: "if (!isRetryable) {",
      replace: "if (!isRetryable || !isAway) {"
    }],
    tests: { "test/cli/Remote.test.ts": ["21.6: a verb for many goes on being looked at"] }
  },
  {
    name: "many-that-nobody-can-name",
    breaks:
      "18.4: whoever asks for something of many is not told under which id that goes on, before the connection is lost",
    plants: [{ file: "src/cli/onMany.ts", find: "    yield* aside(does)\n", replace: "" }],
    tests: { "test/cli/Remote.test.ts": ["21.6: a verb for many goes on being looked at"] }
  },
  {
    name: "away-over-http-for-good",
    breaks: "21.6: over HTTP a lost connection is a failure for good",
    plants: [{
      file: "src/cli/remoteAnswers.ts",
      find: "error.reason._tag === \"TransportError\" ||",
      replace: "error.reason._tag === \"EncodeError\" ||"
    }],
    tests: { "test/cli/Remote.test.ts": ["21.6: a verb for many goes on being looked at"] }
  },
  {
    name: "nothing-of-the-database-alone",
    breaks: "21.6: that there is no such action is an answer of the database, and over HTTP none",
    plants: [{
      file: "src/cli/doing.ts",
      find: "isNothing(answered) ?",
      replace: "isNothing(answered) && answered.text !== undefined ?"
    }],
    tests: { "test/cli/Remote.test.ts": ["21.6: that there is no such action"] }
  },
  {
    name: "resumed-and-broken",
    breaks: "20.7, 20.8: a schedule that was mended while it was paused is called broken until its next slot",
    plants: [{
      file: "src/sql/schema/functions/operate_schedule.sql",
      find: "next_at = p_next_at,\n          -- whoever asks has read it\n          trouble = null",
      replace: "next_at = p_next_at"
    }],
    tests: { "test/behaviour/Schedules.test.ts": ["20.7, 20.8: what was mended while it was paused"] }
  },
  {
    name: "typed-and-waited-for",
    breaks: "a verb for many that is typed into a running program keeps all waiting that is typed after it",
    plants: [{
      file: "src/cli/onMany.ts",
      find: "if (given.detach || isTyped) return",
      replace: "if (given.detach) return"
    }],
    tests: { "test/cli/dev.test.ts": ["asks whether the program fits"] },
    hangs: true
  },
  {
    name: "aside-and-closed",
    breaks: "10.1: what has come of a step is lost where it was put aside and its action is cancelled meanwhile",
    plants: [{
      file: "src/engine/worker/Aside.ts",
      find: "if (closed.length > 0) yield* put({",
      replace: "if (closed.length > batch.length) yield* put({"
    }],
    tests: { "test/races/notStored.test.ts": ["10.1, 9.13: what has come of a step counts"] }
  },
  {
    name: "late-and-started-nothing",
    breaks:
      "9.13, 9.6: what a body has started is lost where its worker is the first to notice that the action's time is over",
    plants: [{
      file: "src/engine/perform/decide.ts",
      find: "event.came ?? event : event",
      replace: "event : event"
    }],
    tests: { [shielded]: ["9.13, 9.6: what it has started and replaced counts"] }
  },
  {
    name: "late-and-replaced-nothing",
    breaks:
      "10.1: what undoes a step is given the arguments from before it where its worker notices first that time is over",
    plants: [{
      file: "src/engine/perform/decide.ts",
      find: `came !== undefined && "replaced" in came ? came.replaced : undefined`,
      replace: `undefined`
    }],
    tests: { [shielded]: ["9.13, 9.6: what it has started and replaced counts"] }
  },
  {
    name: "asks-again-by-an-old-snapshot",
    breaks:
      "8: what is enqueued again is stored twice in a database whose transactions are at repeatable read by default",
    plants: [{
      file: functionFile("enqueue"),
      find: "    perform require_read_committed();\n",
      replace: ""
    }],
    tests: { "test/races/lostAnswers.test.ts": ["is performed once, although it begins at once in a database at"] },
    hangs: true
  },
  {
    name: "deletes-by-an-old-snapshot",
    breaks: "18.1: history is deleted by who does not see that somebody has begun to retry it",
    plants: [{
      file: functionFile("delete_ended"),
      find: "  perform require_read_committed();\n",
      replace: ""
    }],
    tests: { "test/behaviour/IsolationLevels.test.ts": ["18.1: delete no history at"] }
  },
  {
    name: "closed-by-the-definition-alone",
    breaks:
      "3.2: a transactional body that cancels its own action begins again and again, once a deploy has taken its compensations away",
    plants: [{
      file: "src/engine/perform/decide.ts",
      find: "(hasCompensations(performance) || performance.isToUndo) &&",
      replace: "hasCompensations(performance) &&"
    }],
    tests: {
      "test/behaviour/TransactionalSteps.test.ts": ["a body that cancels its own action commits, too, where a deploy"]
    }
  },
  {
    name: "late-and-closed",
    breaks: "what is late is a defect where somebody has decided meanwhile how the action ends",
    plants: [{
      file: "src/engine/perform/decide.ts",
      find: "phase: \"closing\", timeoutAt: undefined }, whenClosed(event))",
      replace: "phase: \"closing\", timeoutAt: undefined }, whenClosed(event) === event ? event : event)"
    }],
    tests: { "test/engine/perform/decide.test.ts": ["is unwound after its body"] }
  },
  {
    name: "abandons-itself-in-vain",
    breaks: "10.7: what undoes a step and abandons that in its transaction is rolled back, and runs again",
    plants: [{
      file: functionFile("decide_step"),
      find: "  if abandons then\n",
      replace: "  if false then\n"
    }],
    tests: { "test/behaviour/TransactionalSteps.test.ts": ["10.7: what undoes a step and abandons that"] }
  },
  {
    name: "left-over-and-begun",
    breaks: "9.1: a job that was left over begins the next attempt of a step before its time",
    plants: [{
      file: functionFile("go_on_later"),
      find: "    where action = any(v_actions) and kind",
      replace: "    where false and kind"
    }],
    tests: { "test/behaviour/StepRetries.test.ts": ["9.1, 9.2: a job that was left over"] }
  }
]

export const bugs: ReadonlyArray<Bug> = [...first, ...second, ...third]
