"""Reads event files below a folder with TensorBoard's own reader and prints what they hold as JSON. Run: python read_events.py FOLDER"""
import json
import sys

from tensorboard import context
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups
from tensorboard.util import tensor_util

multiplexer = plugin_event_multiplexer.EventMultiplexer(size_guidance={"tensors": 0, "scalars": 0}, tensor_size_guidance={})
multiplexer.AddRunsFromDirectory(sys.argv[1])
multiplexer.Reload()


def plain(value):
    return [plain(one) for one in value] if isinstance(value, list) else value.decode() if isinstance(value, bytes) else value


runs = {}
for run in multiplexer.Runs():
    accumulator = multiplexer.GetAccumulator(run)
    runs[run] = {
        tag: {
            "plugin": accumulator.SummaryMetadata(tag).plugin_data.plugin_name,
            "values": [
                [event.step, event.wall_time, plain(tensor_util.make_ndarray(event.tensor_proto).tolist())]
                for event in accumulator.Tensors(tag)
            ],
        }
        for tag in accumulator.Tags()["tensors"]
    }

# The page that sets runs side by side, as its server makes it.
provider = data_provider.MultiplexerDataProvider(multiplexer, sys.argv[1])
backend = backend_context.Context(base_plugin.TBContext(data_provider=provider))
status = [api_pb2.STATUS_UNKNOWN, api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE, api_pb2.STATUS_RUNNING]
request = api_pb2.ListSessionGroupsRequest(start_index=0, slice_size=100, allowed_statuses=status)
groups = list_session_groups.Handler(context.RequestContext(), backend, "", request).run().session_groups


def value_of(value):
    return getattr(value, value.WhichOneof("kind"))


print(
    json.dumps(
        {
            "runs": runs,
            "sessions": [
                {
                    "status": api_pb2.Status.Name(session.status),
                    "hparams": {name: value_of(value) for name, value in group.hparams.items()},
                    "metrics": {metric.name.tag: metric.value for metric in session.metric_values},
                }
                for group in groups
                for session in group.sessions
            ],
        }
    )
)
