-- What an action that goes on for this one, which has ended, is to know of those before it: the first one, and how
-- often which step, by its name, was compensated in them. What has undone it as a whole counts for each step of its
-- own.
-- For other functions only: it inherits their search path and their settings.
create function retry_facts(p_action uuid, out first uuid, out compensated jsonb)
language plpgsql stable as $$
#variable_conflict use_column
begin
  select r.first, r.compensated into first, compensated from retries r where r.action = p_action;
  first := coalesce(first, p_action);
  compensated := coalesce((
    select jsonb_object_agg(x.step, x.count)
    from (
      select k.step, sum(k.count) as count
      from (
        select p.key as step, p.value::int as count from jsonb_each_text(compensated) p
        union all
        select n.name, 1
        from steps s
        cross join lateral (
          select s.name
          union
          select o.name
          from steps o
          where
            s.undoes is null and o.action = p_action
            and o.kind not in (2 /* StepKind.prepended */, 5 /* StepKind.compensation */)
          union
          select e.step_name
          from ended_actions e
          where s.undoes is null and e.id = p_action and e.step_kind <> 2 /* StepKind.prepended */
        ) n
        where
          s.action = p_action and s.kind = 5 /* StepKind.compensation */ and n.name is not null
          and (s.status = 2 /* Status.succeeded */ or s.undo = 8 /* Undo.unwind */)
      ) k
      group by k.step
    ) x
  ), '{}');
end $$;
