-- Where an action has failed, without the ids of actors: `visit Car › move › changeLocation Car`. The action's own is
-- taken out whatever it consists of; a descendant's, as its path has it, up to the next arrow.
-- Names nothing of the schema, and needs no search path.
create function failure_path(p_path text, p_definition text, p_actor_id text) returns text
language sql immutable as $$
  select string_agg(regexp_replace(s, '^([^ /]+ [^ /]+)/.*$', '\1'), ' › ' order by n)
  from unnest(string_to_array(
    case
      when starts_with(
        p_path, split_part(p_definition, '/', 2) || ' ' || split_part(p_definition, '/', 1) || '/' || p_actor_id)
      then split_part(p_definition, '/', 2) || ' ' || split_part(p_definition, '/', 1)
        || substr(p_path, length(p_definition) + length(p_actor_id) + 2)
      else p_path end,
    ' › ')) with ordinality x(s, n)
$$;
