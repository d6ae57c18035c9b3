-- Whether what has died so often is to be performed alone in its process (`reserve_alone`), so that what kills takes
-- only itself along: from the second death on, or with one attempt left of `p_most`. With none it ends, and nothing of
-- it is begun.
-- Names nothing of the schema, and needs no search path.
create function is_suspect(p_deaths int, p_most int) returns boolean
language sql immutable as $$
  select p_deaths >= least(2, p_most - 1) and p_deaths < p_most
$$;
