"""`python -m agentglass`."""

from agentglass.cli.main import main

main()
