"""The node types that agentglass brings, one module each."""

__all__: list[str] = []
