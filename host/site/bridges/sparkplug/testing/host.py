"""A host of pysparkplug for tests: a JSON line for each message that it gets; commands are JSON lines on stdin."""
import json
import sys

import pysparkplug as psp

GROUP, EDGE, HOST = "plant", "site1", "scada"
client = psp.Client("test-host")


def show(_client, message):
    topic, payload = message.topic, message.payload
    metrics = [
        {
            "name": m.name,
            "alias": m.alias,
            "type": m.datatype.name,
            "value": str(m.value) if isinstance(m.value, int) and not isinstance(m.value, bool) else m.value,
            "ms": m.timestamp,
            **({"historical": True} if m.is_historical else {}),
        }
        for m in getattr(payload, "metrics", None) or []
    ]
    bd_seq = getattr(payload, "bd_seq_metric", None)
    if bd_seq is not None:
        metrics.append({"name": "bdSeq", "value": str(bd_seq.value)})
    line = {
        "type": topic.message_type.name,
        "device": topic.device_id,
        "seq": getattr(payload, "seq", None),
        "retain": bool(message.retain),
        "metrics": metrics,
    }
    print(json.dumps(line), flush=True)


def state(online, timestamp):
    topic = psp.Topic(message_type=psp.MessageType.STATE, sparkplug_host_id=HOST)
    client.publish(psp.Message(topic=topic, payload=psp.State(timestamp=timestamp, online=online), qos=psp.QoS.AT_LEAST_ONCE, retain=True))


def rebirth(timestamp):
    metric = psp.Metric(timestamp=timestamp, name="Node Control/Rebirth", datatype=psp.DataType.BOOLEAN, value=True)
    topic = psp.Topic(group_id=GROUP, message_type=psp.MessageType.NCMD, edge_node_id=EDGE)
    client.publish(psp.Message(topic=topic, payload=psp.NCmd(timestamp=timestamp, metrics=(metric,)), qos=psp.QoS.AT_MOST_ONCE, retain=False), include_dtypes=True)


client.subscribe(psp.Topic(group_id=GROUP, message_type="#"), psp.QoS.AT_LEAST_ONCE, show)
# pysparkplug has no callback for the answer to a subscription; paho has.
client._client.on_subscribe = lambda *_: print(json.dumps({"type": "ready"}), flush=True)
client.connect("127.0.0.1", port=int(sys.argv[1]))
for line in sys.stdin:
    command = json.loads(line)
    if command["do"] == "state":
        state(command["online"], command["ms"])
    elif command["do"] == "rebirth":
        rebirth(command["ms"])
