"""Attribute names, pinned.

The `gen_ai.*` names are those of the OpenTelemetry GenAI semantic conventions (repository
`semantic-conventions-genai`, "Development"), state of autumn 2026. Other versions and dialects are
translated at the edges; inside agentglass only these spellings exist.
"""

from typing import Final

SEMCONV_VERSION: Final = "1.41"
"""Version of the GenAI conventions whose names are used inside."""

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
REQUEST_STREAM: Final = "gen_ai.request.stream"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_ID: Final = "gen_ai.response.id"
RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
TIME_TO_FIRST_TOKEN: Final = "gen_ai.response.time_to_first_token_s"
TOOL_DEFINITIONS: Final = "gen_ai.tool.definitions"
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
SESSION_ID: Final = "session.id"
USER_ID: Final = "user.id"
SERVER_ADDRESS: Final = "server.address"
PROMPT_NAME: Final = "agentglass.prompt.name"
PROMPT_VERSION: Final = "agentglass.prompt.version"

NODE_ID: Final = "agentglass.node_id"
NODE_TYPE: Final = "agentglass.node_type"
NODE_ATTEMPT: Final = "agentglass.node.attempt"
WORKFLOW_NAME: Final = "agentglass.workflow.name"
WORKFLOW_VERSION: Final = "agentglass.workflow.version"
WORKFLOW_NODES_TOTAL: Final = "agentglass.workflow.nodes_total"
TEMPLATE_RESOLUTIONS: Final = "agentglass.template_resolutions"
TAGS: Final = "agentglass.tags"
STATE_MERGED: Final = "agentglass.state.merged"
RETRIEVAL_TOP_K: Final = "agentglass.retrieval.top_k"
"""How many documents were asked for."""
RETRIEVAL_COUNT: Final = "agentglass.retrieval.document_count"
"""How many were found."""
RETRIEVAL_SOURCES: Final = "agentglass.retrieval.sources"
"""Where they were looked for: paths, or the function that searched."""
RETRIEVAL_FILES: Final = "agentglass.retrieval.files"
RETRIEVAL_SKIPPED: Final = "agentglass.retrieval.files_skipped"
CALL_RETRIES: Final = "agentglass.call.retries"
TRUNCATED: Final = "agentglass.truncated"
REDACTED: Final = "agentglass.redacted"
DUPLICATE_OF: Final = "agentglass.duplicate_of"
SPANS_STARTED: Final = "agentglass.spans_started"
"""How many spans a process that joined a trace has started in it; on the spans that it began with."""
STEP: Final = "agentglass.step"
"""The fields of a step that its span does not give by itself."""
RUN: Final = "agentglass.run"
"""The same of a run of steps, on its root."""
ORIGINAL_TRACE_ID: Final = "agentglass.original_trace_id"

TAG_WORKFLOW: Final = "workflow"
TAG_TRIGGER: Final = "trigger"
TAG_TRIGGER_TYPE: Final = "trigger_type"
TAG_SCHEDULE_ID: Final = "schedule_id"
TAG_ANALYSIS_TYPE: Final = "analysis_type"
TAG_JOB_ID: Final = "job_id"

CONTENT_ATTRIBUTES: Final = frozenset(
    {TEMPLATE_RESOLUTIONS, STATE_MERGED, TOOL_DEFINITIONS, STEP, RUN}
)
"""Attributes that hold contents, and are therefore not recorded at level `metrics`."""
