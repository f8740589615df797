"""An edge node of pysparkplug for tests: publishes data once, and prints the commands that it gets."""
import sys
import threading

import pysparkplug as psp

metric = psp.Metric(timestamp=psp.get_current_timestamp(), name="rms", datatype=psp.DataType.INT64, value=1)
edge = psp.EdgeNode("g", "e", [metric])


def show(_edge, message):
    for m in message.payload.metrics:
        print(f"{message.topic.message_type.name} {m.name}={m.value}", flush=True)


edge.subscribe(psp.Topic(group_id="g", message_type=psp.MessageType.NCMD, edge_node_id="e"), psp.QoS.AT_LEAST_ONCE, show)
connected = threading.Event()
edge._client._client.on_subscribe = lambda *_: connected.set()
edge.connect("127.0.0.1", port=int(sys.argv[1]))
connected.wait()
edge.update([psp.Metric(timestamp=psp.get_current_timestamp(), name="rms", datatype=psp.DataType.INT64, value=2)])
threading.Event().wait()
