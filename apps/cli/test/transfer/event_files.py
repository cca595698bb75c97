"""Writes event files as people have them: `event_files.py FOLDER`. By TensorBoard's own writer, in the new style, and by tensorboardX."""

import os
import sys

import numpy
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.plugins.hparams import summary_v2 as hparams
from tensorboard.plugins.scalar import summary_v2 as scalars
from tensorboard.plugins.text import summary_v2 as texts
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboardX import SummaryWriter

root = sys.argv[1]

writer = EventFileWriter(os.path.join(root, "new", "train"))
for step in range(200):
    summary = scalars.scalar_pb("epoch loss@1", 1 / (step + 1))
    writer.add_event(Event(wall_time=1_700_000_000 + step, step=step, summary=summary))
summary = texts.text_pb("note", "hello *there*")
writer.add_event(Event(wall_time=1_700_000_300, step=3, summary=summary))
summary = hparams.hparams_pb({"lr": 0.25, "optimizer": "adam", "nesterov": True}, trial_id="t", start_time_secs=1_700_000_000)
writer.add_event(Event(wall_time=1_700_000_000, step=0, summary=summary))
end = plugin_data_pb2.HParamsPluginData(session_end_info=plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_FAILURE))
summary = Summary()
value = summary.value.add(tag="_hparams_/session_end_info")
value.metadata.plugin_data.plugin_name = "hparams"
value.metadata.plugin_data.content = end.SerializeToString()
writer.add_event(Event(wall_time=1_700_000_400, step=0, summary=summary))
writer.close()

old = SummaryWriter(os.path.join(root, "old"))
for step in range(100):
    old.add_scalar("train/acc", step / 100, step, walltime=1_700_000_000 + step)
old.add_scalar("nan", float("nan"), 1, walltime=1_700_000_000)
old.add_text("remark", "old text", 7, walltime=1_700_000_000)
old.add_image("picture", numpy.zeros((3, 4, 4), dtype=numpy.uint8), 5, walltime=1_700_000_000)
old.add_histogram("h", numpy.arange(10), 1)
old.close()
