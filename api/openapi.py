"""What the OpenAPI document shows beyond what the routes' types say: bodies, examples and problems."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from api.access import COOKIE, Need, Open, needed
from api.answers import Problem
from api.bodies import BulkAction, Cancellation, CodecPayloads, ReviewRequest, SignIn
from enrichment.access.scopes import Scope
from enrichment.models import Submission

_COMPONENT = "#/components/schemas/{model}"

CANDIDATE = {
    "basics": {"name": "Maren Oddvik", "label": "Backend developer", "summary": "Builds services that stay up."},
    "work": [
        {
            "name": "Fjordkraft Data",
            "position": "Backend developer",
            "startDate": "2021-03",
            "highlights": ["Moved 40 services to Python 3.11", "Cut response times from 800 to 120 ms"],
        }
    ],
    "skills": [{"name": "Python"}, {"name": "postgres"}, {"name": "k8s"}],
    "languages": [{"language": "Norwegian", "fluency": "Native"}],
}
"""A person who does not exist."""

_SUBMISSIONS = {
    "competence file": {
        "summary": "A competence file, before everything else",
        "value": {
            "type": "competence_file_generation",
            "candidateId": "crm-1042",
            "candidateData": CANDIDATE,
            "priority": "critical",
            "options": {"asOf": "2026-01-15"},
        },
    },
    "skills": {
        "summary": "Skills, with a number as priority",
        "value": {"type": "skills_optimization", "candidateData": CANDIDATE, "priority": 7, "maxRetries": 1},
    },
    "bulk": {
        "summary": "Several candidates in one job",
        "value": {
            "type": "bulk_candidate_enrichment",
            "candidates": [{"candidateId": "crm-1042", **CANDIDATE}, {"candidateId": "crm-1043", "basics": {}}],
            "priority": "low",
            "options": {"type": "candidate_profile_enhancement", "batchSize": 25},
        },
    },
}
_CANCELLATIONS = {"reason": {"value": {"reason": "The candidate has withdrawn"}}}

SUBMISSION_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": _COMPONENT.format(model="Submission")}, "examples": _SUBMISSIONS}
        },
    }
}
BULK_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-ndjson": {
                "schema": {"type": "string", "description": "one candidate a line"},
                "example": '{"candidateId": "crm-1042", "basics": {}}\n{"candidateId": "crm-1043"}\n',
            },
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
        },
    }
}
ACTION_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": _COMPONENT.format(model="BulkAction")},
                "examples": {
                    "retry": {
                        "summary": "How many would it be?",
                        "value": {"action": "retry", "filter": {"errorCode": "provider_timeout"}, "dryRun": True},
                    },
                    "cancel": {"value": {"action": "cancel", "filter": {"priority": "low"}}},
                },
            }
        },
    }
}
CANCELLATION_BODY = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {"$ref": _COMPONENT.format(model="Cancellation")},
                "examples": _CANCELLATIONS,
            }
        },
    }
}
SIGN_IN_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": _COMPONENT.format(model="SignIn")}}},
    }
}
CODEC_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": _COMPONENT.format(model="CodecPayloads")}}},
    }
}
_REVIEWS = {
    "approve": {"summary": "Approve it as it is", "value": {"decision": "approve"}},
    "approve with edits": {
        "summary": "Approve it with one sentence changed and one left out",
        "value": {
            "decision": "approve",
            "edits": [
                {"pointer": "/headline", "value": "Backend developer, Python"},
                {"pointer": "/summary/0", "accept": True},
                {"pointer": "/summary/1", "accept": False},
            ],
        },
    },
    "reject": {"summary": "Reject it", "value": {"decision": "reject"}},
}
REVIEW_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": _COMPONENT.format(model="ReviewRequest")}, "examples": _REVIEWS}
        },
    }
}

_PROBLEMS = {
    400: "The body cannot be read",
    401: "A valid key is required",
    403: "The key does not allow this, or a page of another site asks",
    404: "There is no such job",
    408: "The rest of the body does not come",
    409: "The job's state does not allow this",
    413: "The body is too large",
    414: "The address is too long",
    415: "The body is not JSON",
    422: "The request is not valid: `errors` names each field",
    429: "Too many requests, or too many jobs: `Retry-After` says when to try again",
    431: "The headers are too large",
    500: "Something went wrong on our side",
    503: "The database cannot be reached; `Retry-After` says when to try again",
}
OF_ANY = (414, 422, 431, 500, 503)
OF_BODY = (400, 408, 413, 415)

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """A route's problems for the document: those of any call, and `statuses`."""
    content = {"application/problem+json": {"schema": {"$ref": _COMPONENT.format(model="Problem")}}}
    return {status: {"description": _PROBLEMS[status], "content": content} for status in sorted({*OF_ANY, *statuses})}


def text(status: int, description: str, *media_types: str) -> Responses:
    """An answer that is no JSON, for the document."""
    content = {media_type: {"schema": {"type": "string"}} for media_type in media_types}
    return {status: {"description": description, "content": content}}


_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key, made by `enrich keys create`"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Set by `POST /session`"},
}
_OF_KEYS = (401, 403, 429)


class Documented(FastAPI):
    """FastAPI, with what it cannot see: the bodies that `reader` reads, and who may call what."""

    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            document = super().openapi()
            _, schemas = models_json_schema(
                [
                    (Submission, "validation"),
                    (BulkAction, "validation"),
                    (Cancellation, "validation"),
                    (SignIn, "validation"),
                    (CodecPayloads, "validation"),
                    (ReviewRequest, "validation"),
                    (Problem, "serialization"),
                ],
                ref_template=_COMPONENT,
            )
            document["components"]["schemas"] |= schemas["$defs"]
            document["components"]["securitySchemes"] = _SCHEMES
            for path, calls in document["paths"].items():
                for method, call in calls.items():
                    _tell_access(call, needed(method.upper(), path))
        assert self.openapi_schema is not None  # noqa: S101 made by FastAPI above
        return self.openapi_schema


def _tell_access(call: dict[str, Any], need: Need | None) -> None:
    """Adds to a call which keys it takes, and how it refuses the others."""
    if need is Open.NOBODY_ASKED:
        call["security"] = []
        return
    call["security"] = [{scheme: []} for scheme in _SCHEMES]
    call["responses"] |= {str(status): answer for status, answer in problems(*_OF_KEYS).items()} | call["responses"]
    scopes = [need] if isinstance(need, Scope) else need.values() if isinstance(need, Mapping) else ()
    if scopes:
        words = " or ".join(f"`{scope}`" for scope in scopes)
        call["description"] = f"{call.get('description', '')}\n\nNeeds the scope {words}.".strip()
