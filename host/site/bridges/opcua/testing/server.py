"""An OPC UA server of asyncua for tests. Commands are JSON lines on stdin; a line on stdout answers each."""
import asyncio
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

from asyncua import Server, ua
from asyncua.crypto.cert_gen import dump_private_key_as_pem, generate_private_key, generate_self_signed_app_certificate
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from asyncua.server.user_managers import User, UserRole
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

port, folder, password = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
APPLICATION = "urn:test:asyncua:server"
VARIABLES = [
    ("temperature", 21.53, ua.VariantType.Float),
    ("count", 7, ua.VariantType.Int64),
    ("running", True, ua.VariantType.Boolean),
    ("message", "idle", ua.VariantType.String),
    ("list", [1, 2, 3], ua.VariantType.Int32),
]


class Users:
    def get_user(self, iserver, username=None, password=None, certificate=None):
        return User(role=UserRole.User) if (username, password) == ("site", globals()["password"]) else None


async def make_certificate():
    key = generate_private_key()
    (folder / "server-key.pem").write_bytes(dump_private_key_as_pem(key))
    names = [x509.UniformResourceIdentifier(APPLICATION), x509.DNSName("localhost")]
    usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = generate_self_signed_app_certificate(key, "asyncua server", {"organizationName": "test"}, names, extended=usage)
    (folder / "server.der").write_bytes(certificate.public_bytes(Encoding.DER))
    # A trust list can't be empty.
    (folder / "trusted" / "server.der").write_bytes(certificate.public_bytes(Encoding.DER))


async def start():
    """A server that knows nothing of earlier sessions, as after a restart."""
    server = Server(user_manager=Users())
    await server.init()
    await server.set_application_uri(APPLICATION)
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/press")
    server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
    server.set_identity_tokens([ua.UserNameIdentityToken])
    await server.load_certificate(str(folder / "server.der"))
    await server.load_private_key(str(folder / "server-key.pem"))
    store = TrustStore([folder / "trusted"], [])
    await store.load()
    start.store = store
    options = CertificateValidatorOptions.PEER_CLIENT | CertificateValidatorOptions.TRUSTED
    server.set_certificate_validator(CertificateValidator(options=options, trust_store=store))
    # At each start the namespace has another index.
    for i in range(start.count):
        await server.register_namespace(f"urn:test:other:{i}")
    start.count += 1
    index = await server.register_namespace("urn:test:press")
    press = await server.nodes.objects.add_object(ua.NodeId("press", index), "press")
    for name, value, kind in VARIABLES:
        start.nodes[name] = await press.add_variable(ua.NodeId(f"press.{name}", index), name, value, kind)
    unece = "http://www.opcfoundation.org/UA/units/un/cefact"
    unit = ua.EUInformation(unece, 4408652, ua.LocalizedText("C"), ua.LocalizedText("degree Celsius"))
    property_id = ua.NodeId("press.temperature.unit", index)
    await start.nodes["temperature"].add_property(property_id, "EngineeringUnits", ua.Variant(unit, ua.VariantType.ExtensionObject))
    await server.start()
    return server


start.count = 1
start.nodes = {}


async def write(server, name, value, us, status=0):
    kind = next(kind for known, _, kind in VARIABLES if known == name)
    # JSON of JavaScript has no integers of 64 bits.
    value = int(value) if kind == ua.VariantType.Int64 else value
    at = datetime(1970, 1, 1) + timedelta(microseconds=us)
    data = ua.DataValue(ua.Variant(value, kind), StatusCode=ua.StatusCode(status), SourceTimestamp=at)
    await server.write_attribute_value(start.nodes[name].nodeid, data)


async def main():
    if not (folder / "server.der").exists():
        await make_certificate()
    server = None
    loop = asyncio.get_running_loop()
    print("{}", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        if command["do"] == "start":
            server = await start()
        elif command["do"] == "stop":
            await server.stop()
        elif command["do"] == "trust":
            await start.store.load()
        elif command["do"] == "write":
            for item in command["values"]:
                await write(server, **item)
        print("{}", flush=True)


asyncio.run(main())
