"""What the chains of the tests are made of."""

from langchain_core.documents import Document
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import tool

USAGE = {
    "prompt_tokens": 12,
    "completion_tokens": 7,
    "total_tokens": 19,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
PROMPT = ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "{question}")])


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    if city == "Atlantis":
        raise LookupError("no such city")
    return f"clear in {city}"


class Library(BaseRetriever):
    """Finds one document."""

    def _get_relevant_documents(self, query, *, run_manager):
        return [Document("Glass is old.", metadata={"source": "a.md", "score": 0.9})]
