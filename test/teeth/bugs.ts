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
const reconciler = "src/engine/worker/Reconciler.ts"
const workers = "src/engine/worker/Workers.ts"
const surroundings = "src/engine/worker/surroundings.ts"
const decide = "src/engine/perform/decide.ts"
const performance = "src/engine/perform/Performance.ts"
const results = "src/engine/perform/results.ts"
const retry = "src/engine/perform/retry.ts"
const runCallbacks = "src/engine/perform/runCallbacks.ts"
const runJob = "src/engine/perform/runJob.ts"
const stepService = "src/engine/perform/stepService.ts"
const codec = "src/domain/Codec.ts"
const registry = "src/engine/Registry.ts"
const prerequisites = "src/sql/prerequisites.ts"

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
const namedLanes = "test/behaviour/NamedLanes.test.ts"
const randomLanes = "test/model/Lanes.test.ts"
const pausesLooks = "test/sql/transitions/pauses.test.ts"
const pausedLanes = "test/behaviour/PausedLanes.test.ts"
const stepOptions = "test/behaviour/StepOptions.test.ts"
const passedSteps = "test/behaviour/PassedSteps.test.ts"

export const bugs: ReadonlyArray<Bug> = [
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
      file: results,
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
      find: `due, burns: true, callbacks: [...ended], failure }`,
      replace: `due, burns: true, failure }`
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
          () => children.length === 0 ? Effect.void : enqueueOf(calls)(children, o.now, false)
        )
      },`
    }],
    tests: {
      "test/faults/Faults.test.ts": ["tree ends as without them"],
      "test/operations/Cost.test.ts": ["a parent and its fifty children take five"]
    }
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
      find: `joins.push({ ...unjoinable(only), ended: {`,
      replace: `joins.push({ ...unjoinable(only), ...only, ended: {`
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
      file: results,
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
      find: `        for share skip locked
`,
      replace: ``
    }],
    tests: { "test/races/order.test.ts": ["2.9: a younger sibling whose elder somebody", "2.9: an elder (slow)"] }
  },
  {
    name: "elder-wakes-nobody",
    breaks: "2.9: a younger sibling waits for ever when its elder has joined",
    plants: [{
      file: functionFile("in_turn"),
      find: `select j.action from unnest(jobs_left || p_others) j where j.ordered`,
      replace: `select j.action from unnest(p_others) j where j.ordered`
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
    p_token, p_now, p_definitions, p_first_steps, p_flags, array[p_id], p_status, p_result, p_cause);`,
      replace:
        `  if p_status = 4 and l.phase = 1 then update live_actions set outcome = 4, cause = p_cause where id = p_id; return; end if;
  return query select * from end_from_outside(
    p_token, p_now, p_definitions, p_first_steps, p_flags, array[p_id], p_status, p_result, p_cause);`
    }],
    tests: { [regressions]: ["8: a child that ends after its parent was cancelled"] }
  },
  {
    name: "joins-superseded",
    breaks: "2.5 b: a newcomer joins an action of its checksum that was superseded, and waits for ever",
    plants: [{
      file: functionFile("join_lane"),
      find: `    from live_actions l
    where
      l.lane = p_job.lane
      and l.seat in (-1 /* Seat.pending */, 0 /* Seat.performing */)
`,
      replace: `    from (
      select id, lane, seat, checksum_key, checksum from live_actions
      union all
      select id, lane, 0, checksum_key, checksum from ended_actions where status = 3) l
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
      achieved_at = excluded.achieved_at;`,
      replace: `    on conflict (checksum_key) do nothing;`
    }],
    tests: { [regressions]: ["8: one checksum key in two lanes collides"] }
  },
  {
    name: "counted-slots",
    breaks: "8: whatever child ends, the first open slot of its step is settled: told twice, a sibling's is gone",
    plants: [{
      file: functionFile("after_ends"),
      find: `      where o.child = any(p_ids) and o.status is null and e.id = o.child
`,
      replace: `    where e.id = any(p_ids) and o.status is null and (o.action, o.step, o.slot) in (
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
      find: `      where o.child = any(p_ids) and o.status is null and e.id = o.child
`,
      replace: `    where o.child = any(p_ids) and o.status is null and e.id = o.child
      and not exists (select 1 from slots w where w.action = o.action and w.step = o.step and w.child = o.child and w.slot < o.slot)
`
    }],
    tests: { [regressions]: ["8: the same checksummed child twice from one step hangs"] }
  },
  {
    name: "next-of-that-name",
    breaks: "5.2: completing by name again hits the next action of that name",
    plants: [{
      file: functionFile("complete"),
      find: `        and status = 1 /* Status.performing */
        and outcome is null
`,
      replace: `        and outcome is null
`
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
      find: `failpoint("performed", perform(work.performance, env)), {`,
      replace: `failpoint("performed", inLock(work.performance, perform(work.performance, env))), {`
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
      file: functionFile("finish"),
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
      find: `  let last = steps.length - 1
  while (last >= 0 && (isPrepended(steps[last]!) || !hasRun(ran, steps[last]!))) last--
  // what comes after the last one that ran has not
  return steps.find((step, i) => i > last && !isPrepended(step))`,
      replace: `  return steps[ran.length]`
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
      file: functionFile("cancel_for_newcomer"),
      find: `    spared := coalesce(spared, among);`,
      replace: `    spared := among;`
    }],
    tests: { [laneDeadlocks]: ["15.3, 15.9: whoever can go on"] }
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
      file: functionFile("cancel_steps"),
      find: `from o where child is not null on conflict do nothing;`,
      replace: `from o where false on conflict do nothing;`
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
      file: functionFile("join_lane"),
      find: `    update slots set child = p_job.action, moved = true where child = ended and status is null;
`,
      replace: `    null;
`
    }],
    tests: { "test/behaviour/ActionSuperseding.test.ts": ["2.5 c: all slots that waited for the superseded"] }
  },
  {
    name: "joined-root-cancelled",
    breaks: "4.6: a child that a root invocation has joined is cancelled with its parent",
    plants: [{
      file: functionFile("join_lane"),
      find: `        update live_actions set rooted = true where id = same;
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
      find: `Worker.make({ ...engine, name, queues, peers })`,
      replace: `Worker.make({ ...engine, name, queues: undefined, peers })`
    }],
    tests: { "test/behaviour/SeveralWorkers.test.ts": ["each takes from its queues"] }
  },
  {
    name: "ends-only-its-own",
    breaks: "7.1: a timeout that one worker notices leaves the body of another one running",
    plants: [{
      file: workers,
      find: `drop: (gone) => Effect.forEach(all(), (worker) => worker.drop(gone), { discard: true }),`,
      replace: `drop: (gone) => self.drop(gone),`
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
      find: `effects.over ? refuse(asked()) : effect`,
      replace: `effects.over && performance.id === "" ? refuse(asked()) : effect`
    }, {
      file: stepService,
      find: `        if (effects.over) {`,
      replace: `        if (effects.over && performance.id === "") {`
    }],
    tests: { "test/behaviour/Steps.test.ts": ["3.2: what is asked of Step by a fiber that outlives the body"] }
  },
  {
    name: "in-hand-before-the-commit",
    breaks: "3.2: callbacks see arguments that a transaction has replaced which did not commit",
    plants: [{
      file: "src/engine/perform/runStep.ts",
      find: `  const { marked, replaced, slots } = effects\n`,
      replace: `  const { marked, replaced, slots } = effects
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
      file: functionFile("end_live"),
      find: `(l.token = p_token and l.step = x.step and l.phase = x.phase)`,
      replace: `(l.step = x.step and l.phase = x.phase)`
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
      file: functionFile("end_live"),
      find: `(l.token = p_token and l.step = x.step and l.phase = x.phase)`,
      replace: `(l.token = p_token)`
    }],
    tests: { "test/races/fences.test.ts": ["1.2: a stale conclusion is stale beside a valid one"] }
  },
  {
    name: "late-is-lost",
    breaks: "8: a body that has blocked the thread past its lease is begun again, although nobody has taken over",
    plants: [{
      file: "src/sql/transitions/lease.ts",
      find: `* interval '1 millisecond' where token = $1 returning 1)`,
      replace: `* interval '1 millisecond' where token = $1 and lease_until > clock_timestamp() returning 1)`
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
        `      where checksum_key = any(array(select coalesce(checksum_key, lane) from live_actions where id = any(next_up))));`,
      replace:
        `      where checksum_key = any(array(select coalesce(checksum_key, lane) from live_actions where id = any(next_up)))
      for update);`
    }],
    tests: { "test/races/lockOrder.test.ts": ["achievements that are granted and erased at once"] }
  },
  {
    name: "one-sinks-the-batch",
    breaks: "what cannot be stored of one action sinks its whole batch",
    plants: [{
      file: committer,
      find: `      if (batch.length > 1) return yield* commitHalves(token, batch, place)
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
      find: `    set token = null, attempts = attempts + case when p_burn then 1 else 0 end
`,
      replace: `    set token = null
`
    }],
    tests: { "test/operations/Worker.test.ts": ["kill -9: another one goes on"] }
  },
  {
    name: "shutdown-burns",
    breaks: "a worker that stops burns an attempt of what it gives back",
    plants: [{
      file: functionFile("release"),
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
      find: `Effect.exit(tryOnce(token, [back], place))`,
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
      find: `work._tag === "Perform" || work._tag === "Prepare" ? [work.id] : []`,
      replace: `work._tag === "Perform" ? [work.id] : []`
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
      find: `  if p_outbound and l.timeout_at <= p_now then`,
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
            () => Effect.andThen(store(token), Effect.suspend(() => claimer.claim(0, id, [], place)))
          )`,
      replace: `          yield* Effect.andThen(store(token), Effect.suspend(() => claimer.claim(0, id, [], place)))`
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
      find: "if (!happensIn[event._tag].includes(performance.phase)) {",
      replace: "if (happensIn[event._tag].length === 0) {"
    }],
    tests: { "test/engine/perform/decide.test.ts": ["leads somewhere, or cannot happen"] }
  },
  {
    name: "attempts-of-the-step",
    breaks:
      "7.2: what a step has used up of its attempts is its action's callbacks', too, for whoever goes on with them in memory",
    plants: [{
      file: "src/engine/perform/decide.ts",
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
      find: `yield* store([one], true)`,
      replace: `yield* store([one])`
    }],
    tests: { "test/engine/client/GroupCommit.test.ts": ["is not stored again alone when the next try is refused"] }
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
      find: `slot(null, null, null, Math.ceil(now + millis), null)`,
      replace: `slot(null, null, null, Math.ceil(now + (millis > 0x7fffffff ? 1 : millis)), null)`
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
      return { _tag: "Broken", id: task.action, concluded: unreadableActor(task, new Error("no such action")) }
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
      find: `        yield* Effect.sleep(quietMs)\n`,
      replace: ``
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
      file: functionFile("join_lane"),
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
    tests: { "test/engine/client/GroupCommit.test.ts": ["does not wait for a lane that somebody has locked"] },
    hangs: true
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
      find: `set local search_path = \${quoted}, pg_temp`,
      replace: `set local search_path = \${quoted}`
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
          select e.action from unnest(conclusion_action, conclusion_ends) as e(action, ends) where e.ends))))
      offset 0
    ) c
    left join lateral (
      select l.ctid as place
      from live_actions l
      where l.id = c.action and l.token = p_token and l.step = c.step and l.phase = c.phase
      for update
    ) l on true
  )
`,
      replace: `  with f as (
    select c.n, l.ctid as place
    from unnest(conclusion_action, conclusion_step, conclusion_phase) with ordinality as c(action, step, phase, n)
    join live_actions l on l.id = c.action
    where l.token = p_token and l.step = c.step and l.phase = c.phase
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
    name: "prepended-by-position",
    breaks:
      "6.1: which prepended steps are still to come is asked of the process that goes on, and not of the one that began",
    plants: [{
      file: performance,
      find: `  for (const name of prepended.length > 0 && ran.every(isPrepended) ? prepended : []) {
    const step = steps.find((candidate) => isPrepended(candidate) && candidate.name === name)
    if (step !== undefined && !hasRun(ran, step)) return step
  }`,
      replace: `  const at = steps.findLastIndex((step) => isPrepended(step) && hasRun(ran, step))
  for (const step of ran.every(isPrepended) ? steps.slice(at + 1).filter(isPrepended) : []) {
    if (prepended.length > 0) return step
  }`
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
      file: functionFile("resume"),
      find: `set token = p_token, flags = p_flags[array_position(p_definitions, t.definition)] & 255`,
      replace: `set token = p_token`
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
    name: "history-with-what-it-left",
    breaks: "an action's history is deleted before its children are cancelled, and they run",
    plants: [{
      file: functionFile("delete_ended"),
      find: `      and (select a.action from abandoned_by a where a.action = e.id) is null
`,
      replace: ``
    }],
    tests: { "test/ActionRepo.test.ts": ["keeps what was cancelled until"] }
  },
  {
    name: "history-of-children",
    breaks: "4.7: results of a live action's children are deleted",
    plants: [{
      file: functionFile("delete_ended"),
      find: `      and (select l.id from live_actions l where l.id = e.parent) is null
`,
      replace: ``
    }],
    tests: { "test/behaviour/History.test.ts": ["4.7: an action that waits for a year"] }
  },
  {
    name: "history-of-children-of-others",
    breaks: "4.7: what a live action's child has joined is deleted",
    plants: [{
      file: functionFile("delete_ended"),
      find: `where o.child = e.id and o.moved and (select`,
      replace: `where o.child = e.id and false and (select`
    }],
    tests: {
      "test/behaviour/History.test.ts": [
        "4.7: what another parent's child has joined",
        "4.7: what has superseded a child"
      ]
    }
  },
  {
    name: "slot-of-who-joined",
    breaks: "4.7: nothing says that a child's slot waits for another parent's child by now",
    plants: [{
      file: functionFile("join_lane"),
      find: `set child = same, moved = true`,
      replace: `set child = same`
    }],
    tests: { "test/behaviour/History.test.ts": ["4.7: what another parent's child has joined"] }
  },
  {
    name: "slot-of-who-was-superseded",
    breaks: "4.7: nothing says that a child's slot waits for its successor by now",
    plants: [{
      file: functionFile("join_lane"),
      find: `set child = p_job.action, moved = true`,
      replace: `set child = p_job.action`
    }],
    tests: { "test/behaviour/History.test.ts": ["4.7: what has superseded a child"] }
  },
  {
    name: "history-of-who-joined",
    breaks: "4.7: what the answer of whoever has joined follows is deleted",
    plants: [{
      file: functionFile("delete_ended"),
      find: `      and (select o.id from outcomes o where o.follows = e.id limit 1) is null
`,
      replace: ``
    }],
    tests: { "test/behaviour/History.test.ts": ["4.7: handles follow a chain"] }
  },
  {
    name: "joined-and-left-behind",
    breaks: "2.5: who has joined an action does not follow its successor",
    plants: [{
      file: functionFile("join_lane"),
      find: `    if was_rooted then update outcomes set follows = p_job.action where follows = ended; end if;
`,
      replace: ``
    }],
    tests: { "test/behaviour/History.test.ts": ["4.7: handles follow a chain"] }
  },
  {
    name: "history-of-the-superseded",
    breaks: "4.7: what was superseded is deleted while its successor is live, and handles lose their way",
    plants: [{
      file: functionFile("delete_ended"),
      find: `array_agg(u.id) filter (where u.held_by is null)`,
      replace: `array_agg(u.id)`
    }],
    tests: { "test/behaviour/History.test.ts": ["4.7: handles follow a chain"] }
  },
  {
    name: "history-link-by-link",
    breaks: "4.7: of what was superseded in one lane each pass deletes one",
    plants: [{
      file: functionFile("delete_ended"),
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
      find: "    coalesce(queue, 'default'),",
      replace: "    queue,"
    }],
    tests: { "test/behaviour/Records.test.ts": ["what has ended is shown with its queue"] }
  },
  {
    name: "history-without-its-key",
    breaks: "what has ended is shown without its checksum key where that is its lane's",
    plants: [{
      file: "src/sql/schema/action_views.sql",
      find: "    coalesce(checksum_key, lane),",
      replace: "    checksum_key,"
    }],
    tests: { "test/behaviour/Records.test.ts": ["what has ended is shown with its queue"] }
  },
  {
    name: "history-in-a-row",
    breaks: "4.7: who deletes history waits for whoever else does",
    plants: [{
      file: functionFile("delete_ended"),
      find: "where id = any(ids) for update skip locked",
      replace: "where id = any(ids) for update"
    }],
    tests: { "test/races/history.test.ts": ["nobody waits for who deletes"] },
    hangs: true
  },
  {
    name: "history-by-id-alone",
    breaks: "4.7: what was enqueued long ago is deleted, however late it ended",
    plants: [{
      file: functionFile("delete_ended"),
      find: `      e.ended_at < p_before
      and`,
      replace: `      true
      and`
    }],
    tests: { "test/behaviour/History.test.ts": ["4.7: what ended later than a time"] }
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
      file: functionFile("finish"),
      find: "failure = case when c.attempts < 0 then null else coalesce(c.failure, l.failure) end",
      replace: "failure = coalesce(m.f, l.failure)"
    }],
    tests: { "test/behaviour/Records.test.ts": ["what a step has failed with is not the next one's"] }
  },
  {
    name: "shown-with-marks",
    breaks: "a result is shown with the places that the engine keeps for those of children",
    plants: [{
      file: "src/sql/schema/views.sql",
      find: `when strpos(result::text, '"$') = 0 then result`,
      replace: `when true then result`
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
  },
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
      file: functionFile("release"),
      find: `set priority = coalesce(own_priority, 0), token`,
      replace: `set priority = 0, token`
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
    name: "newer-by-enqueueing",
    breaks: "14.2: what was delayed and is pending is as old as its enqueueing",
    plants: [{
      file: functionFile("join_lane"),
      find: `p_job.tags, p_job.delayed_until, p_job.id);`,
      replace: `p_job.tags, null, p_job.id);`
    }],
    tests: { [options]: ["14.2: a delayed one that is pending"] }
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
      find: `          and e.priority <> 1003 /* Priority.delayed */
          and (e.action in (select unnest(leaving))) is not true
      ) as waits`,
      replace: `          and (e.action in (select unnest(leaving))) is not true
      ) as waits`
    }, {
      file: functionFile("in_turn"),
      find: `          and e.priority <> 1002 /* Priority.waiting */
          and e.priority <> 1003 /* Priority.delayed */`,
      replace: `          and e.priority <> 1002 /* Priority.waiting */`
    }],
    tests: { [options]: ["2.9, 14.1: siblings do not wait for a delayed one"] }
  },

  // -----------------------------------------------------------------------------------------------------------------
  // pauses
  // -----------------------------------------------------------------------------------------------------------------
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
      find: `ignoring, is_pausing, keys) t;`,
      replace: `ignoring, is_pausing, null) t;`
    }],
    tests: { "test/races/lockOrder.test.ts": ["a claim erases achievements by their order"] }
  },
  {
    name: "resumed-in-two-passes",
    breaks: "what is resumed in lanes and in named ones locks achievements against the order of their keys",
    plants: [{
      file: functionFile("tick"),
      find: `  elsif cardinality(late) = 0 and joining = 0 then`,
      replace: `  elsif cardinality(late) = 0 then`
    }],
    tests: { "test/races/lockOrder.test.ts": ["what is resumed in lanes and in named ones"] }
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
      file: functionFile("cancel_for_newcomer"),
      find: `  if newcomer is null or (`,
      replace: `  if newcomer is null or false and (`
    }],
    tests: { [namedLanes]: ["15.3, 15.6: nobody is cancelled for one that waits for the rate"] }
  },
  {
    name: "pause-cancels",
    breaks: "15.8, 15.3: somebody is cancelled for one that a pause holds",
    plants: [{
      file: functionFile("cancel_for_newcomer"),
      find: `  ) or waits_for_pause(newcomer) then`,
      replace: `  ) then`
    }],
    tests: { [pausedLanes]: ["15.8, 15.3: a paused lane rejects"] }
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
      file: functionFile("join_named_lane"),
      find: "coalesce(left_by.since, p_now) + (n.settings ->> 'maxWait')",
      replace: "p_now + (n.settings ->> 'maxWait')"
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
      find: "or not exists (select 1 from seats w where w.lane = n.lane and w.seat is null)",
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
      find: "if not found then return; end if;",
      replace: "return;"
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
      find: "case when p_job.priority > -1000 /* Priority.first */ then p_job.priority else 0 end, p.place,",
      replace: "0, p.place,"
    }],
    tests: { [namedLanes]: ["14.1, 15.3: in a line the more urgent"] }
  },
  {
    name: "named-tags",
    breaks: "14.1: tags go with an action that joins its named lanes",
    plants: [{
      file: functionFile("join_named_lane"),
      find: "p_job.timeout_ms, p_job.enqueued_at, p_job.tags, p_job.delayed_until, p_job.id);",
      replace: "p_job.timeout_ms, p_job.enqueued_at, null, p_job.delayed_until, p_job.id);"
    }],
    tests: { [namedLanes]: ["14.1: a delayed one joins its line"] }
  },
  {
    name: "named-newer-by-enqueueing",
    breaks: "14.2: what was delayed and waits in a named lane is as old as its enqueueing",
    plants: [{
      file: functionFile("join_named_lane"),
      find: "p_job.tags, p_job.delayed_until, p_job.id);",
      replace: "p_job.tags, null, p_job.id);"
    }],
    tests: { [namedLanes]: ["14.2, 15.3: in a superseding lane a delayed one"] }
  },
  {
    name: "named-newer-by-arrival",
    breaks: "14.2: one that arrives in a named lane supersedes a newer one",
    plants: [{
      file: functionFile("join_named_lane"),
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
      file: functionFile("cancel_for_newcomer"),
      find: "    order by s.place\n",
      replace: "    order by s.place desc\n"
    }],
    tests: { [namedLanes]: ["15.3: of several who perform in a lane that cancels"] }
  },
  {
    name: "named-cancel-another",
    breaks: "15.3: while one is ending, nobody further is cancelled",
    plants: [{
      file: functionFile("cancel_for_newcomer"),
      find: "where s.lane = p_lane and s.seat is not null and l.outcome is not null",
      replace: "where s.lane = p_lane and s.seat is not null and l.outcome is not null and false"
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
      replace: `body as StepDefinition["body"], { transactional: options?.transactional ?? false })`
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
      file: decide,
      find: `if (performance.phase === "job" || `,
      replace: `if (performance.phase !== "step" || `
    }],
    tests: { [passedSteps]: ["9.5, 9.6: they are recorded"] }
  },
  {
    name: "child-passed-without-failure",
    breaks: "9.6: with what a step has failed that waited, nobody can read",
    plants: [{
      file: functionFile("finish"),
      find: `result = coalesce(c.step_result, s.result)`,
      replace: `result = s.result`
    }],
    tests: { [passedSteps]: ["9.5, 9.6: they are recorded"] }
  },
  {
    name: "passed-without-results",
    breaks: "9.6: after a step that has waited and failed the results before it are lost",
    plants: [{
      file: decide,
      find: `apart: given === undefined && detail !== undefined,`,
      replace: `apart: given === undefined && detail === undefined,`
    }],
    tests: { [passedSteps]: ["9.5, 9.6: they are recorded"] }
  },
  {
    name: "failure-as-result",
    breaks: "9.6: later steps receive the failure for the result",
    plants: [{
      file: results,
      find: ` || isFailure(step.result)) {`,
      replace: ` || isFailure(step.name)) {`
    }],
    tests: { [passedSteps]: ["9.5, 9.6: they are recorded"] }
  },
  {
    name: "passed-with-its-sql",
    breaks: "9.6: a transactional step fails and is passed, and its SQL is committed",
    plants: [{
      file: "src/engine/perform/transactional.ts",
      find: `"ended" in conclusion && conclusion.ended?.status === "failed" && `,
      replace: `conclusion._tag === "ActionEnds" && conclusion.outcome.status === "failed" && `
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
  }
]
