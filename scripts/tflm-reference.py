"""Runs models in the reference kernels of TensorFlow Lite Micro (pip install tflite-micro).

Reads JSON from stdin: a list of {"model": base64, "inputs": [base64]}; writes a list of lists of base64, one for each output.
"""

import base64
import json
import sys

import numpy
from tflite_micro.python.tflite_micro import runtime


def run(model, inputs):
    interpreter = runtime.Interpreter.from_bytes(base64.b64decode(model), arena_size=1 << 22)
    for index, data in enumerate(inputs):
        details = interpreter.get_input_details(index)
        values = numpy.frombuffer(base64.b64decode(data), dtype=details["dtype"])
        interpreter.set_input(values.reshape(details["shape"]), index)
    interpreter.invoke()
    return interpreter


results = []
for case in json.load(sys.stdin):
    done = run(case["model"], case["inputs"])
    outputs = [done.get_output(index) for index in range(case["outputs"])]
    results.append([base64.b64encode(output.tobytes()).decode() for output in outputs])
json.dump(results, sys.stdout)
