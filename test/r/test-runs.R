test_that("a run is begun and read", {
  where <- new_experiment()
  id <- new_run(where, start_time = 1234567890123, tags = list(mlflow.user = "me", a = "1"))
  found <- run(id)
  expect_equal(found$run_id, id)
  expect_equal(found$experiment_id, where)
  expect_equal(found$status, "RUNNING")
  expect_equal(found$lifecycle_stage, "active")
  expect_equal(as.double(found$start_time), 1234567890123)
  expect_null(found$end_time)
  expect_equal(value_of(found$tags, "a"), "1")
  expect_identical(found$metrics, NA)
  expect_identical(found$params, NA)
})

test_that("a run has the fields that the package makes columns of", {
  expect_true(all(c("run_uuid", "experiment_id", "status", "start_time", "artifact_uri", "lifecycle_stage", "run_id") %in% names(run(new_run()))))
})

test_that("a run is ended, and the answer says which", {
  id <- new_run()
  ended <- post("runs", "update", data = list(run_uuid = id, run_id = id, status = "FAILED", end_time = now()))
  expect_equal(ended$run_info$run_uuid, id)
  found <- run(id)
  expect_equal(found$status, "FAILED")
  expect_gte(as.double(found$end_time), as.double(found$start_time))
})

test_that("a run is deleted and restored", {
  id <- new_run()
  post("runs", "delete", data = list(run_id = id))
  expect_equal(run(id)$lifecycle_stage, "deleted")
  expect_error(set_tag(id, "t", "v"), "400: .*INVALID_PARAMETER_VALUE")
  post("runs", "restore", data = list(run_id = id))
  expect_equal(run(id)$lifecycle_stage, "active")
})

test_that("an unknown run is not found", {
  expect_error(run(strrep("0", 32)), "404: .*RESOURCE_DOES_NOT_EXIST")
})

test_that("a run remembers its models, as the package says them", {
  id <- new_run()
  spec <- list(artifact_path = "model", run_id = id, utc_time_created = "2020-01-01 00:00:00", flavors = list(crate = list(version = "1")))
  post("runs", "log-model", data = list(run_id = id, model_json = jsonlite::toJSON(spec, auto_unbox = TRUE)))
  expect_match(value_of(run(id)$tags, "mlflow.log-model.history"), "crate")
})
