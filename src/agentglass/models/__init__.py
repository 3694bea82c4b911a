"""Chat models: one port, the providers behind it, and the call that is recorded."""

from agentglass.models.call import call_model
from agentglass.models.fake import FakeProvider, FakeReply
from agentglass.models.local import LocalProvider
from agentglass.models.port import (
    BudgetHook,
    ChatProvider,
    ChatReply,
    ChatRequest,
    Message,
    ProviderSettings,
    Role,
    Tool,
    ToolCall,
)
from agentglass.models.registry import PROVIDERS, open_provider, parse_model, provider_names

__all__ = [
    "PROVIDERS",
    "BudgetHook",
    "ChatProvider",
    "ChatReply",
    "ChatRequest",
    "FakeProvider",
    "FakeReply",
    "LocalProvider",
    "Message",
    "ProviderSettings",
    "Role",
    "Tool",
    "ToolCall",
    "call_model",
    "open_provider",
    "parse_model",
    "provider_names",
]
