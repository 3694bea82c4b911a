"""What recording costs: the budgets of docs/performance.md, measured beside peers."""
