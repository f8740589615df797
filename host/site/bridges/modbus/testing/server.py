"""A Modbus server of pymodbus for tests: two units with registers of all types. Prints a line when it listens."""
import asyncio
import sys

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

HOLDING = [
    SimData(0, values=[215, 65336], datatype=DataType.REGISTERS),
    SimData(10, values=-123456, datatype=DataType.INT32),
    SimData(12, values=21.53, datatype=DataType.FLOAT32),
    # The addresses from 14 to 19 don't exist.
    SimData(20, values="Pump 7", datatype=DataType.STRING),
    SimData(30, values=9007199254740993, datatype=DataType.INT64),
    SimData(34, values=0.1, datatype=DataType.FLOAT64),
]
INPUT = [SimData(0, values=list(range(1000, 1300)), datatype=DataType.REGISTERS)]
COILS = [SimData(0, values=[True, False, True, True] * 4, datatype=DataType.BITS)]
DISCRETE = [SimData(0, values=[False, True] * 8, datatype=DataType.BITS)]


async def main():
    units = [SimDevice(1, (COILS, DISCRETE, HOLDING, INPUT)), SimDevice(2, (COILS, DISCRETE, [SimData(0, values=7, datatype=DataType.REGISTERS)], INPUT))]
    server = ModbusTcpServer(units, address=("127.0.0.1", int(sys.argv[1])))
    await server.serve_forever(background=True)
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
