-- Links are asked for by their run; nothing asks by the model.
DROP INDEX run_model_model;
