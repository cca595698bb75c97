"""Writes what neptune-exporter does, with its schema and the library it writes with: `neptune.py FOLDER`."""

import datetime
import os
import sys
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

root = sys.argv[1]
schema = pa.schema(
    [
        ("project_id", pa.string()),
        ("run_id", pa.string()),
        ("attribute_path", pa.string()),
        ("attribute_type", pa.string()),
        ("step", pa.decimal128(18, 6)),
        ("timestamp", pa.timestamp("ms", tz="UTC")),
        ("int_value", pa.int64()),
        ("float_value", pa.float64()),
        ("string_value", pa.string()),
        ("bool_value", pa.bool_()),
        ("datetime_value", pa.timestamp("ms", tz="UTC")),
        ("string_set_value", pa.list_(pa.string())),
        ("file_value", pa.struct([("path", pa.string())])),
        (
            "histogram_value",
            pa.struct([("type", pa.string()), ("edges", pa.list_(pa.float64())), ("values", pa.list_(pa.float64()))]),
        ),
    ]
)
start = datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.timezone.utc)


def row(path, kind, **values):
    return {"project_id": "team/project", "run_id": "RUN-1", "attribute_path": path, "attribute_type": kind, **values}


rows = [
    row("sys/name", "string", string_value="a run"),
    row("sys/owner", "string", string_value="ada"),
    row("sys/creation_time", "datetime", datetime_value=start),
    row("sys/tags", "string_set", string_set_value=["x", "y"]),
    row("config/lr", "float", float_value=0.1),
    row("config/layers", "int", int_value=3),
    row("config/flag", "bool", bool_value=True),
    row("config/name", "string", string_value="adam"),
    row("files/config", "file", file_value={"path": "project-1/RUN-1/config.json"}),
    row("plots", "file_series", step=Decimal(2), timestamp=start, file_value={"path": "project-1/RUN-1/plot.png"}),
]
for step in range(3):
    rows.append(row("logs", "string_series", step=Decimal(step), timestamp=start, string_value=f"line {step}"))
for step in range(100):
    at = start + datetime.timedelta(seconds=step)
    rows.append(row("metrics/loss", "float_series", step=Decimal(step), timestamp=at, float_value=1 / (step + 1)))
for step in range(4):
    rows.append(row("metrics/half", "float_series", step=Decimal(step) / 2, timestamp=start, float_value=step))

data = os.path.join(root, "data", "project-1")
files = os.path.join(root, "files", "project-1", "RUN-1")
os.makedirs(data)
os.makedirs(files)
for part, piece in enumerate([rows[:60], rows[60:]]):
    table = pa.Table.from_pylist(piece, schema=schema)
    pq.write_table(table, os.path.join(data, f"RUN-1_part_{part}.parquet"), compression="snappy")
with open(os.path.join(files, "config.json"), "w") as file:
    file.write('{"a": 1}')
with open(os.path.join(files, "plot.png"), "w") as file:
    file.write("png")
