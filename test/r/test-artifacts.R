# As the package does: lists over REST, and bytes by MLflow's command line.

artifacts <- function(id, path = NULL) rest("artifacts", "list", query = list(run_uuid = id, run_id = id, path = path))

mlflow <- function(...) {
  said <- suppressWarnings(system2("mlflow", c("artifacts", ...), stdout = TRUE, stderr = FALSE))
  if (!is.null(attr(said, "status"))) stop("mlflow ended with ", attr(said, "status"))
  said
}

test_that("a run without files has a root and no files", {
  found <- artifacts(new_run())
  expect_match(found$root_uri, "artifacts$")
  expect_null(found$files)
})

test_that("a file is logged, listed and downloaded", {
  id <- new_run()
  folder <- tempfile()
  dir.create(folder)
  writeLines("from r", file.path(folder, "a.txt"))
  mlflow("log-artifact", "--local-file", file.path(folder, "a.txt"), "--artifact-path", "deep", "--run-id", id)
  root <- artifacts(id)$files
  expect_equal(c(root[[1]]$path, root[[1]]$is_dir, is.null(root[[1]]$file_size)), c("deep", "TRUE", "TRUE"))
  file <- artifacts(id, "deep")$files[[1]]
  expect_equal(file$path, "deep/a.txt")
  expect_equal(as.double(file$file_size), 7)
  down <- mlflow("download", "--run-id", id, "--artifact-path", "deep/a.txt")
  expect_equal(readLines(tail(down[nzchar(down)], 1)), "from r")
})

test_that("a path that climbs is refused", {
  expect_error(artifacts(new_run(), "../other"), "400: .*Invalid path")
})
