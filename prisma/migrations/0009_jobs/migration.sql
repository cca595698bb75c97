-- Workers that are alive: each says so now and then. What is locked by one that has gone silent is given back to the others.
CREATE TABLE job_worker (
  id      text        COLLATE "C" PRIMARY KEY,
  seen_at timestamptz NOT NULL
);
