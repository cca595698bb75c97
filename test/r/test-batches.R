test_that("a batch is logged from data frames", {
  id <- new_run()
  log_batch(
    id,
    metrics = data.frame(key = c("m", "m", "n"), value = c(1, 2, NaN), step = 1:3, timestamp = 1000 + 1:3),
    params = data.frame(key = c("p", "q"), value = c("1", "2")),
    tags = data.frame(key = "t", value = "v")
  )
  found <- run(id)
  expect_setequal(found$params$key, c("p", "q"))
  expect_equal(value_of(found$tags, "t"), "v")
  expect_equal(as.double(history(id, "m")$value), c(1, 2))
  expect_true(is.nan(as.double(history(id, "n")$value)))
})

test_that("a batch may have one kind only", {
  id <- new_run()
  log_batch(id, params = data.frame(key = "p", value = "1"))
  expect_equal(run(id)$params$value, "1")
})

test_that("a batch with a changed param leaves nothing", {
  id <- new_run()
  log_param(id, "p", "1")
  metrics <- data.frame(key = "m", value = 1, step = 1, timestamp = 1)
  expect_error(log_batch(id, metrics = metrics, params = data.frame(key = "p", value = "2")), "Changing param values is not allowed")
  expect_identical(run(id)$metrics, NA)
})
