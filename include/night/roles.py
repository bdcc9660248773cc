"""Who scores which rows of a night: the champion, a challenger on trial, the champion that was replaced."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from include.night.begun import Begun

_WHOLE = 2**64


@dataclass(frozen=True)
class Part:
    """The rows that one version scores in one role.

    Attributes
    ----------
    version : str
        Digest of the model version.
    share : float
        Of the keys, by their hash.
    inside : bool
        Whether the rows are those of the share, or all others.
    salt : str
        Mixed into the hash, so that each challenger gets other keys.
    """

    version: str
    share: float = 1.0
    inside: bool = True
    salt: str = ""

    def of(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch's rows that belong to this part."""
        if self.share >= 1.0:
            return batch if self.inside else batch.slice(0, 0)
        mine = [in_share(key, self.share, self.salt) is self.inside for key in batch.column("_key").to_pylist()]
        return batch.filter(pa.array(mine, pa.bool_()))


def in_share(key: str, share: float, salt: str) -> bool:
    """Tell whether a key belongs to a share of all keys: always the same answer, evenly spread.

    Notes
    -----
    The first 8 bytes of BLAKE2b of the key, keyed with the salt, as a number below 2**64 · share.

    Examples
    --------
    >>> sum(in_share(str(i), 0.1, "abc") for i in range(10_000))
    985
    """
    found = hashlib.blake2b(key.encode(), digest_size=8, key=salt.encode()[:64]).digest()
    return int.from_bytes(found, "big") < share * _WHOLE


def roles_of(found: Begun) -> dict[str, list[Part]]:
    """Return the parts of each role in a night.

    Notes
    -----
    ``champion`` and ``canary`` together are what is served, each key once. ``shadow`` is what the other of the two versions
    would have served, so that both score every key of a trial. ``previous`` is the champion that was replaced.
    """
    champion = str(found.champion)
    roles = {"champion": [Part(champion)]}
    trial = found.body.get("trial")
    if trial and trial["stage"] == "shadow":
        roles["shadow"] = [Part(trial["candidate"])]
    elif trial:
        new, share = trial["candidate"], float(trial["share"])
        roles["champion"] = [Part(champion, share, inside=False, salt=new)]
        roles["canary"] = [Part(new, share, salt=new)]
        roles["shadow"] = [Part(champion, share, salt=new), Part(new, share, inside=False, salt=new)]
    if found.body.get("previous"):
        roles["previous"] = [Part(found.body["previous"])]
    return roles
