# The calls that MLflow's R package makes, made as it makes them: httr, every value of a body as text, what is empty left out,
# run_uuid beside run_id, and answers turned into data frames. The package itself is on CRAN only; docs/conformance.md says more.

library(testthat)

host <- sub("/$", "", Sys.getenv("MLFLOW_TRACKING_URI"))
base <- "api/2.0/mlflow"

# Of package versions before 1.1.
old_base <- "api/2.0/preview/mlflow"

`%or%` <- function(a, b) if (is.null(a)) b else a

rest <- function(..., verb = "GET", query = NULL, data = NULL, below = base) {
  url <- file.path(host, below, paste(..., sep = "/"))
  limit <- httr::timeout(60)
  agent <- httr::add_headers(`User-Agent` = "mlflow-r-client/3.17.2")
  response <- if (verb == "GET") {
    httr::GET(url, query = query, limit, agent)
  } else {
    body <- if (!is.null(data)) rapply(data, as.character, how = "replace")
    httr::POST(url, body = body, encode = "json", limit, agent)
  }
  text <- httr::content(response, "text", encoding = "UTF-8")
  if (response$status_code != 200) stop(response$status_code, ": ", text, call. = FALSE)
  jsonlite::fromJSON(text, simplifyVector = FALSE)
}

post <- function(..., data = NULL, below = base) rest(..., verb = "POST", data = data, below = below)

now <- function() round(as.numeric(Sys.time()) * 1000)

unique_name <- function(name) paste(name, paste(sample(c(letters, 0:9), 16, replace = TRUE), collapse = ""))

# Lists of records as a data frame, or NA where there are none: how the package reads metrics, params and tags.
records <- function(found) {
  if (is.null(found)) return(NA)
  tibble::as_tibble(purrr::map(purrr::transpose(found), unlist))
}

value_of <- function(found, key) found$value[found$key == key]

pairs <- function(named) unname(purrr::imap(named, function(value, key) list(key = key, value = value)))

# Experiments

new_experiment <- function(name = unique_name("r"), artifact_location = NULL, tags = NULL) {
  post("experiments", "create", data = list(name = name, artifact_location = artifact_location, tags = if (!is.null(tags)) pairs(tags)))$experiment_id
}

experiment <- function(id = NULL, name = NULL) {
  found <- if (is.null(name)) {
    rest("experiments", "get", query = list(experiment_id = id))
  } else {
    rest("experiments", "get-by-name", query = list(experiment_name = name))
  }
  found$experiment
}

# Runs

new_run <- function(experiment_id = new_experiment(), start_time = now(), tags = NULL) {
  made <- post("runs", "create", data = list(
    experiment_id = experiment_id,
    user_id = "unknown",
    start_time = start_time,
    tags = if (!is.null(tags)) pairs(tags)
  ))
  made$run$info$run_uuid
}

run <- function(id) {
  found <- rest("runs", "get", query = list(run_uuid = id, run_id = id))$run
  c(found$info, list(metrics = records(found$data$metrics), params = records(found$data$params), tags = records(found$data$tags)))
}

as_value <- function(value) {
  if (is.nan(value)) "NaN" else if (value == Inf) "Infinity" else if (value == -Inf) "-Infinity" else as.character(value)
}

log_metric <- function(id, key, value, timestamp = now(), step = 0) {
  post("runs", "log-metric", data = list(run_uuid = id, run_id = id, key = key, value = as_value(value), timestamp = timestamp, step = step))
}

log_param <- function(id, key, value) post("runs", "log-parameter", data = list(run_uuid = id, run_id = id, key = key, value = value))

set_tag <- function(id, key, value) post("runs", "set-tag", data = list(run_uuid = id, run_id = id, key = key, value = value))

log_batch <- function(id, metrics = NULL, params = NULL, tags = NULL) {
  if (!is.null(metrics)) metrics$value <- unlist(lapply(metrics$value, as_value))
  post("runs", "log-batch", data = list(run_id = id, metrics = metrics, params = params, tags = tags))
}

history <- function(id, key) {
  records(rest("metrics", "get-history", query = list(run_uuid = id, run_id = id, metric_key = key))$metrics)
}

search_runs <- function(experiment_ids, filter = NULL, view = "ACTIVE_ONLY", order_by = list()) {
  data <- list(experiment_ids = as.list(experiment_ids), filter = filter, run_view_type = view, order_by = as.list(order_by))
  post("runs", "search", data = data)$runs
}

ids <- function(runs) vapply(runs, function(one) one$info$run_uuid, "")
