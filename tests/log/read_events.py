#!/usr/bin/env python3
"""Reads what event_file_test.cpp wrote with TensorBoard's own reader, and compares it to the last bit.

    read_events.py FOLDER

Figures have 32 bits in TensorBoard: each must be the float nearest to what was written.
"""

import struct
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util import tensor_util


def bits(value):
    return struct.pack("<f", value)


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found!r} instead of {wanted!r}")


def main():
    events = event_accumulator.EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
    events.Reload()
    awkward = [0.0, -0.0, 1e-45, 3.4028234e38, 0.1, float("inf"), 16777216.0]
    found = events.Scalars("awkward")
    expect("steps", [each.step for each in found], list(range(1, 8)))
    expect("figures", [bits(each.value) for each in found], [bits(value) for value in awkward])
    expect("after going on", [(each.step, each.value) for each in events.Scalars("lost")],
           [(8, 1.0), (9, 1.0), (10, 2.0)])

    def strings(tag):
        (event,) = events.Tensors(tag)
        return list(tensor_util.make_ndarray(event.tensor_proto))

    expect("text", strings("config"), [b"| key | value |"])
    expect("pictures", strings("picture"), [b"3", b"2", b"not looked at", b"not looked at"])
    (weights,) = events.Histograms("weights")
    histogram = weights.histogram_value
    expect("histogram", (histogram.min, histogram.max, histogram.num, histogram.sum, histogram.sum_squares,
                         sum(histogram.bucket)), (-1.0, 2.0, 4.0, 1.0, 5.0, 4.0))
    tags = events.PluginTagToContent(metadata.PLUGIN_NAME)
    start = metadata.parse_session_start_info_plugin_data(tags[metadata.SESSION_START_INFO_TAG])
    hparams = {name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()}
    expect("hyperparameters", hparams, {"lr": 0.1, "flip": True, "model": "resnet18"})
    experiment = metadata.parse_experiment_plugin_data(tags[metadata.EXPERIMENT_TAG])
    expect("metric", [info.name.tag for info in experiment.metric_infos], ["acc1"])


main()
