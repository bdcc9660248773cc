from __future__ import annotations

from tests.include.storage.conftest import bucket, s3_server  # noqa: F401  (fixtures)
