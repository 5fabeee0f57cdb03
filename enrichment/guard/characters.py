"""Takes out the characters that people do not see and machines read: what is hidden in a text cannot be reviewed.

Gone are controls (but tab and line ends), bidirectional marks and overrides, zero-width and filler characters, tags
(U+E0000…), annotation marks, variation selectors other than an emoji's own, lone surrogates and noncharacters. Joiners
stay between the letters of scripts that need them, and inside of emoji.
"""

import re
from typing import Any

from enrichment.pointers import escape, parts, resolve

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|(?<![\u2000-\u32ff\U0001f000-\U0001faff#*0-9])[\ufe00-\ufe0f]|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]|[\ufe00-\ufe0d]"
    "|(?<![\u0600-\u1fff\u2190-\u2bff\ufb50-\ufeff\U0001f000-\U0001faff])[\u200c\u200d]+"
    "|[\u200c\u200d]+(?![\u0600-\u1fff\u2190-\u2bff\ufb50-\ufefe\U0001f000-\U0001faff])"
)
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


def visible(text: str) -> str:
    """`text` as people see it; most texts come back as they are. A second time changes nothing."""
    if text.isascii() and text.isprintable():
        return text
    seen = _LINE_ENDS.sub("\n", text)
    while (less := _HIDDEN.sub("", seen)) != seen:
        seen = less
    return seen


def cleaned(value: Any) -> Any:
    """JSON with every text and key made `visible`. Of two keys that become one, the last stays."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(key): cleaned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    return value


def submitted(pointer: str, value: Any) -> str:
    """A pointer into `cleaned(value)` as one to the same place in `value`; one that leads nowhere stays as it is."""
    if not pointer.startswith("/"):
        return pointer
    found, node = "", value
    for part in parts(pointer):
        key = part
        if isinstance(node, dict):
            key = next((key for key in reversed(node) if visible(key) == part), part)
        try:
            node = resolve(node, f"/{escape(key)}")
        except LookupError:
            return pointer
        found += f"/{escape(key)}"
    return found


def hides(text: str) -> bool:
    """Whether a text hides more than the odd control character: tags, bidirectional overrides, zero-width runs."""
    return bool(_PLANTED.search(text)) if not text.isascii() else False


_PLANTED = re.compile("[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e0fff]|[\u200b\u2060-\u2064\ufe00-\ufe0f]{3}")
