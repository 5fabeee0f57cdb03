"""What an honest model writes: texts of the candidate, word for word, in the form that the request asks for."""

import json
import re
from typing import Any

JSON = dict[str, Any]

_DATA = re.compile(r"<candidate_data>\s*(\{.*\})\s*</candidate_data>", re.DOTALL)


def candidate_of(request: JSON) -> JSON:
    """The candidate that the request tells of; it holds no personal data."""
    for message in request["messages"]:
        content = message.get("content") or ""
        text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        if found := _DATA.search(text):
            parsed: JSON = json.loads(found[1])
            return parsed
    return {}


def honest(request: JSON) -> JSON:
    """The arguments of the output tool."""
    candidate = candidate_of(request)
    fields = request["tools"][0]["function"]["parameters"]["properties"]
    work = [entry for entry in candidate.get("work", []) if isinstance(entry, dict)]
    told = [_copied(f"/work/{at}/summary", entry["summary"]) for at, entry in enumerate(work) if entry.get("summary")]
    positions = [
        {"pointer": f"/work/{at}", "summary": [_copied(f"/work/{at}/summary", entry["summary"])], "bullets": []}
        for at, entry in enumerate(work)
        if entry.get("summary")
    ]
    written = {"headline": None, "summary": told, "introduction": told, "positions": positions, "suggestions": []}
    return {name: value for name, value in written.items() if name in fields}


def inventing(request: JSON) -> JSON:
    """As `honest`, with a sentence that nothing carries, in every text that there is room for."""
    written = honest(request)
    lie = {"text": "Led 120 engineers at Initech with Kubernetes.", "evidence": ["/work/0/summary"], "kind": "derived"}
    for name in ("summary", "introduction"):
        if name in written:
            written[name] = [lie, *written[name]]
    for position in written.get("positions", []):
        position["bullets"] = [lie]
    return written


def hiding(request: JSON) -> JSON:
    """As `honest`, with characters in each text that nobody sees."""
    written: JSON = json.loads(json.dumps(honest(request)), object_hook=_hidden)
    return written


def _hidden(node: JSON) -> JSON:
    return {**node, "text": f"\u202e{node['text']}\U000e0041\ud83d\0"} if "text" in node else node


def _copied(pointer: str, text: str) -> JSON:
    return {"text": text, "evidence": [pointer], "kind": "copied"}
