"""An OPC UA client of asyncua for tests. Commands are JSON lines on stdin; a line on stdout answers each."""
import asyncio
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from asyncua import Client, ua
from asyncua.crypto.cert_gen import dump_private_key_as_pem, generate_private_key, generate_self_signed_app_certificate
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

folder = Path(sys.argv[1])
APPLICATION = "urn:test:asyncua:client"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def micros(time):
    if time is None:
        return None
    return round((time.replace(tzinfo=timezone.utc) - EPOCH) / timedelta(microseconds=1))


def moment(us):
    return None if us is None else (EPOCH + timedelta(microseconds=us)).replace(tzinfo=None)


def plain(value):
    if isinstance(value, ua.LocalizedText):
        return value.Text
    if isinstance(value, ua.NodeId):
        return value.to_string()
    if isinstance(value, ua.EUInformation):
        return {"uri": value.NamespaceUri, "id": value.UnitId, "text": value.DisplayName.Text}
    if isinstance(value, datetime):
        return micros(value)
    if isinstance(value, bytes):
        return value.hex()
    return value


def shown(data):
    return [plain(data.Value.Value) if data.Value else None, data.StatusCode.name, micros(data.SourceTimestamp)]


def make_certificate(name):
    """A key and a certificate; clients of OPC UA have one for the application and perhaps one for the user."""
    key = generate_private_key()
    (folder / f"{name}-key.pem").write_bytes(dump_private_key_as_pem(key))
    names = [x509.UniformResourceIdentifier(APPLICATION), x509.DNSName("localhost")]
    certificate = generate_self_signed_app_certificate(key, name, {"organizationName": "test"}, names, extended=[ExtendedKeyUsageOID.CLIENT_AUTH])
    (folder / f"{name}.der").write_bytes(certificate.public_bytes(Encoding.DER))


class Peer:
    client = None

    def __init__(self):
        self.values = asyncio.Queue()
        self.events = asyncio.Queue()

    def datachange_notification(self, node, _value, data):
        self.values.put_nowait([node.nodeid.to_string(), *shown(data.monitored_item.Value)])

    def event_notification(self, event):
        self.events.put_nowait({name: plain(field.Value) for name, field in event.get_event_props_as_fields_dict().items()})

    def status_change_notification(self, status):
        pass

    async def connect(self, url, user=None, password=None, certificate=None, application="app", mode="SignAndEncrypt"):
        client = Client(url, timeout=30)
        client.application_uri = APPLICATION
        if user is not None:
            client.set_user(user)
            client.set_password(password)
        if mode != "None":
            await client.set_security(SecurityPolicyBasic256Sha256, str(folder / f"{application}.der"), str(folder / f"{application}-key.pem"), mode=ua.MessageSecurityMode[mode])
        if certificate is not None:
            await client.load_client_certificate(str(folder / f"{certificate}.der"))
            await client.load_private_key(str(folder / f"{certificate}-key.pem"))
        await client.connect()
        self.client = client
        return {}

    async def disconnect(self):
        await self.client.disconnect()
        return {}

    async def endpoints(self, url):
        found = await Client(url).connect_and_get_server_endpoints()
        return {"modes": sorted({f"{e.SecurityMode.name} {e.SecurityPolicyUri.split('#')[1]}" for e in found})}

    async def namespaces(self):
        return {"namespaces": await self.client.get_namespace_array()}

    async def browse(self, node):
        children = []
        for child in await self.client.get_node(node).get_children():
            kind = await child.read_type_definition() if (await child.read_node_class()) != ua.NodeClass.Method else None
            name = (await self.client.get_node(kind).read_browse_name()).Name if kind else None
            children.append([(await child.read_browse_name()).Name, child.nodeid.to_string(), name])
        return {"children": sorted(children)}

    async def read(self, node):
        return {"value": shown(await self.client.get_node(node).read_data_value(raise_on_bad_status=False))}

    async def write(self, node, value):
        await self.client.get_node(node).write_value(ua.DataValue(ua.Variant(value, ua.VariantType.Double)))
        return {}

    async def subscribe(self, nodes, period=50):
        self.subscription = await self.client.create_subscription(period, self)
        await self.subscription.subscribe_data_change([self.client.get_node(node) for node in nodes], queuesize=100, sampling_interval=0)
        return {}

    async def next(self, count):
        return {"values": [await self.values.get() for _ in range(count)]}

    async def alarms(self, node="i=2253"):
        subscription = await self.client.create_subscription(50, self)
        await subscription.subscribe_alarms_and_conditions(self.client.get_node(node), 2881)
        method = self.client.get_node("i=3875")
        await self.client.get_node("i=2782").call_method(method, ua.Variant(subscription.subscription_id, ua.VariantType.UInt32))
        return {}

    async def event(self):
        """The next one that isn't of a refresh."""
        while True:
            event = await self.events.get()
            if event.get("ConditionName"):
                return {"event": event}

    async def history(self, node, start=None, end=None, count=0, bounds=False, pages=None):
        details = ua.ReadRawModifiedDetails()
        details.IsReadModified = False
        details.StartTime = moment(start) or ua.get_win_epoch()
        details.EndTime = moment(end) or ua.get_win_epoch()
        details.NumValuesPerNode = count
        details.ReturnBounds = bounds
        values, point, sizes = [], None, []
        while True:
            result = await self.client.get_node(node).history_read(details, point)
            result.StatusCode.check()
            point = result.ContinuationPoint
            found = result.HistoryData.DataValues if result.HistoryData else []
            values.extend(found)
            sizes.append(len(found))
            if not point:
                return {"values": [shown(value) for value in values], "pages": sizes, "status": result.StatusCode.name}

    async def processed(self, node, start, end, interval, aggregate):
        details = ua.ReadProcessedDetails()
        details.StartTime, details.EndTime = moment(start), moment(end)
        details.ProcessingInterval = interval
        details.AggregateType = [ua.NodeId(aggregate)]
        result = await self.client.get_node(node).history_read(details)
        result.StatusCode.check()
        return {"values": [shown(value) for value in result.HistoryData.DataValues]}

    async def continuation(self, node, point):
        details = ua.ReadRawModifiedDetails()
        details.IsReadModified = False
        details.StartTime, details.EndTime = moment(1), moment(2_000_000)
        result = await self.client.get_node(node).history_read(details, bytes.fromhex(point))
        return {"status": result.StatusCode.name}

    async def call(self, node, method, args=()):
        result = await self.client.get_node(node).call_method(method, *[ua.Variant(arg, ua.VariantType.String) for arg in args])
        return {"result": result}

    async def acknowledge(self, node, event, comment="seen"):
        await self.client.get_node(node).call_method(
            self.client.get_node("i=9111"),
            ua.Variant(bytes.fromhex(event), ua.VariantType.ByteString),
            ua.Variant(ua.LocalizedText(comment), ua.VariantType.LocalizedText),
        )
        return {}


async def main():
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("app", "stranger", "user"):
        make_certificate(name)
    peer = Peer()
    loop = asyncio.get_running_loop()
    print("{}", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        try:
            answer = await getattr(peer, command.pop("do"))(**command)
        except Exception as error:  # what a refusal is, is for the test to judge
            answer = {"error": f"{type(error).__name__} {error}"}
        print(json.dumps(answer, default=str), flush=True)


asyncio.run(main())
