"""What the measured spans carry."""

from typing import Any

from langchain_core.messages import AIMessage

from agentglass import Usage
from agentglass.spans import names

__all__ = ["ANSWER", "ATTRIBUTES", "CHAT", "MESSAGE_STATE", "PROMPT", "STATE", "USAGE"]

# Prose as models see it: question marks, an address and the word `token` open some of the gates of
# redaction, so that clean text does not look cheaper than it is.
_PROSE = (
    "The reviewers asked whether the second cohort was measured under the same conditions? "
    "It was not: two sites changed the assay in March (see https://example.org/notes?id=17), "
    "and the tokenizer splits each measurement into about three tokens -- five at most. "
    "Summarise what follows from that, in plain words, for a reader who was not there. "
)

PROMPT = (_PROSE * 4)[:1024]
ANSWER = (_PROSE[88:] * 5)[:1024]

CHAT: list[dict[str, Any]] = [
    {"role": "system", "content": [{"type": "text", "text": PROMPT[:512]}]},
    {"role": "user", "content": [{"type": "text", "text": PROMPT[512:]}]},
]
"""Two messages with the text of `PROMPT`."""

STATE: dict[str, Any] = {
    "topic": "assay drift",
    "iteration": 7,
    "done": False,
    "messages": [
        {"id": f"msg-{number}", "role": "assistant", "content": _PROSE, "tool_calls": []}
        for number in range(12)
    ],
    "documents": [
        {
            "id": f"doc-{number}",
            "score": 0.97 - number / 50,
            "text": _PROSE,
            "metadata": {"source": "notes.md", "page": number, "tags": ["assay", "march"]},
        }
        for number in range(8)
    ],
    "scores": [number / 10 for number in range(40)],
    "budget": {"max_tokens": 4000, "used": {"input": 1210, "output": 388}},
}
"""The state of an agent after some turns, about 9 KB as JSON."""

MESSAGE_STATE: dict[str, Any] = {
    **STATE,
    "messages": [AIMessage(content=message["content"]) for message in STATE["messages"]],
}
"""The same with LangChain's messages instead of plain ones, as LangGraph agents have it."""

USAGE = Usage(input_tokens=256, output_tokens=231)

ATTRIBUTES: dict[str, Any] = {
    names.OPERATION: "chat",
    names.PROVIDER: "openai",
    names.REQUEST_MODEL: "gpt-5-mini",
    names.REQUEST_TEMPERATURE: 0.2,
    names.RESPONSE_ID: "chatcmpl-9xYb2",
}
