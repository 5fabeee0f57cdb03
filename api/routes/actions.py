"""`/api/enrichment/jobs/actions`: cancelling or retrying many jobs at once."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from api import answers
from api.access import Caller
from api.bodies import TheBulkAction
from api.openapi import ACTION_BODY, OF_BODY, problems
from api.parameters import Nothing, TheQueue
from api.queries import JobId
from enrichment.access.scopes import Scope
from enrichment.actions.records import ActionKind

COUNT_TO = 100_000
_SCOPES = {ActionKind.CANCEL: Scope.CANCEL, ActionKind.RETRY: Scope.SUBMIT}

router = APIRouter(prefix=f"{answers.JOBS}/actions", tags=["jobs"])


@router.post(
    "",
    status_code=202,
    summary="Cancel or retry many jobs",
    response_model=answers.ActionView,
    responses=problems(*OF_BODY) | {200: {"description": "With `dryRun`: how many", "model": answers.Matching}},
    openapi_extra=ACTION_BODY,
)
async def start(queue: TheQueue, caller: Caller, wish: TheBulkAction, _: Nothing) -> Response:
    """Those named in `ids`, or all that match `filter`, in the background. With `dryRun` it only counts them.

    Only jobs count that are in a state for it: open ones can be cancelled, failed and cancelled ones retried.
    """
    assert caller is not None  # noqa: S101 the route asks for somebody
    caller.require(_SCOPES[wish.action])
    found = await queue.count_jobs(wish.wanted, at_most=COUNT_TO + 1)
    if wish.dry_run:
        return answers.send(answers.Matching(matching=min(found, COUNT_TO), more=found > COUNT_TO))
    started = answers.view_action(await queue.start_action(wish.action, wish.wanted, found))
    return answers.send(started, 202, {"Location": started.links["self"]})


@router.get("/{actionId}", summary="Read a bulk action", response_model=answers.ActionView, responses=problems(404))
async def read(
    queue: TheQueue, action_id: Annotated[JobId, Path(alias="actionId", description="An action's id")], _: Nothing
) -> Response:
    """How far it is. `changed` of the `done` jobs were in a state for it, and not too many, in their turn."""
    return answers.send(answers.view_action(await queue.get_action(action_id)))
