-- Whether something was resumed that has still to go on.
create function resumes() returns boolean
language plpgsql stable set search_path from current as $$
begin
  return exists (select 1 from resumable()) or exists (
    select 1
    from live_actions
    where
      seat = 0 /* Seat.performing */
      and status = 0 /* Status.pending */
      and not is_paused(lane, queue, definition))
    or exists (select 1 from resumable_lanes());
end $$;
