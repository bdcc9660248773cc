"""Secrets out of texts: nothing that opens a door leaves the installation in a message or a page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "[hidden]"
_SHORTEST_SECRET = 4
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"https://hooks\.slack(?:-gov)?\.com/[^\s<>|\"']+"), f"https://hooks.slack.com/{MASK}"),
    (re.compile(r"\b(?:services/)?T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{8,}"), MASK),
    (re.compile(r"\bx(?:ox[a-z]|app)[-.][\w.-]{6,}"), MASK),
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|sk-|hf_)[\w-]{16,}"), MASK),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), MASK),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), MASK),
    # The password ends at the last @ before the next slash or space, since people write passwords with @ unescaped.
    (re.compile(r"(?P<scheme>[a-zA-Z][\w+.-]*://)[^\s/<>\"']*@"), rf"\g<scheme>{MASK}@"),
    (
        re.compile(r"(?i)\b(?P<name>authorization[\"']?\s*[:=]\s*[\"']?(?:bearer |basic |token )?\s*)[^\s\"',;]+"),
        rf"\g<name>{MASK}",
    ),
    (re.compile(r"\b(?P<name>Bearer|Basic)\s+(?=\S*[\d=+/])[\w+/.=~-]{12,}"), rf"\g<name> {MASK}"),
    (re.compile(r"(?P<name>[?&]sig=)[^\s&\"'<>]+"), rf"\g<name>{MASK}"),
    (
        re.compile(
            r"(?i)(?P<name>[\"']?\b[\w.-]*?(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|"
            r"private[_-]?key|credential|signature)(?:[_-]\w+)?[\"']?\s*[=:]\s*)"
            r"(?:\"[^\"]*\"|'[^']*'|[^\s,;&}\])<>\"']+)"
        ),
        rf"\g<name>{MASK}",
    ),
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a text without passwords, tokens, keys and credentials in URLs.

    Parameters
    ----------
    text : str
        Anything: an error's text, a sentence, a URL.
    secrets : iterable of str, optional
        Values that are known to be secret; each is hidden wherever it stands (those under 4 characters are ignored,
        because hiding them would spoil ordinary words).

    Notes
    -----
    What has the shape of a secret is hidden too: Slack tokens and webhook URLs, ``user:password@`` in URLs, AWS keys,
    JSON web tokens, private keys, ``Authorization`` headers and ``name=value`` whose name says password, secret, token,
    key, credential or signature. A secret without such a shape must be given in `secrets`.

    Examples
    --------
    >>> redact("cannot reach postgresql://etl:s3cr3t@db/flights, token=abc")
    'cannot reach postgresql://[hidden]@db/flights, token=[hidden]'
    >>> redact("the weather is fine")
    'the weather is fine'
    """
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
