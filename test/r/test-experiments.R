test_that("an experiment is made and found by its id and by its name", {
  name <- unique_name("made")
  id <- new_experiment(name)
  found <- experiment(id)
  expect_equal(found$name, name)
  expect_equal(found$lifecycle_stage, "active")
  expect_equal(experiment(name = name)$experiment_id, id)
  expect_null(found$tags)
})

test_that("an experiment is made with tags and a location", {
  found <- experiment(new_experiment(artifact_location = "mlflow-artifacts:/from/r", tags = list(a = "1", b = "two words")))
  expect_equal(found$artifact_location, "mlflow-artifacts:/from/r")
  expect_setequal(records(found$tags)$key, c("a", "b"))
})

test_that("the name of an experiment may need quoting in an address", {
  name <- unique_name("größe & co / 潮")
  id <- new_experiment(name)
  expect_equal(experiment(name = name)$experiment_id, id)
})

test_that("an experiment there is not is said not to exist, by which the package makes one", {
  expect_error(experiment(name = unique_name("nobody")), "RESOURCE_DOES_NOT_EXIST", fixed = TRUE)
  expect_error(experiment("987654321"), "404: .*RESOURCE_DOES_NOT_EXIST")
})

test_that("an experiment is renamed", {
  id <- new_experiment()
  name <- unique_name("renamed")
  post("experiments", "update", data = list(experiment_id = id, new_name = name))
  expect_equal(experiment(id)$name, name)
})

test_that("an experiment is deleted and restored", {
  id <- new_experiment()
  post("experiments", "delete", data = list(experiment_id = id))
  expect_equal(experiment(id)$lifecycle_stage, "deleted")
  post("experiments", "restore", data = list(experiment_id = id))
  expect_equal(experiment(id)$lifecycle_stage, "active")
})

test_that("an experiment is tagged", {
  id <- new_experiment()
  post("experiments", "set-experiment-tag", data = list(experiment_id = id, key = "a", value = "1"))
  post("experiments", "set-experiment-tag", data = list(experiment_id = id, key = "a", value = "again"))
  expect_equal(records(experiment(id)$tags), tibble::tibble(key = "a", value = "again"))
})

find_experiments <- function(filter = NULL, view = "ACTIVE_ONLY", max_results = 1000, order_by = list(), page_token = NULL) {
  data <- list(filter = filter, view_type = view, max_results = max_results, order_by = as.list(order_by), page_token = page_token)
  post("experiments", "search", data = data)
}

test_that("experiments are searched by pages", {
  start <- unique_name("page")
  for (number in 1:3) new_experiment(paste0(start, number))
  filter <- paste0("name LIKE '", start, "%'")
  first <- find_experiments(filter, max_results = 2, order_by = "name ASC")
  expect_equal(records(first$experiments)$name, paste0(start, 1:2))
  second <- find_experiments(filter, max_results = 2, order_by = "name ASC", page_token = first$next_page_token)
  expect_equal(second$experiments[[1]]$name, paste0(start, 3))
  expect_null(second$next_page_token)
})

test_that("nothing found is nothing", {
  expect_length(find_experiments("name = 'nothing has this name'"), 0)
})

test_that("deleted experiments are found apart", {
  name <- unique_name("deleted")
  post("experiments", "delete", data = list(experiment_id = new_experiment(name)))
  filter <- paste0("name = '", name, "'")
  expect_length(find_experiments(filter), 0)
  expect_length(find_experiments(filter, view = "DELETED_ONLY")$experiments, 1)
})
