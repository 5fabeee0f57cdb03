"""Whether a result says only what its evidence says: every statement of every job type, whoever has made it.

    check     the statements that the candidate's data does not carry
    repair    the same result with the rules' draft or the source's own text in their place

A statement passes four layers, the cheapest first:

1. Evidence: each pointer leads somewhere, to one thing where a text is reworded, and into the position that it is told
   of; a statement that is no copy names its rule.
2. What can be made again is made again: a copy equals its source; the normalising rules (`repeats`) and everything
   that is counted (`recounts`: months, spans, levels) give the same value from the data alone.
3. A text that was reworded names no number, date, organisation, skill, scope, seniority, superlative or scale that its
   evidence does not name, and keeps its negations (`wordings`, `claims.toml`). A sentence that names an employer says
   nothing that only another one's position says (`attribution`).
4. Most of its words stem from its evidence. The share of those that do not is `novelty`: told, and judged softly.
"""

from enrichment.faithfulness.checker import check
from enrichment.faithfulness.repair import repair
from enrichment.faithfulness.repeats import SLIP

__all__ = ["SLIP", "check", "repair"]
