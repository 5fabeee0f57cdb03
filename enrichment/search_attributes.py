"""What an operator can filter workflows by in Temporal. Ids and codes: search attributes are never encrypted."""

from temporalio.common import SearchAttributeKey

JOB_TYPE = SearchAttributeKey.for_keyword("JobType")
JOB_PRIORITY = SearchAttributeKey.for_int("JobPriority")
JOB_STATUS = SearchAttributeKey.for_keyword("JobStatus")
JOB_TENANT = SearchAttributeKey.for_keyword("JobTenant")
CANDIDATE_ID = SearchAttributeKey.for_keyword("CandidateId")

SEARCH_ATTRIBUTES = {
    JOB_TYPE.name: "Keyword",
    JOB_PRIORITY.name: "Int",
    JOB_STATUS.name: "Keyword",
    JOB_TENANT.name: "Keyword",
    CANDIDATE_ID.name: "Keyword",
}
"""What must be registered in the namespace: name to Temporal's type name."""
