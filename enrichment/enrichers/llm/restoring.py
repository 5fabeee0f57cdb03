"""The way there and back: the candidate as a model sees it, and what a model writes in the words of the candidate."""

from typing import Any, TypeVar

from enrichment import guard
from enrichment.enrichers.llm.outputs import Output, Told
from enrichment.models import JSON

T = TypeVar("T", bound=Output)


class Shown:
    """One candidate: `candidate` is what a model is shown of it, without the person and without what nobody sees."""

    def __init__(self, submitted: JSON) -> None:
        self._submitted = submitted
        self.candidate, self._restore = guard.minimise(guard.cleaned(submitted))

    def restored(self, output: T) -> T:
        """`output` about the candidate as submitted, with its pointers into that.

        It is not validated again: what a placeholder stands for may be longer than what a model may write, and what is
        said about it would quote it. In an output's validator the model would be told.
        """
        restored: T = self._restored(output)
        return restored

    def _restored(self, node: Any) -> Any:
        match node:
            case Told():
                evidence = [self._pointer(pointer) for pointer in node.evidence]
                return node.model_copy(update={"text": self._restore.text(node.text), "evidence": evidence})
            case list():
                return [self._restored(item) for item in node]
            case str():  # but for those of a statement, a text is a pointer
                return self._pointer(node)
            case None:
                return None
            case _:
                return node.model_copy(update={name: self._restored(value) for name, value in node})

    def _pointer(self, pointer: str) -> str:
        return guard.submitted(self._restore.pointer(pointer), self._submitted)
