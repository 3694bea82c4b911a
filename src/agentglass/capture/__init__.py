"""Instrumentors and handlers: what agents that exist already do, recorded without changing them."""

from agentglass.plugins import lazy_names

__all__ = ["AgentglassHandler", "LangChainInstrumentor", "RedactionConfig"]

__getattr__ = lazy_names(
    __name__,
    {
        "AgentglassHandler": "agentglass.capture.langchain.handler:AgentglassHandler",
        "LangChainInstrumentor": "agentglass.capture.langchain.instrumentor:LangChainInstrumentor",
        "RedactionConfig": "agentglass.capture.redaction:RedactionConfig",
    },
)
