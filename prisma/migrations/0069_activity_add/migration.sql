-- How it came to us, and how whoever did it was known. Null: written before that was noted.
ALTER TABLE activity ADD COLUMN door text, ADD COLUMN through text;

-- Adds to the end of a workspace's chain, which nobody else adds to until the transaction ends: holding the chain and writing in it in one go,
-- for all who write in the workspace wait for each other. `lines`: the text that each entry's hash is of, from its kind on. Answers the place
-- of the first and the time of all.
CREATE FUNCTION activity_add(
  workspace int, kinds text[], model_ids int[], models text[], versions int[], account_ids int[], actors text[], from_values text[], to_values text[],
  comments text[], request_ids int[], datas text[], door text, through text, lines text[], OUT first bigint, OUT now bigint
) LANGUAGE plpgsql AS $$
DECLARE
  place bigint;
  last  text;
BEGIN
  INSERT INTO activity_chain AS c (workspace_id, seq, hash) VALUES (workspace, 0, '')
    ON CONFLICT (workspace_id) DO UPDATE SET seq = c.seq RETURNING c.seq, c.hash INTO place, last;
  now := floor(extract(epoch FROM clock_timestamp()) * 1000);
  first := place + 1;
  FOR i IN 1 .. cardinality(lines) LOOP
    place := place + 1;
    last := encode(sha256(convert_to(last || E'\n[' || place || ',' || now || ',' || lines[i], 'UTF8')), 'hex');
    INSERT INTO activity (workspace_id, seq, at, kind, model_id, model, version, account_id, actor, from_value, to_value, comment, request_id, data, door,
      through, hash)
    VALUES (workspace, place, now, kinds[i], model_ids[i], models[i], versions[i], account_ids[i], actors[i], from_values[i], to_values[i],
      comments[i], request_ids[i], datas[i], activity_add.door, activity_add.through, last);
  END LOOP;
  UPDATE activity_chain SET seq = place, hash = last WHERE workspace_id = workspace;
END $$;
