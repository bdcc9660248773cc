"""Where to train: on a GPU when there is one that xgboost can use."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Literal

from include.errors import ModelError


def device_for(wanted: Literal["auto", "cpu", "cuda"]) -> Literal["cpu", "cuda"]:
    """Return the device that a learner's setting means on this machine.

    Raises
    ------
    ModelError
        When `cuda` is asked for and there is none: a silent change of device would change the model's bytes.
    """
    if wanted == "cpu":
        return "cpu"
    if has_gpu():
        return "cuda"
    if wanted == "cuda":
        raise ModelError.at(
            "learner.device", "cuda is not usable here", "a GPU and its driver", "set it to auto or cpu"
        )
    return "cpu"


@cache
def has_gpu() -> bool:
    """Tell whether xgboost was built for CUDA and its driver sees a device."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")  # before xgboost, whose import takes a second
    except OSError:
        return False
    import xgboost as xgb

    if not xgb.build_info().get("USE_CUDA"):
        return False
    count = ctypes.c_int()
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
