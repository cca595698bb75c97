-- The groups that a person had when they last came; null: not known. What several providers give adds up.
ALTER TABLE sso_identity ADD groups jsonb;

-- A program's account, which is of one workspace; null: a person's.
ALTER TABLE account ADD service_of int REFERENCES workspace ON DELETE CASCADE;
-- What it is for.
ALTER TABLE account ADD about text NOT NULL DEFAULT '';
CREATE INDEX account_service ON account (service_of) WHERE service_of IS NOT NULL;

-- More than READ and less than ALL. The scope is READ then: a server of before knows no other.
ALTER TABLE access_token ADD allows text CHECK (allows IN ('RUNS', 'MODELS'));
-- Good in this workspace only; null: in each that its account is in.
ALTER TABLE access_token ADD workspace_id int REFERENCES workspace ON DELETE CASCADE;
-- The one that takes its place, while both are good.
ALTER TABLE access_token ADD renewed_by int REFERENCES access_token ON DELETE SET NULL;
