"""What runs must know to go on: checkpoints, the ledger of finished work, cached results."""

from agentglass.workflow.state_db.cache import NodeCache
from agentglass.workflow.state_db.connection import StateDb, state_db_path
from agentglass.workflow.state_db.ledger import Ledger, LedgerEntry
from agentglass.workflow.state_db.lock import RunLock
from agentglass.workflow.state_db.runs import RunRecord, RunRecords

__all__ = [
    "Ledger",
    "LedgerEntry",
    "NodeCache",
    "RunLock",
    "RunRecord",
    "RunRecords",
    "StateDb",
    "state_db_path",
]
