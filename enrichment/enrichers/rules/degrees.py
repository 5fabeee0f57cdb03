"""How high a degree is, by the words that it begins with; what has none of them ranks below all."""

import re

from enrichment.taxonomy import fold

_QUALIFIED = r"(?:(?:diplome|titre|grade|executive|professional|specialised|european|double) (?:d'|de |of |in )?)*"
_DEGREES = (
    r"bachelor(?:'?s)?|licence|licenciatura|grado|b\.? ?(?:s|a|sc|eng|tech|com|ed)\.?|llb",
    r"master(?:'?s)?|mastere|maitrise|magister|ingenieure?|dea|dess|mba|llm|m\.? ?(?:s|a|sc|eng|phil|ed)\.?",
    r"doctor(?:ate)?|doctora[td]o?|doktor\w*|ph\.? ?d\.?|d\.? ?phil\.?",
)
"""From the lowest on, in lower case and without accents."""
_RANKS = tuple(re.compile(rf"{_QUALIFIED}(?:{words})(?![\w+#])") for words in _DEGREES)


def rank(degree: str) -> int:
    """3 for a doctorate, 2 for a master's or an engineer's degree, 1 for a bachelor's, 0 for anything else."""
    said = fold(degree).replace("’", "'").strip()
    return next((rank for rank, words in reversed([*enumerate(_RANKS, 1)]) if words.match(said)), 0)
