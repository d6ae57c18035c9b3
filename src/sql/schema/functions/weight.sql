-- How much room a stored value takes on its way out. One that is not compressed takes no more than it is stored in.
-- Names nothing of the schema, and needs no search path.
create function weight(p_value jsonb) returns int
language sql stable as $$
  select
    case when pg_column_compression(p_value) is null then coalesce(pg_column_size(p_value), 0)
    else octet_length(p_value::text) end
$$;
