"""agentglass."""
