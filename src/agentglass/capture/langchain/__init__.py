"""LangChain and LangGraph: one line for all calls, or a handler for one."""

__all__: list[str] = []
