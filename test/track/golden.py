"""Writes golden.json: records and events as TensorBoard's own package writes them. Run: python golden.py > golden.json"""
import io
import json

import numpy as np
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter


class Kept(io.BytesIO):
    def close(self):
        pass


def record(data):
    kept = Kept()
    writer = RecordWriter(kept)
    writer.write(data)
    writer.flush()
    return kept.getvalue()


def hexed(message):
    return message.SerializeToString(deterministic=True).hex()


def event(step, value):
    return hexed(event_pb2.Event(wall_time=1700000000.25, step=step, summary=summary_pb2.Summary(value=[value])))


def metadata(plugin, data_class=summary_pb2.DATA_CLASS_TENSOR, content=b""):
    return summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin, content=content), data_class=data_class
    )


def tensor(dtype, *shape, **content):
    dims = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in shape]
    return tensor_pb2.TensorProto(dtype=dtype, tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=dims), **content)


def hparams(name, **content):
    data = plugin_data_pb2.HParamsPluginData(**content).SerializeToString(deterministic=True)
    return event(
        0,
        summary_pb2.Summary.Value(
            tag=f"_hparams_/{name}",
            metadata=metadata("hparams", summary_pb2.DATA_CLASS_UNKNOWN, data),
            tensor=tensor(types_pb2.DT_FLOAT, 1, tensor_content=bytes(4)),
        ),
    )


start = plugin_data_pb2.SessionStartInfo(start_time_secs=1700000000.0)
start.hparams["a.rate"].number_value = 0.5
bins = np.array([[0, 0.5, 3], [0.5, 2, 0], [2, 4, 7]], dtype="<f8")
texts = ["", "123456789", "a" * 300]
print(
    json.dumps(
        {
            "records": [{"data": text, "record": record(text.encode()).hex()} for text in texts],
            "version": hexed(event_pb2.Event(wall_time=1700000000.25, file_version="brain.Event:2")),
            "start": hexed(
                event_pb2.Event(
                    wall_time=1700000000.25,
                    session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START),
                )
            ),
            "scalar": event(7, summary_pb2.Summary.Value(tag="triplet/loss", simple_value=0.1)),
            "text": event(
                0,
                summary_pb2.Summary.Value(
                    tag="scores",
                    metadata=metadata("text"),
                    tensor=tensor(types_pb2.DT_STRING, 1, string_val=["| R@1 ≥ |".encode()]),
                ),
            ),
            "histogram": event(
                3,
                summary_pb2.Summary.Value(
                    tag="triplet/positive",
                    metadata=metadata("histograms"),
                    tensor=tensor(types_pb2.DT_DOUBLE, 3, 3, tensor_content=bins.tobytes()),
                ),
            ),
            "hparams_start": hparams("session_start_info", session_start_info=start),
            "hparams_experiment": hparams(
                "experiment",
                experiment=api_pb2.Experiment(
                    hparam_infos=[api_pb2.HParamInfo(name="a.rate", type=api_pb2.DATA_TYPE_FLOAT64)],
                    metric_infos=[
                        api_pb2.MetricInfo(name=api_pb2.MetricName(tag="exported/map_at_r"), display_name="exported/map_at_r")
                    ],
                ),
            ),
            "hparams_end": hparams(
                "session_end_info",
                session_end_info=plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_SUCCESS, end_time_secs=1700000009.5),
            ),
        },
        indent=1,
    )
)
