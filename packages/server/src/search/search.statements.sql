-- newest first: a walk
WITH w AS MATERIALIZED (SELECT r.* FROM unnest($2::int[]) AS e(id) CROSS JOIN LATERAL (SELECT r.id, r.uuid, r.start_time FROM run r WHERE r.experiment_id = e.id AND r.deleted_at IS NULL ORDER BY r.start_time DESC, r.uuid LIMIT $1) r ORDER BY r.start_time DESC, r.uuid LIMIT $1),
m AS MATERIALIZED (SELECT r.id, r.start_time, r.uuid FROM w r )
SELECT p.id, c.* FROM (SELECT count(*)::int AS total, (SELECT count(*) FROM w)::int AS seen FROM m) c LEFT JOIN LATERAL (
  SELECT r.id FROM m r ORDER BY r.start_time DESC, r.uuid OFFSET $3 LIMIT $4) p ON true;

-- a loose filter, newest first: a walk, and the count apart
WITH w AS MATERIALIZED (SELECT r.* FROM unnest($2::int[]) AS e(id) CROSS JOIN LATERAL (SELECT r.id, r.uuid, r.start_time, r.status FROM run r WHERE r.experiment_id = e.id AND r.deleted_at IS NULL ORDER BY r.start_time DESC, r.uuid LIMIT $1) r ORDER BY r.start_time DESC, r.uuid LIMIT $1),
m AS MATERIALIZED (SELECT r.id, r.start_time, r.uuid FROM w r WHERE r.status::text COLLATE "C" <> $3)
SELECT p.id, c.* FROM (SELECT count(*)::int AS total, (SELECT count(*) FROM w)::int AS seen FROM m) c LEFT JOIN LATERAL (
  SELECT r.id FROM m r ORDER BY r.start_time DESC, r.uuid OFFSET $4 LIMIT $5) p ON true;

SELECT count(*)::int AS total FROM (SELECT 1 FROM run r  WHERE r.experiment_id = ANY($1) AND r.deleted_at IS NULL AND r.status::text COLLATE "C" <> $2 LIMIT 10001) m;

-- newest first, behind a run
WITH w AS MATERIALIZED (SELECT r.* FROM unnest($4::int[]) AS e(id) CROSS JOIN LATERAL (SELECT r.id, r.uuid, r.start_time FROM run r WHERE r.experiment_id = e.id AND r.deleted_at IS NULL AND r.start_time <= $2::bigint AND (r.start_time < $2::bigint OR r.uuid > $3) ORDER BY r.start_time DESC, r.uuid LIMIT $1) r ORDER BY r.start_time DESC, r.uuid LIMIT $1),
m AS MATERIALIZED (SELECT r.id, r.start_time, r.uuid FROM w r )
SELECT p.id, c.* FROM (SELECT count(*)::int AS total, (SELECT count(*) FROM w)::int AS seen FROM m) c LEFT JOIN LATERAL (
  SELECT r.id FROM m r ORDER BY r.start_time DESC, r.uuid OFFSET $5 LIMIT $6) p ON true;

-- by a metric: a walk of its index
SELECT id, kind, name, uses FROM key WHERE experiment_id = ANY($1) AND kind = ANY($2) AND name = ANY($3);

WITH t AS MATERIALIZED (SELECT x.* FROM unnest('{1}'::int[]) AS k(id) CROSS JOIN LATERAL (SELECT run_id, settled AS v FROM latest WHERE key_id = k.id AND settled IS NOT NULL AND settled < 'NaN' ORDER BY v DESC LIMIT $1) x ORDER BY v DESC LIMIT $1),
b AS MATERIALIZED (SELECT min(v) AS v FROM t),
n AS MATERIALIZED (SELECT count(*) AS n FROM (SELECT 1 FROM latest WHERE key_id = 1 AND settled IS NOT NULL AND settled = (SELECT v FROM b) LIMIT 10001) x),
i AS (SELECT t.run_id FROM t, b WHERE t.v > b.v
  UNION ALL SELECT run_id FROM latest WHERE key_id = 1 AND settled IS NOT NULL AND settled = (SELECT v FROM b) AND (SELECT n FROM n) <= 10000
  UNION ALL SELECT run_id FROM latest WHERE key_id = 1 AND settled IS NULL AND CASE WHEN nan THEN 'NaN' ELSE value END < 'NaN' AND (CASE WHEN nan THEN 'NaN' ELSE value END > (SELECT v FROM b) OR CASE WHEN nan THEN 'NaN' ELSE value END = (SELECT v FROM b) AND (SELECT n FROM n) <= 10000)),
w AS MATERIALIZED (SELECT r.id, r.uuid, r.start_time FROM i JOIN run r ON r.id = i.run_id WHERE r.deleted_at IS NULL
  UNION ALL (SELECT r.* FROM unnest($2::int[]) AS e(id) CROSS JOIN LATERAL (SELECT r.id, r.uuid, r.start_time FROM run r WHERE r.experiment_id = e.id AND r.deleted_at IS NULL AND (SELECT CASE WHEN nan THEN 'NaN' ELSE value END = (SELECT v FROM b) FROM latest WHERE run_id = r.id AND key_id = 1) ORDER BY r.start_time DESC, r.uuid LIMIT $1) r WHERE (SELECT n FROM n) > 10000 ORDER BY r.start_time DESC, r.uuid LIMIT $1)),
m AS MATERIALIZED (SELECT r.id, r.start_time, r.uuid, (SELECT CASE WHEN nan THEN 'NaN' ELSE value END FROM latest WHERE run_id = r.id AND key_id = 1) AS o0 FROM w r )
SELECT p.id, c.* FROM (SELECT count(*)::int AS total, NULL::int AS seen FROM m) c LEFT JOIN LATERAL (
  SELECT r.id FROM m r ORDER BY (r.o0 = 'NaN') NULLS LAST, r.o0 DESC NULLS LAST, r.start_time DESC, r.uuid OFFSET $3 LIMIT $4) p ON true;

-- by a param, which few values have
SELECT id, kind, name, uses FROM key WHERE experiment_id = ANY($1) AND kind = ANY($2) AND name = ANY($3);

WITH t AS MATERIALIZED (SELECT x.* FROM unnest('{5}'::int[]) AS k(id) CROSS JOIN LATERAL (SELECT run_id, v AS v FROM param WHERE key_id = k.id AND octet_length(v) <= 1000 ORDER BY v ASC LIMIT $1) x ORDER BY v ASC LIMIT $1),
b AS MATERIALIZED (SELECT max(v) AS v FROM t),
n AS MATERIALIZED (SELECT count(*) AS n FROM (SELECT 1 FROM param WHERE key_id = 5 AND octet_length(v) <= 1000 AND v = (SELECT v FROM b) LIMIT 10001) x),
i AS (SELECT t.run_id FROM t, b WHERE t.v < b.v
  UNION ALL SELECT run_id FROM param WHERE key_id = 5 AND octet_length(v) <= 1000 AND v = (SELECT v FROM b) AND (SELECT n FROM n) <= 10000
  UNION ALL SELECT run_id FROM param WHERE key_id = 5 AND octet_length(v) > 1000 AND (v < (SELECT v FROM b) OR v = (SELECT v FROM b) AND (SELECT n FROM n) <= 10000)),
w AS MATERIALIZED (SELECT r.id, r.uuid, r.start_time FROM i JOIN run r ON r.id = i.run_id WHERE r.deleted_at IS NULL
  UNION ALL (SELECT r.* FROM unnest($2::int[]) AS e(id) CROSS JOIN LATERAL (SELECT r.id, r.uuid, r.start_time FROM run r WHERE r.experiment_id = e.id AND r.deleted_at IS NULL AND (SELECT v = (SELECT v FROM b) FROM param WHERE run_id = r.id AND key_id = 5) ORDER BY r.start_time DESC, r.uuid LIMIT $1) r WHERE (SELECT n FROM n) > 10000 ORDER BY r.start_time DESC, r.uuid LIMIT $1)),
m AS MATERIALIZED (SELECT r.id, r.start_time, r.uuid, (SELECT v FROM param WHERE run_id = r.id AND key_id = 5) AS o0 FROM w r )
SELECT p.id, c.* FROM (SELECT count(*)::int AS total, NULL::int AS seen FROM m) c LEFT JOIN LATERAL (
  SELECT r.id FROM m r ORDER BY r.o0 ASC NULLS LAST, r.start_time DESC, r.uuid OFFSET $3 LIMIT $4) p ON true;

-- values alone, joined by or: sets
SELECT id, kind, name, uses FROM key WHERE experiment_id = ANY($1) AND kind = ANY($2) AND name = ANY($3);

WITH w AS MATERIALIZED (SELECT r.* FROM unnest($2::int[]) AS e(id) CROSS JOIN LATERAL (SELECT r.id, r.uuid, r.start_time FROM run r WHERE r.experiment_id = e.id AND r.deleted_at IS NULL ORDER BY r.start_time DESC, r.uuid LIMIT $1) r ORDER BY r.start_time DESC, r.uuid LIMIT $1),
m AS MATERIALIZED (SELECT r.id, r.start_time, r.uuid FROM w r WHERE ((SELECT CASE WHEN nan THEN 'NaN' ELSE value END > $3::float8 AND CASE WHEN nan THEN 'NaN' ELSE value END < 'NaN' FROM latest WHERE run_id = r.id AND key_id = 1) OR ((SELECT v ~ $4 FROM param WHERE run_id = r.id AND key_id = 5) AND (SELECT v = $5 FROM tag WHERE run_id = r.id AND key_id = 9))))
SELECT p.id, c.* FROM (SELECT count(*)::int AS total, (SELECT count(*) FROM w)::int AS seen FROM m) c LEFT JOIN LATERAL (
  SELECT r.id FROM m r ORDER BY r.start_time DESC, r.uuid OFFSET $6 LIMIT $7) p ON true;

SELECT r.id, NULL::int AS total FROM (SELECT r.id, r.start_time, r.uuid FROM (((SELECT run_id FROM latest WHERE key_id = 1 AND settled IS NOT NULL AND settled > $2::float8 AND settled < 'NaN' UNION ALL SELECT run_id FROM latest WHERE key_id = 1 AND settled IS NULL AND CASE WHEN nan THEN 'NaN' ELSE value END > $3::float8 AND CASE WHEN nan THEN 'NaN' ELSE value END < 'NaN') UNION ((SELECT run_id FROM param WHERE key_id = 5 AND octet_length(v) <= 1000 AND v ~ $4 UNION ALL SELECT run_id FROM param WHERE key_id = 5 AND octet_length(v) > 1000 AND v ~ $5) INTERSECT (SELECT run_id FROM tag WHERE key_id = 9 AND octet_length(v) <= 1000 AND v = $6 UNION ALL SELECT run_id FROM tag WHERE key_id = 9 AND octet_length(v) > 1000 AND v = $7)))) s JOIN run r ON r.id = s.run_id  WHERE r.experiment_id = ANY($1) AND r.deleted_at IS NULL) r
ORDER BY r.start_time DESC, r.uuid OFFSET $8 LIMIT $9;

-- attributes beside them: hashed
SELECT id, kind, name, uses FROM key WHERE experiment_id = ANY($1) AND kind = ANY($2) AND name = ANY($3);

WITH t AS MATERIALIZED (SELECT x.* FROM unnest('{1}'::int[]) AS k(id) CROSS JOIN LATERAL (SELECT run_id, settled AS v FROM latest WHERE key_id = k.id AND settled IS NOT NULL AND settled < 'NaN' ORDER BY v ASC LIMIT $1) x ORDER BY v ASC LIMIT $1),
b AS MATERIALIZED (SELECT max(v) AS v FROM t),
n AS MATERIALIZED (SELECT count(*) AS n FROM (SELECT 1 FROM latest WHERE key_id = 1 AND settled IS NOT NULL AND settled = (SELECT v FROM b) LIMIT 10001) x),
i AS (SELECT t.run_id FROM t, b WHERE t.v < b.v
  UNION ALL SELECT run_id FROM latest WHERE key_id = 1 AND settled IS NOT NULL AND settled = (SELECT v FROM b) AND (SELECT n FROM n) <= 10000
  UNION ALL SELECT run_id FROM latest WHERE key_id = 1 AND settled IS NULL AND CASE WHEN nan THEN 'NaN' ELSE value END < 'NaN' AND (CASE WHEN nan THEN 'NaN' ELSE value END < (SELECT v FROM b) OR CASE WHEN nan THEN 'NaN' ELSE value END = (SELECT v FROM b) AND (SELECT n FROM n) <= 10000)),
w AS MATERIALIZED (SELECT r.id, r.uuid, r.start_time, r.user_name FROM i JOIN run r ON r.id = i.run_id WHERE r.deleted_at IS NULL
  UNION ALL (SELECT r.* FROM unnest($2::int[]) AS e(id) CROSS JOIN LATERAL (SELECT r.id, r.uuid, r.start_time, r.user_name FROM run r WHERE r.experiment_id = e.id AND r.deleted_at IS NULL AND (SELECT CASE WHEN nan THEN 'NaN' ELSE value END = (SELECT v FROM b) FROM latest WHERE run_id = r.id AND key_id = 1) ORDER BY r.start_time DESC, r.uuid LIMIT $1) r WHERE (SELECT n FROM n) > 10000 ORDER BY r.start_time DESC, r.uuid LIMIT $1)),
m AS MATERIALIZED (SELECT r.id, r.start_time, r.uuid, (SELECT CASE WHEN nan THEN 'NaN' ELSE value END FROM latest WHERE run_id = r.id AND key_id = 1) AS o0 FROM w r WHERE ((r.user_name = $3 OR (SELECT CASE WHEN nan THEN 'NaN' ELSE value END > $4::float8 AND CASE WHEN nan THEN 'NaN' ELSE value END < 'NaN' FROM latest WHERE run_id = r.id AND key_id = 1)) AND ((SELECT v = ANY($5::text[]) FROM tag WHERE run_id = r.id AND key_id = 9)) IS NOT TRUE))
SELECT p.id, c.* FROM (SELECT count(*)::int AS total, NULL::int AS seen FROM m) c LEFT JOIN LATERAL (
  SELECT r.id FROM m r ORDER BY (r.o0 = 'NaN') NULLS LAST, r.o0 ASC NULLS LAST, r.start_time DESC, r.uuid OFFSET $6 LIMIT $7) p ON true;

WITH m AS MATERIALIZED (SELECT r.id, r.start_time, r.uuid FROM run r  WHERE r.experiment_id = ANY($1) AND r.deleted_at IS NULL AND (r.user_name = $2 OR r.id IN (SELECT run_id FROM latest WHERE key_id = 1 AND settled IS NOT NULL AND settled > $3::float8 AND settled < 'NaN' UNION ALL SELECT run_id FROM latest WHERE key_id = 1 AND settled IS NULL AND CASE WHEN nan THEN 'NaN' ELSE value END > $4::float8 AND CASE WHEN nan THEN 'NaN' ELSE value END < 'NaN')) AND (r.id IN (SELECT run_id FROM tag WHERE key_id = 9 AND octet_length(v) <= 1000 AND v = ANY($5::text[]) UNION ALL SELECT run_id FROM tag WHERE key_id = 9 AND octet_length(v) > 1000 AND v = ANY($6::text[]))) IS NOT TRUE),
c AS MATERIALIZED (SELECT count(*)::int AS total FROM m)
SELECT r.id, (SELECT total FROM c) AS total FROM (
  SELECT r.id, r.start_time, r.uuid, (SELECT CASE WHEN nan THEN 'NaN' ELSE value END FROM latest WHERE run_id = r.id AND key_id = 1) AS o0 FROM m r WHERE (SELECT total FROM c) <= 5000
  UNION ALL SELECT r.id, r.start_time, r.uuid, o0.v AS o0 FROM m r LEFT JOIN (SELECT run_id, settled AS v FROM latest WHERE key_id = 1 AND settled IS NOT NULL UNION ALL SELECT run_id, CASE WHEN nan THEN 'NaN' ELSE value END FROM latest WHERE key_id = 1 AND settled IS NULL) o0 ON o0.run_id = r.id WHERE (SELECT total FROM c) > 5000) r
ORDER BY (r.o0 = 'NaN') NULLS LAST, r.o0 ASC NULLS LAST, r.start_time DESC, r.uuid OFFSET $7 LIMIT $8;

-- a number of params, by duration
SELECT id, kind, name, uses FROM key WHERE experiment_id = ANY($1) AND kind = ANY($2) AND name = ANY($3);

SELECT r.id, NULL::int AS total FROM (SELECT r.id, r.start_time, r.uuid, (NULLIF(r.end_time, 0) - NULLIF(r.start_time, 0)) AS o0 FROM ((SELECT run_id FROM param WHERE key_id = 5 AND octet_length(v) <= 1000 AND n >= $2::float8 AND n <= $3::float8 UNION ALL SELECT run_id FROM param WHERE key_id = 5 AND octet_length(v) > 1000 AND n >= $4::float8 AND n <= $5::float8)) s JOIN run r ON r.id = s.run_id  WHERE r.experiment_id = ANY($1) AND r.deleted_at IS NULL) r
ORDER BY r.o0 ASC NULLS LAST, r.start_time DESC, r.uuid OFFSET $6 LIMIT $7;

-- by an attribute, then a metric: the whole
SELECT id, kind, name, uses FROM key WHERE experiment_id = ANY($1) AND kind = ANY($2) AND name = ANY($3);

SELECT r.id, NULL::int AS total FROM (SELECT r.id, r.start_time, r.uuid, r.status::text COLLATE "C" AS o0, o1.v AS o1 FROM run r LEFT JOIN (SELECT run_id, settled AS v FROM latest WHERE key_id = 1 AND settled IS NOT NULL UNION ALL SELECT run_id, CASE WHEN nan THEN 'NaN' ELSE value END FROM latest WHERE key_id = 1 AND settled IS NULL) o1 ON o1.run_id = r.id WHERE r.experiment_id = ANY($1) AND r.deleted_at IS NULL) r
ORDER BY r.o0 ASC NULLS LAST, (r.o1 = 'NaN') NULLS LAST, r.o1 DESC NULLS LAST, r.start_time DESC, r.uuid OFFSET $2 LIMIT $3;

-- by a metric in several experiments: a walk of each
SELECT id, kind, name, uses FROM key WHERE experiment_id = ANY($1) AND kind = ANY($2) AND name = ANY($3);

WITH t AS MATERIALIZED (SELECT x.* FROM unnest('{13,1}'::int[]) AS k(id) CROSS JOIN LATERAL (SELECT run_id, settled AS v FROM latest WHERE key_id = k.id AND settled IS NOT NULL AND settled < 'NaN' ORDER BY v DESC LIMIT $1) x ORDER BY v DESC LIMIT $1),
b AS MATERIALIZED (SELECT min(v) AS v FROM t),
n AS MATERIALIZED (SELECT count(*) AS n FROM (SELECT 1 FROM latest WHERE key_id = ANY('{13,1}') AND settled IS NOT NULL AND settled = (SELECT v FROM b) LIMIT 10001) x),
i AS (SELECT t.run_id FROM t, b WHERE t.v > b.v
  UNION ALL SELECT run_id FROM latest WHERE key_id = ANY('{13,1}') AND settled IS NOT NULL AND settled = (SELECT v FROM b) AND (SELECT n FROM n) <= 10000
  UNION ALL SELECT run_id FROM latest WHERE key_id = ANY('{13,1}') AND settled IS NULL AND CASE WHEN nan THEN 'NaN' ELSE value END < 'NaN' AND (CASE WHEN nan THEN 'NaN' ELSE value END > (SELECT v FROM b) OR CASE WHEN nan THEN 'NaN' ELSE value END = (SELECT v FROM b) AND (SELECT n FROM n) <= 10000)),
w AS MATERIALIZED (SELECT r.id, r.uuid, r.start_time FROM i JOIN run r ON r.id = i.run_id WHERE r.deleted_at IS NULL
  UNION ALL (SELECT r.* FROM unnest($2::int[]) AS e(id) CROSS JOIN LATERAL (SELECT r.id, r.uuid, r.start_time FROM run r WHERE r.experiment_id = e.id AND r.deleted_at IS NULL AND (SELECT CASE WHEN nan THEN 'NaN' ELSE value END = (SELECT v FROM b) FROM latest WHERE run_id = r.id AND key_id = ANY('{13,1}')) ORDER BY r.start_time DESC, r.uuid LIMIT $1) r WHERE (SELECT n FROM n) > 10000 ORDER BY r.start_time DESC, r.uuid LIMIT $1)),
m AS MATERIALIZED (SELECT r.id, r.start_time, r.uuid, (SELECT CASE WHEN nan THEN 'NaN' ELSE value END FROM latest WHERE run_id = r.id AND key_id = ANY('{13,1}')) AS o0 FROM w r )
SELECT p.id, c.* FROM (SELECT count(*)::int AS total, NULL::int AS seen FROM m) c LEFT JOIN LATERAL (
  SELECT r.id FROM m r ORDER BY (r.o0 = 'NaN') NULLS LAST, r.o0 DESC NULLS LAST, r.start_time DESC, r.uuid OFFSET $3 LIMIT $4) p ON true;

-- a tight filter: the walk, then the whole
SELECT id, kind, name, uses FROM key WHERE experiment_id = ANY($1) AND kind = ANY($2) AND name = ANY($3);

WITH t AS MATERIALIZED (SELECT x.* FROM unnest('{1}'::int[]) AS k(id) CROSS JOIN LATERAL (SELECT run_id, settled AS v FROM latest WHERE key_id = k.id AND settled IS NOT NULL AND settled < 'NaN' ORDER BY v DESC LIMIT $1) x ORDER BY v DESC LIMIT $1),
b AS MATERIALIZED (SELECT min(v) AS v FROM t),
n AS MATERIALIZED (SELECT count(*) AS n FROM (SELECT 1 FROM latest WHERE key_id = 1 AND settled IS NOT NULL AND settled = (SELECT v FROM b) LIMIT 10001) x),
i AS (SELECT t.run_id FROM t, b WHERE t.v > b.v
  UNION ALL SELECT run_id FROM latest WHERE key_id = 1 AND settled IS NOT NULL AND settled = (SELECT v FROM b) AND (SELECT n FROM n) <= 10000
  UNION ALL SELECT run_id FROM latest WHERE key_id = 1 AND settled IS NULL AND CASE WHEN nan THEN 'NaN' ELSE value END < 'NaN' AND (CASE WHEN nan THEN 'NaN' ELSE value END > (SELECT v FROM b) OR CASE WHEN nan THEN 'NaN' ELSE value END = (SELECT v FROM b) AND (SELECT n FROM n) <= 10000)),
w AS MATERIALIZED (SELECT r.id, r.uuid, r.start_time FROM i JOIN run r ON r.id = i.run_id WHERE r.deleted_at IS NULL
  UNION ALL (SELECT r.* FROM unnest($2::int[]) AS e(id) CROSS JOIN LATERAL (SELECT r.id, r.uuid, r.start_time FROM run r WHERE r.experiment_id = e.id AND r.deleted_at IS NULL AND (SELECT CASE WHEN nan THEN 'NaN' ELSE value END = (SELECT v FROM b) FROM latest WHERE run_id = r.id AND key_id = 1) ORDER BY r.start_time DESC, r.uuid LIMIT $1) r WHERE (SELECT n FROM n) > 10000 ORDER BY r.start_time DESC, r.uuid LIMIT $1)),
m AS MATERIALIZED (SELECT r.id, r.start_time, r.uuid, (SELECT CASE WHEN nan THEN 'NaN' ELSE value END FROM latest WHERE run_id = r.id AND key_id = 1) AS o0 FROM w r WHERE ((SELECT CASE WHEN nan THEN 'NaN' ELSE value END > $3::float8 AND CASE WHEN nan THEN 'NaN' ELSE value END < 'NaN' FROM latest WHERE run_id = r.id AND key_id = 1) AND (SELECT v = $4 FROM param WHERE run_id = r.id AND key_id = 6) AND (SELECT true FROM tag WHERE run_id = r.id AND key_id = 9) IS NULL AND r.start_time > $5::float8))
SELECT p.id, c.* FROM (SELECT count(*)::int AS total, NULL::int AS seen FROM m) c LEFT JOIN LATERAL (
  SELECT r.id FROM m r ORDER BY (r.o0 = 'NaN') NULLS LAST, r.o0 DESC NULLS LAST, r.start_time DESC, r.uuid OFFSET $6 LIMIT $7) p ON true;

WITH m AS MATERIALIZED (SELECT r.id, r.start_time, r.uuid FROM ((SELECT run_id FROM latest WHERE key_id = 1 AND settled IS NOT NULL AND settled > $2::float8 AND settled < 'NaN' UNION ALL SELECT run_id FROM latest WHERE key_id = 1 AND settled IS NULL AND CASE WHEN nan THEN 'NaN' ELSE value END > $3::float8 AND CASE WHEN nan THEN 'NaN' ELSE value END < 'NaN') INTERSECT (SELECT run_id FROM param WHERE key_id = 6 AND octet_length(v) <= 1000 AND v = $4 UNION ALL SELECT run_id FROM param WHERE key_id = 6 AND octet_length(v) > 1000 AND v = $5)) s JOIN run r ON r.id = s.run_id  WHERE r.experiment_id = ANY($1) AND r.deleted_at IS NULL AND r.id NOT IN (SELECT run_id FROM tag WHERE key_id = 9 AND octet_length(v) <= 1000 UNION ALL SELECT run_id FROM tag WHERE key_id = 9 AND octet_length(v) > 1000) AND r.start_time > $6::float8),
c AS MATERIALIZED (SELECT count(*)::int AS total FROM m)
SELECT r.id, (SELECT total FROM c) AS total FROM (
  SELECT r.id, r.start_time, r.uuid, (SELECT CASE WHEN nan THEN 'NaN' ELSE value END FROM latest WHERE run_id = r.id AND key_id = 1) AS o0 FROM m r WHERE (SELECT total FROM c) <= 5000
  UNION ALL SELECT r.id, r.start_time, r.uuid, o0.v AS o0 FROM m r LEFT JOIN (SELECT run_id, settled AS v FROM latest WHERE key_id = 1 AND settled IS NOT NULL UNION ALL SELECT run_id, CASE WHEN nan THEN 'NaN' ELSE value END FROM latest WHERE key_id = 1 AND settled IS NULL) o0 ON o0.run_id = r.id WHERE (SELECT total FROM c) > 5000) r
ORDER BY (r.o0 = 'NaN') NULLS LAST, r.o0 DESC NULLS LAST, r.start_time DESC, r.uuid OFFSET $7 LIMIT $8;

-- data sets
WITH w AS MATERIALIZED (SELECT r.* FROM unnest($2::int[]) AS e(id) CROSS JOIN LATERAL (SELECT r.id, r.uuid, r.start_time FROM run r WHERE r.experiment_id = e.id AND r.deleted_at IS NULL ORDER BY r.start_time DESC, r.uuid LIMIT $1) r ORDER BY r.start_time DESC, r.uuid LIMIT $1),
m AS MATERIALIZED (SELECT r.id, r.start_time, r.uuid FROM w r WHERE ((SELECT true FROM dataset_input i JOIN dataset d ON d.id = i.dataset_id WHERE d.name = $3 AND i.run_id = r.id LIMIT 1) AND (SELECT true FROM dataset_input i JOIN dataset_input_tag t ON t.input_id = i.id AND t.key = 'mlflow.data.context' WHERE t.value = ANY($4::text[]) AND i.run_id = r.id LIMIT 1)))
SELECT p.id, c.* FROM (SELECT count(*)::int AS total, (SELECT count(*) FROM w)::int AS seen FROM m) c LEFT JOIN LATERAL (
  SELECT r.id FROM m r ORDER BY r.start_time DESC, r.uuid OFFSET $5 LIMIT $6) p ON true;

-- among some runs
SELECT id, kind, name, uses FROM key WHERE experiment_id = ANY($1) AND kind = ANY($2) AND name = ANY($3);

WITH w AS MATERIALIZED (SELECT r.id, r.uuid, r.start_time FROM run r WHERE r.id = ANY($1) AND r.experiment_id = ANY($2) AND r.deleted_at IS NULL),
m AS MATERIALIZED (SELECT r.id, r.start_time, r.uuid FROM w r WHERE (SELECT CASE WHEN nan THEN 'NaN' ELSE value END > $3::float8 AND CASE WHEN nan THEN 'NaN' ELSE value END < 'NaN' FROM latest WHERE run_id = r.id AND key_id = 1))
SELECT p.id, c.* FROM (SELECT count(*)::int AS total, (SELECT count(*) FROM w)::int AS seen FROM m) c LEFT JOIN LATERAL (
  SELECT r.id FROM m r ORDER BY r.start_time DESC, r.uuid OFFSET $4 LIMIT $5) p ON true;

