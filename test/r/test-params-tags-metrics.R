test_that("a param is logged and not changed", {
  id <- new_run()
  log_param(id, "p", "ü 潮")
  log_param(id, "p", "ü 潮")
  expect_equal(run(id)$params, tibble::tibble(key = "p", value = "ü 潮"))
  expect_error(log_param(id, "p", "2"), "Changing param values is not allowed")
})

test_that("tags are set, replaced and deleted", {
  id <- new_run()
  set_tag(id, "a", "1")
  set_tag(id, "a", "again")
  set_tag(id, "b", "2")
  post("runs", "delete-tag", data = list(run_id = id, key = "b"))
  tags <- run(id)$tags
  expect_equal(value_of(tags, "a"), "again")
  expect_length(value_of(tags, "b"), 0)
})

test_that("a metric, whose fields all come as text, has its value, step and time", {
  id <- new_run()
  log_metric(id, "m", 123.456, timestamp = 1234567890123, step = 3)
  found <- run(id)$metrics
  expect_equal(as.double(found$value), 123.456)
  expect_equal(as.double(found$step), 3)
  expect_equal(as.double(found$timestamp), 1234567890123)
})

test_that("the latest metric is of the highest step", {
  id <- new_run()
  log_metric(id, "m", 1, step = 5)
  log_metric(id, "m", 2, step = 3)
  expect_equal(as.double(run(id)$metrics$value), 1)
})

test_that("the history has every point", {
  id <- new_run()
  for (step in 0:4) log_metric(id, "val/m", step / 2, timestamp = 1000 + step, step = step)
  found <- history(id, "val/m")
  expect_equal(as.double(found$step), 0:4)
  expect_equal(as.double(found$value), (0:4) / 2)
  expect_identical(history(id, "nothing"), NA)
})

test_that("NaN and the infinities come back", {
  id <- new_run()
  log_metric(id, "nan", NaN)
  log_metric(id, "up", Inf)
  log_metric(id, "down", -Inf)
  found <- rest("runs", "get", query = list(run_uuid = id, run_id = id))$run$data$metrics
  values <- setNames(lapply(found, function(one) as.double(one$value)), vapply(found, function(one) one$key, ""))
  expect_true(is.nan(values$nan))
  expect_equal(values$up, .Machine$double.xmax)
  expect_equal(values$down, -.Machine$double.xmax)
})
