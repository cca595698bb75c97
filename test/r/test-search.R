three_runs <- function() {
  where <- new_experiment()
  made <- vapply(1:3, function(number) {
    id <- new_run(where, start_time = 1000 + number)
    log_metric(id, "acc", number / 4)
    log_param(id, "p", paste0("v", number))
    id
  }, "")
  list(where = where, made = made)
}

test_that("runs are found and ordered", {
  with(three_runs(), {
    expect_equal(ids(search_runs(where, "metrics.acc > 0.3", order_by = "metrics.acc DESC")), made[3:2])
    expect_equal(ids(search_runs(where, "params.p = 'v1'")), made[1])
    expect_equal(ids(search_runs(where)), rev(made))
  })
})

test_that("a found run has what it logged", {
  with(three_runs(), {
    found <- search_runs(where, "params.p = 'v2'")[[1]]$data
    expect_equal(as.double(records(found$metrics)$value), 0.5)
    expect_equal(records(found$params)$value, "v2")
  })
})

test_that("deleted runs are found apart", {
  with(three_runs(), {
    post("runs", "delete", data = list(run_id = made[1]))
    expect_equal(ids(search_runs(where)), made[3:2])
    expect_equal(ids(search_runs(where, view = "DELETED_ONLY")), made[1])
    expect_length(search_runs(where, view = "ALL"), 3)
  })
})

test_that("nothing found is nothing", {
  expect_null(search_runs(new_experiment()))
})

test_that("a wrong filter is refused", {
  expect_error(search_runs(new_experiment(), "metrics.a > 'x'"), "400: .*INVALID_PARAMETER_VALUE")
})
