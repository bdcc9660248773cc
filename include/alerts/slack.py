"""How a message looks in Slack (Block Kit) and in a plain text file.

Slack's limits: 50 blocks, 3,000 characters a section, 150 a header, 10 fields of 2,000, and about 13,200 characters in
all, past which it answers ``msg_blocks_too_long``.

References
----------
https://docs.slack.dev/reference/block-kit/blocks and https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from include.alerts.message import WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.alerts.message import Link, Message

BLOCKS, SECTION, HEADER, FIELD, FIELDS, TOTAL = 50, 3000, 150, 2000, 10, 13_000
_FIELDS_SHOWN = 40
_CUT = " …"
_NOTHING = "–"
Block = dict[str, Any]


@dataclass(frozen=True)
class Payload:
    """What is posted: the blocks, and the text that notifications and screen readers use."""

    text: str
    blocks: tuple[Block, ...]


def escape(text: str) -> str:
    """Return a text that Slack shows literally: no mention, no link, no control character.

    Examples
    --------
    >>> escape("<!channel> rows < 10 & rising")
    '&lt;!channel&gt; rows &lt; 10 &amp; rising'
    """
    clean = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", "", text)
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def render(message: Message) -> Payload:
    """Return a message as Slack blocks within all of Slack's limits.

    Returns
    -------
    Payload
        Header (severity first), what happened, why, impact, what to do, facts, links, and who is told. Texts that are too
        long end in " …"; what matters most comes first and is cut last.
    """
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(message.headline, HEADER), "emoji": False}},
        _section(escape(message.text)),
    ]
    for label, text in (("Why", message.why), ("Impact", message.impact)):
        if text:
            blocks.append(_section(f"*{label}*\n{escape(text)}"))
    if message.todo:
        blocks.append(_section("*What to do*\n" + _steps(message.todo)))
    blocks += _facts(message)
    if message.links:
        blocks.append(_section(_whole("  ·  ".join, [_link(link) for link in message.links], SECTION)))
    blocks.append(_context(message))
    return Payload(_cut(escape(f"{message.headline}. {message.text}"), SECTION), tuple(_fit(blocks)))


def plain(message: Message) -> str:
    """Return a message as text for a file or a terminal, everything in it, nothing cut."""
    lines = [message.headline, "", message.text]
    for label, text in (("Why", message.why), ("Impact", message.impact)):
        if text:
            lines += ["", f"{label}: {text}"]
    if message.todo:
        lines += ["", "What to do:", *(f"  {n}. {_begun(step)}" for n, step in enumerate(message.todo, 1))]
    if message.fields:
        lines += ["", *(f"{item.name}: {item.value}" for item in message.fields)]
    if message.links:
        lines += ["", *(f"{link.label}: {link.href}" for link in message.links)]
    to = " ".join(part for part in (message.owner or "", message.channel or "(no channel)") if part)
    return "\n".join([*lines, "", f"To {to} · {message.at:%Y-%m-%d %H:%M} UTC · {message.key}", ""])


def bundle(messages: Sequence[Message]) -> Payload:
    """Return one payload that lists many messages of one channel, the most severe first."""
    order = {"critical": 0, "warn": 1, "info": 2, "resolved": 3}
    ranked = sorted(messages, key=lambda message: (order[message.severity], message.at, message.key))
    worst = WORDS[ranked[0].severity]
    title = f"{worst}: {len(ranked)} messages at once"
    lines = [f"• *{escape(item.headline)}*: {escape(_cut(item.text, 300))}{_first_link(item)}" for item in ranked]
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}},
        *(_section(text) for text in _pages(lines, SECTION, TOTAL - 1500)),
    ]
    told = sum(str(block["text"]["text"]).count("• *") for block in blocks[1:])
    if told < len(ranked):
        blocks.append(_section(f"… and {len(ranked) - told} more; the reports of the nights list them."))
    return Payload(_cut(escape(f"{title}. {ranked[0].headline}"), SECTION), tuple(blocks))


def _section(text: str) -> Block:
    shown = _cut(text, SECTION) if text.strip() else _NOTHING  # Slack refuses a message with an empty text
    return {"type": "section", "text": {"type": "mrkdwn", "text": shown, "verbatim": True}}


def _steps(steps: Sequence[str]) -> str:
    return _whole("\n".join, [f"{n}. {escape(_begun(step))}" for n, step in enumerate(steps, 1)], SECTION - 20)


def _begun(step: str) -> str:
    return step[:1].upper() + step[1:]


def _facts(message: Message) -> list[Block]:
    texts = [
        {"type": "mrkdwn", "text": _cut(f"*{escape(item.name)}*\n{escape(item.value)}", FIELD), "verbatim": True}
        for item in message.fields[:_FIELDS_SHOWN]
    ]
    return [{"type": "section", "fields": texts[i : i + FIELDS]} for i in range(0, len(texts), FIELDS)]


def _context(message: Message) -> Block:
    parts = [message.owner or "", f"{message.at:%Y-%m-%d %H:%M} UTC", f"Nightshift, {message.kind.replace('_', ' ')}"]
    text = " · ".join(escape(part) for part in parts if part)
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": _cut(text, FIELD), "verbatim": True}]}


def _link(link: Link) -> str:
    label = escape(link.label).replace("|", "/").replace("\n", " ")
    if urlsplit(link.href).scheme not in {"http", "https"}:
        return f"{label}: `{escape(link.href).replace('`', '')}`"
    return f"<{quote(link.href, safe=':/?#[]@!$&()*+,;=%~').replace('&', '&amp;')}|{label}>"


def _first_link(message: Message) -> str:
    return f" ({_link(message.links[0])})" if message.links else ""


def _cut(text: str, most: int) -> str:
    """Cut at the limit, never inside an entity or a link."""
    if len(text) <= most:
        return text
    kept = text[: most - len(_CUT)]
    kept = re.sub(r"&[a-z]{0,4}$", "", kept)
    opened = kept.rfind("<")
    if opened > kept.rfind(">"):
        kept = kept[:opened]
    return kept + _CUT


def _whole(join: Any, parts: list[str], most: int) -> str:
    """Join as many whole parts as fit; a first part that is too long alone is cut."""
    kept = list(parts)
    while len(kept) > 1 and len(join(kept)) > most - len(_CUT):
        kept.pop()
    text: str = join(kept)
    return _cut(text, most) if len(kept) == len(parts) else _cut(text, most - len(_CUT)) + _CUT


def _pages(lines: Sequence[str], most: int, total: int) -> list[str]:
    """Join whole lines to texts of a length; stop when the total is reached."""
    pages: list[str] = []
    for line in (_cut(text, most) for text in lines):
        if sum(map(len, pages)) + len(line) > total:
            break
        if pages and len(pages[-1]) + 1 + len(line) <= most:
            pages[-1] += "\n" + line
        else:
            pages.append(line)
    return pages


def _weight(block: Block) -> int:
    if "fields" in block:
        return sum(len(item["text"]) for item in block["fields"])
    if "elements" in block:
        return sum(len(item["text"]) for item in block["elements"])
    return len(block["text"]["text"])


def _fit(blocks: list[Block]) -> list[Block]:
    """Keep to the total: drop facts from the last on, then cut the longest sections."""
    kept = list(blocks)
    while len(kept) > BLOCKS or sum(map(_weight, kept)) > TOTAL:
        facts = [i for i, block in enumerate(kept) if "fields" in block]
        if facts:
            kept.pop(facts[-1])
            continue
        longest = max((i for i, block in enumerate(kept) if block["type"] == "section"), key=lambda i: _weight(kept[i]))
        kept[longest] = _section(_cut(kept[longest]["text"]["text"], _weight(kept[longest]) // 2))
    return kept
