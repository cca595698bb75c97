-- What was measured of models goes a part at a time, as points do: a cascade would take a million of them in one transaction.
ALTER TABLE logged_model_series DROP CONSTRAINT logged_model_series_run_id_fkey, DROP CONSTRAINT logged_model_series_model_id_fkey;
