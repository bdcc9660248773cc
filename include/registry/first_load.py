"""Loads a model file through xgboost's C interface and walks its trees; run as a program by `proof.prove`.

It imports only the standard library, so that it starts in a tenth of a second, and knows nothing of Nightshift.
Arguments: shared library, number of features, memory limit in bytes. The model file comes on standard input.
"""

from __future__ import annotations

import ctypes
import json
import resource
import sys
from typing import Any


def main(library: str, features: int, memory_bytes: int) -> None:
    """Load, export and check; end with an exit status other than 0, or crash, when the file is not sound."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    model = sys.stdin.buffer.read()
    described = _export(ctypes.CDLL(library), model)
    learner = described["learner"]
    expected = int(learner["learner_model_param"]["num_feature"])
    if expected != features:
        _refuse(f"it expects {expected} features, its manifest has {features}")
    booster = learner["gradient_booster"]
    trees = booster.get("gbtree", booster).get("model", {}).get("trees")
    if not isinstance(trees, list):
        _refuse("it holds no trees")
    for place, tree in enumerate(trees):
        _check_tree(tree, f"tree {place}", features)


def _export(library: Any, model: bytes) -> dict[str, Any]:
    handle = ctypes.c_void_p()
    library.XGBGetLastError.restype = ctypes.c_char_p

    def call(answer: int) -> None:
        if answer:
            _refuse(library.XGBGetLastError().decode(errors="replace").splitlines()[0])

    call(library.XGBoosterCreate(None, ctypes.c_uint64(0), ctypes.byref(handle)))
    call(library.XGBoosterLoadModelFromBuffer(handle, model, ctypes.c_uint64(len(model))))
    length, data = ctypes.c_uint64(), ctypes.POINTER(ctypes.c_char)()
    settings = b'{"format": "json"}'
    call(library.XGBoosterSaveModelToBuffer(handle, settings, ctypes.byref(length), ctypes.byref(data)))
    found: dict[str, Any] = json.loads(ctypes.string_at(data, length.value))
    return found


def _check_tree(tree: dict[str, Any], name: str, features: int) -> None:
    """Refuse a tree with a node outside it, a node reached twice or never, or a split on a feature that is not there."""
    left, right, split = tree["left_children"], tree["right_children"], tree["split_indices"]
    count = int(tree["tree_param"]["num_nodes"])
    if not (count == len(left) == len(right) == len(split) == len(tree["split_conditions"])):
        _refuse(f"{name} has arrays of unequal length")
    reached, waiting = 0, [0]
    seen = bytearray(count)
    while waiting:
        node = waiting.pop()
        if not 0 <= node < count or seen[node]:
            _refuse(f"{name} has a broken link to node {node}")
        seen[node] = 1
        reached += 1
        if left[node] == -1 and right[node] == -1:
            continue
        if not 0 <= split[node] < features:
            _refuse(f"{name} splits on feature {split[node]} of {features}")
        waiting += [left[node], right[node]]
    if reached != count:
        _refuse(f"{name} has {count - reached} nodes that nothing leads to")


def _refuse(text: str) -> None:
    sys.stderr.write(text + "\n")
    raise SystemExit(3)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
