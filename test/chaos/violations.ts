/** What no engine does, as statements: the audit has to find each of them. */

const performing = (status: string) =>
  `insert into stepped.live_actions select (jsonb_populate_record(null::stepped.live_actions, to_jsonb(e) || '{"queue": "default", "checksum_key": "key"}' || '${status}')).* from stepped.ended_actions e limit 1`

const twoInLine = `insert into stepped.seats (action, lane, "limit", priority, place)
  select gen_random_uuid(), 'a', 1, 0, n from generate_series(1, 2) n`

const chartered = `update stepped.ended_actions set definition = 'Workflow.Charter/execute',
  arguments = '[{"n": 1}]', result = '{"_tag": "Success"}'`

/** One that performs, in nobody's hands but those it is given, and whose beginning nobody has noted. */
const begun = (more = "") =>
  `${performing(`{"status": 1, "phase": 0, "step": 0, "flags": 0, "rooted": true${more}}`)};
   delete from chaos.notes where tx = pg_current_xact_id()`

/** Each rule of the audit, with statements that break it. */
export const planted: ReadonlyArray<readonly [rule: string, statement: string]> = [
  [
    "nothing has to be healed",
    `${performing(`{"status": 1, "phase": 0, "step": 0, "flags": 0, "rooted": true}`)};
     select * from stepped.heal(now(), 0, 10)`
  ],
  [
    "an action ends once",
    "insert into chaos.notes (what, action) select 'ended', id from stepped.ended_actions limit 1"
  ],
  ["history does not change", "update stepped.ended_actions set status = 5"],
  ["nothing happens to an action that has ended", "update stepped.slots set status = 5"],
  ["a slot is settled once", "update stepped.slots set status = 5"],
  ["a step ends once", "update stepped.steps set status = 5"],
  [
    "an action begins once",
    performing(`{"status": 1, "phase": 0, "step": 0, "flags": 0, "rooted": true}`)
  ],
  ["an action that leaves ends, or has not begun", `${begun()}; delete from stepped.live_actions`],
  [
    "an action is promoted once",
    `${begun()}; ${[0, 1, 0, 1].map((status) => `update stepped.live_actions set status = ${status}`).join("; ")}`
  ],
  ["a performing action is never pending again", `${begun()}; update stepped.live_actions set status = 0`],
  [
    "an outcome is fixed once",
    `${begun()}; update stepped.live_actions set outcome = 2; update stepped.live_actions set outcome = 4`
  ],
  ["steps only go forward", `${begun(`, "step": 1`)}; update stepped.live_actions set step = 0`],
  [
    "no transition happens twice",
    `${begun()}; ${[1, 0, 1].map((phase) => `update stepped.live_actions set phase = ${phase}`).join("; ")}`
  ],
  [
    "a step is stored once",
    `with gone as (delete from stepped.steps returning *) insert into stepped.steps select * from gone`
  ],
  ["a step that has ended stays as it is", "update stepped.steps set status = 5"],
  [
    "a worker's conclusion counts for what it holds",
    `${begun(`, "token": 8`)}; select set_config('chaos.transition', 'finish 7 1', true);
     update stepped.live_actions set phase = 1`
  ],
  ["nobody takes what somebody holds", `${begun(`, "token": 8`)}; update stepped.live_actions set token = 7`],
  [
    "every time is the database's, whatever the machines' clocks say",
    "update stepped.ended_actions set ended_at = ended_at + interval '1 minute'"
  ],
  [
    "whoever takes over changes nothing else",
    `${performing(`{"status": 1, "phase": 0, "step": 0, "flags": 0, "rooted": true}`)};
     update stepped.live_actions set outcome = 2`
  ],
  [
    "whoever writes as a worker has its lease",
    "select set_config('chaos.transition', 'finish 7 -1', false); update stepped.steps set status = 5"
  ],
  [
    "15.2: never more than the limit perform in a named lane",
    `${twoInLine}; update stepped.seats set seat = place - 1`
  ],
  ["15.5: nobody overtakes in a line", `${twoInLine}; update stepped.seats set seat = 0 where place = 2`],
  [
    "15.5: all lanes of an action are taken, or none",
    `${performing(`{"status": 1, "phase": 0, "step": 0, "flags": 0, "rooted": true, "lanes": ["a", "b"]}`)};
     insert into stepped.seats (action, lane, "limit", priority, place, seat) select id, 'a', 1, 0, 1, 0 from stepped.live_actions;
     set constraints all immediate`
  ],
  [
    "15.6: no more start than the rate allows",
    `insert into stepped.named_lanes (lane, settings, starts) values ('a', '{"rate": 1, "per": 1000}', array[now()]);
     insert into stepped.seats (action, lane, "limit", priority, place, seat) values (gen_random_uuid(), 'a', 1, 0, 1, 0);
     update stepped.named_lanes set starts = array[now() + interval '999 ms']`
  ],
  [
    "15.8: nobody begins who is paused",
    `insert into stepped.pauses values ('lane', 'road', 'why', 'ada', now());
     select set_config('chaos.snapshot', '9999999:9999999:', true);
     ${performing(`{"status": 1, "phase": 0, "step": 0, "flags": 0, "rooted": true, "lane": "road"}`)};
     set constraints all immediate`
  ],
  [
    "14.1: tags are those that an action was enqueued with",
    "update stepped.ended_actions set definition = 'Truck/queue', tags = null"
  ],
  [
    "whoever holds an action goes on with it",
    "insert into chaos.notes (what, action, held_next, at) values ('begins', gen_random_uuid(), 7, now() - interval '1 minute')"
  ],
  [
    "10.1, 10.7: what has succeeded is undone once",
    "update stepped.ended_actions set definition = 'Voyage/sail', status = 5; update stepped.steps set undo = 1"
  ],
  [
    "10.4: what was done as a whole is undone once",
    "update stepped.ended_actions set definition = 'Voyage/anchor', status = 2, unwound = '{}'"
  ],
  [
    "13.1: who was cancelled so that all stays",
    `update stepped.ended_actions set definition = 'Voyage/sail', status = 4, cause = '{"reason": "chaos, and all stays as it is"}';
     insert into chaos.undone (action, step) select id, 'book' from stepped.ended_actions`
  ],
  [
    "9.1: each attempt of a step with fresh",
    "update stepped.ended_actions set definition = 'Voyage/barge'; update stepped.steps set name = 'anchor', status = 2, attempt = 2"
  ],
  [
    "9.3: a step begins again no sooner",
    `update stepped.ended_actions set definition = 'Voyage/sail';
     update stepped.steps set attempts = '{"last": [{"number": 1, "endedAt": 7, "nextAt": 8, "failure": {"error": {"asks": 2}}}]}'`
  ],
  [
    "10.5: nothing is undone before a point of no return",
    `update stepped.ended_actions set definition = 'Voyage/barge'; update stepped.steps set undo = 5, status = 2;
     insert into chaos.undone (action, step) select action, name from stepped.steps`
  ],
  [
    "9.10: whoever asks for what a step has done once",
    "insert into chaos.weighed (action, weight) select id, x from stepped.ended_actions, generate_series(1, 2) x"
  ],
  [
    "10.3: what has failed is mended once at most",
    `update stepped.ended_actions set definition = 'Voyage/sail'; update stepped.steps set undo = 2, status = 5;
     insert into chaos.undone (action, step) select action, name from stepped.steps, generate_series(1, 2)`
  ],
  [
    "10.1: from the last step to the first",
    "insert into chaos.undone (action, step) select action, name from stepped.steps order by action, idx"
  ],
  [
    "10.4: children are undone before their parent's step",
    `update stepped.ended_actions set definition = 'Voyage/tug';
     insert into chaos.notes (what, action) select 'unwinding', id from stepped.ended_actions where parent is not null;
     insert into chaos.undone (action, step) select parent, 'tow' from stepped.ended_actions where parent is not null;
     insert into chaos.undone (action, step) select id, 'hitch' from stepped.ended_actions where parent is not null`
  ],
  [
    "10.4, 18.2: what has ended is unwound with its parent once at most",
    "insert into chaos.notes (what, action) select 'unwinding', id from stepped.ended_actions, generate_series(1, 2)"
  ],
  // of the root nobody has asked for it
  [
    "10.4, 18.2: what has ended is unwound with its parent once at most",
    `insert into chaos.notes (what, action)
      select x, id from stepped.ended_actions, unnest(array['unwinding', 'unwound']) x where parent is null`
  ],
  // and here somebody was told so, and it never was
  [
    "10.4, 18.2: what has ended is unwound with its parent once at most",
    `insert into stepped.operations (at, by, verb, target, outcome)
      select now(), 'ada', 'ActionRepo.compensateAgain', id, 'done' from stepped.ended_actions limit 1`
  ],
  [
    "18.2: what was undone again says what is left",
    `insert into stepped.operations (at, by, verb, target, outcome)
      select now(), 'ada', 'ActionRepo.compensateAgain', id, 'done' from stepped.ended_actions limit 1`
  ],
  [
    "14.1: what is enqueued under a key is there once",
    `update stepped.ended_actions set definition = 'Port/outboundShip', arguments = '[7]', retry_of = null`
  ],
  [
    "12.1: a key completes what it was meant for",
    `update stepped.ended_actions set definition = 'Port/outboundShip', arguments = '[7]';
     insert into stepped.action_keys (definition, actor_id, kind, key, action, created_at)
      select 'Port/outboundShip', '8', 2, '8 done', id, now() from stepped.ended_actions limit 1`
  ],
  [
    "18.1: one action goes on for another",
    "update stepped.ended_actions set retry_of = '01900000-0000-7000-8000-000000000000'"
  ],
  ["18.1: what was done under a key is not done again", "insert into chaos.loaded values ('a/load/0'), ('a/load/0')"],
  [
    "10.5: what is to stay is not undone",
    "update stepped.ended_actions set definition = 'Port/outboundShip', status = 6; update stepped.steps set undoes = 0"
  ],
  [
    "10.4: what others count on is kept",
    `update stepped.ended_actions set definition = 'Port/crate', status = 2, undo = 3;
     update stepped.steps set undoes = 0, status = 2`
  ],
  [
    "18.4: what is said to be cancelled of many is",
    `insert into stepped.operations (at, by, verb, target, outcome, through)
      select now(), 'ada', 'Stepped.cancel', id, 'done', gen_random_uuid() from stepped.ended_actions limit 1`
  ],
  [
    "24.4: whoever replays an execution is given",
    `${chartered};
     insert into chaos.chartered (n, what, value) select 1, 'weight', x from generate_series(1, 2) x`
  ],
  [
    "24.3: of a deferred the first value counts",
    `${chartered};
     insert into chaos.chartered (n, what, value) select 1, 'wind', x from generate_series(1, 2) x`
  ],
  // twice, and not at all
  [
    "24.4: what an activity does in a transaction",
    `${chartered}; insert into chaos.paid select 1 from generate_series(1, 2)`
  ],
  ["24.4: what an activity does in a transaction", chartered],
  [
    "24.6: nothing is undone of an execution that succeeds",
    `${chartered}; insert into chaos.chartered (n, what) values (1, 'undone')`
  ],
  ["24.1: an execution is one action", `${chartered}; update stepped.ended_actions set actor_id = 'one'`],
  [
    "11.3: a signal is read once",
    "update stepped.ended_actions set definition = 'Voyage/sail', status = 2, result = '[1, 1]'"
  ]
]
