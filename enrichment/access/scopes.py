"""What a caller may do, and who the caller is."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from enrichment.errors import Forbidden


class Scope(StrEnum):
    """One kind of act. A key has some of them, and none of them includes another."""

    SUBMIT = "submit"
    """Submit jobs, and run ended ones again: what costs money."""
    READ = "read"
    """Read jobs, results and overviews of the tenant."""
    CANCEL = "cancel"
    REVIEW = "review"
    """Approve and reject results."""
    EXPORT = "export"
    """Take out all that is held of a candidate."""
    ERASE = "erase"
    ADMIN = "admin"
    """Change how the product works for everybody in the tenant."""


ALL = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `key_id` None: this machine itself, where no keys are required."""

    tenant: str
    scopes: frozenset[Scope]
    key_id: str | None = None

    @property
    def actor(self) -> str:
        """How the record names who did something."""
        return self.key_id or "local"

    def require(self, scope: Scope) -> None:
        """Raises Forbidden where the caller may not do this."""
        if scope not in self.scopes:
            raise Forbidden(f"This needs a key with the scope `{scope}`")


def in_order(scopes: Iterable[Scope | str]) -> list[Scope]:
    """These scopes, each once, in the order in which they are defined."""
    given = set(map(str, scopes))
    return [scope for scope in Scope if scope in given]
