# `Rscript test/r/run.R REPORT`: the tests of this folder, and their outcome as JUnit's XML in that file.
library(testthat)
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)))
report <- commandArgs(trailingOnly = TRUE)[[1]]
scope <- new.env()
sys.source(file.path(here, "client.R"), scope)
outcome <- test_dir(here, reporter = JunitReporter$new(file = report), env = scope, stop_on_failure = FALSE, load_package = "none")
quit(status = if (all(as.data.frame(outcome)$failed == 0) && !any(as.data.frame(outcome)$error)) 0 else 1)
