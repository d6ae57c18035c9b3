-- Has live actions go on by a job each, at once or at a time of their own: whoever takes it continues them. With
-- `p_alone`, each by itself. They are looked up one after another.
-- For other functions only: it inherits their search path and their settings.
create function continue_by_job(
  p_now timestamptz, p_actions uuid[], p_due timestamptz[] default null, p_alone boolean default false)
returns int language plpgsql as $$
declare
  v_count int;
begin
  insert into jobs (queue, priority, kind, action, definition, actor_id, due_at, enqueued_at)
  select
    l.queue,
    case
      when p_alone then 1005 /* Priority.alone */
      when x.due is null then -1000 /* Priority.first */
      else 1000 /* Priority.later */ end,
    1 /* JobKind.continuation */,
    x.id,
    l.definition,
    l.actor_id,
    x.due,
    p_now
  from unnest(p_actions, p_due) as x(id, due)
  cross join lateral (
    select l.queue, l.definition, l.actor_id from live_actions l where l.id = x.id offset 0
  ) l
  order by x.id;
  get diagnostics v_count = row_count;
  return v_count;
end $$;
