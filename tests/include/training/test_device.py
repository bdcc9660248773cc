from __future__ import annotations

import pytest

from include.errors import ModelError
from include.training import device
from include.training.device import device_for


@pytest.mark.parametrize(
    ("wanted", "gpu", "expected"),
    [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_device_follows_setting_and_machine(monkeypatch, wanted, gpu, expected):
    monkeypatch.setattr(device, "has_gpu", lambda: gpu)
    assert device_for(wanted) == expected


def test_cuda_without_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(device, "has_gpu", lambda: False)
    with pytest.raises(ModelError, match=r"learner.device: cuda is not usable here"):
        device_for("cuda")
