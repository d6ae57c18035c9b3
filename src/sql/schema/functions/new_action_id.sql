-- An action's id: a UUIDv7 of user time, as src/engine/ActionId.ts makes them.
-- Names nothing of the schema, and needs no search path.
create function new_action_id(p_now timestamptz) returns uuid
language sql volatile as $$
  select (
    lpad(to_hex((extract(epoch from p_now) * 1000)::bigint), 12, '0')
    || '7' || substr(x.hex, 14, 3) || to_hex(8 + (random() * 3)::int) || substr(x.hex, 18)
  )::uuid
  from (select replace(gen_random_uuid()::text, '-', '') as hex) x
$$;
