"""Secrets out of texts: nothing that opens a door leaves the installation in a message or a page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "[hidden]"
_SHORTEST_SECRET = 4
# Each rule: texts of which one must be there (in lower case, so that most texts are passed over quickly), pattern, replacement.
# No pattern begins with an unbounded run: a long text from data must not take quadratic time.
_RULES: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    (
        ("private key-----",),
        re.compile(
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        MASK,
    ),
    (
        ("hooks.slack",),
        re.compile(r"https://hooks\.slack(?:-gov)?\.com/[^\s<>|\"']+"),
        f"https://hooks.slack.com/{MASK}",
    ),
    (("/b",), re.compile(r"\bT[A-Z0-9]{6,20}/B[A-Z0-9]{6,20}/[A-Za-z0-9]{8,}"), MASK),
    (("xox", "xapp"), re.compile(r"\bx(?:ox[a-z]|app)[-.][\w.-]{6,}"), MASK),
    (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "sk-", "hf_"),
        re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|sk-|hf_)[\w-]{16,}"),
        MASK,
    ),
    (("akia", "asia"), re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), MASK),
    (("eyj",), re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), MASK),
    # The password ends at the last @ before the next slash or space, since people write passwords with @ unescaped.
    (("://",), re.compile(r"(?P<scheme>[a-zA-Z][\w+.-]{0,30}://)[^\s/<>\"']*@"), rf"\g<scheme>{MASK}@"),
    (
        ("authorization",),
        re.compile(r"(?i)(?P<name>authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:bearer |basic |token )?)[^\s\"',;]+"),
        rf"\g<name>{MASK}",
    ),
    (
        ("bearer", "basic"),
        re.compile(r"\b(?P<name>Bearer|Basic)\s{1,3}(?=[^\s\d=+/]{0,200}[\d=+/])[\w+/.=~-]{12,}"),
        rf"\g<name> {MASK}",
    ),
    (("sig=",), re.compile(r"(?P<name>[?&]sig=)[^\s&\"'<>]+"), rf"\g<name>{MASK}"),
    (
        ("passw", "passphrase", "pwd", "secret", "token", "key", "credential", "signature"),
        re.compile(
            r"(?i)(?P<name>(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|"
            r"signature)(?:[_-]\w{1,40})?[\"']?\s{0,3}[=:]\s{0,3})(?:\"[^\"]*\"|'[^']*'|[^\s,;&}\])<>\"']+)"
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
    lowered = text.lower()
    for needles, pattern, replacement in _RULES:
        if any(needle in lowered for needle in needles):
            text = pattern.sub(replacement, text)
    return text
