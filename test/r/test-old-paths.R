# What versions of the package before 2.0 call, which MLflow's own server has dropped since.

is_ours <- !nzchar(Sys.getenv("CONFORMANCE_AGAINST"))

if (is_ours) {
  test_that("experiments are listed", {
    name <- unique_name("listed")
    id <- new_experiment(name)
    found <- purrr::keep(rest("experiments", "list", query = list(view_type = "ACTIVE_ONLY"))$experiments, function(one) one$name == name)
    expect_equal(found[[1]]$experiment_id, id)
  })

  test_that("the base path of before is served", {
    id <- post("experiments", "create", data = list(name = unique_name("preview")), below = old_base)$experiment_id
    made <- post("runs", "create", data = list(experiment_id = id, user_id = "me", start_time = now()), below = old_base)$run$info$run_uuid
    expect_equal(rest("runs", "get", query = list(run_uuid = made, run_id = made), below = old_base)$run$info$run_uuid, made)
  })

  test_that("a search may leave out what it was not given", {
    expect_null(post("runs", "search", data = list(experiment_ids = list(new_experiment()), run_view_type = "ACTIVE_ONLY"), below = old_base)$runs)
  })
}
