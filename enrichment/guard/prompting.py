"""A candidate's data as a model reads it: JSON between two marks."""

import json
from typing import Any

OPEN, CLOSE = "<candidate_data>", "</candidate_data>"
_BRACKETS = str.maketrans({"<": "\\u003c", ">": "\\u003e"})


def delimited(candidate: Any) -> str:
    """The JSON on one line, between the marks. No text in it can be read as a mark: it holds no angle bracket."""
    return f"{OPEN}\n{json.dumps(candidate, ensure_ascii=False).translate(_BRACKETS)}\n{CLOSE}"
