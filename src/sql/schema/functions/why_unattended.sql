-- That an action is late for what a worker is to see to, and no worker lives: its time or its step's is over, a wait of
-- it (among a thousand), the time in which something was to be heard of it, a clock; a signal came in time; or the
-- worker that has it in hand is gone. A worker that lives sees to that within moments, whatever it can run; a process
-- that has only performed for its own callers has a row, too, and sees to nothing: it never says what it can run.
-- For other functions only: it inherits their search path and their settings.
create function why_unattended(p_now timestamptz, p_id uuid) returns jsonb
language plpgsql stable as $$
declare
  l record;
begin
  if exists (
    select 1
    from workers w
    where
      w.lease_until > clock_timestamp()
      and (w.definitions is not null or w.started_at > clock_timestamp() - interval '1 minute')
    offset 0)
  then
    return '[]'::jsonb;
  end if;
  select
    x.queue, x.definition, x.token,
    case
      when x.token is not null then (select w.lease_until from workers w where w.token = x.token)
      when x.status = 1 /* Status.performing */ then least(
        case when x.outcome is null then least(x.timeout_at, x.silent_at) else x.undone_until end,
        case when x.phase = 1 /* Phase.waiting */ then least(
          x.step_timeout_at,
          (
            select min(least(o.due_at, u.sent_at))
            from (
              select o.signal, o.due_at
              from slots o
              where o.action = p_id and o.step = x.step and o.status is null
              order by o.slot
              limit 1000
            ) o
            left join lateral (
              select u.sent_at
              from signals u
              where
                u.action = p_id and u.name = o.signal and u.step is null
                and (o.due_at is null or u.sent_at < o.due_at)
              order by u.id
              limit 1
            ) u on true)) end,
        case when x.phase = 8 /* Phase.suspended */ then (
          select min(s.sent_at) from signals s where s.action = p_id and s.to_ring) end) end as since
  into l
  from live_actions x
  where x.id = p_id;
  if l.token is null and (l.since is null or l.since > p_now) then return '[]'::jsonb; end if;
  return jsonb_build_array(jsonb_build_object(
    'tag', 'Due', 'queue', l.queue, 'since', extract(epoch from l.since) * 1000,
    'workers', why_served(l.queue, l.definition)));
end $$;
