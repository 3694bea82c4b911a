"""What the python nodes and tools of the nine workflow shapes call: a small house, without a network."""

import json
import subprocess
import sys
from typing import Any

from agentglass import get_active_span, span

ENTITIES = [
    {"id": "light.kitchen", "area": "kitchen", "device": "lamp-1", "watts": 60},
    {"id": "light.hall", "area": "hall", "device": "lamp-2", "watts": 40},
    {"id": "sensor.door", "area": "hall", "device": "door-1", "watts": 1},
]
AUTOMATIONS = {
    "automation.night": {"trigger": "23:00", "turn_off": "light.hall"},
    "automation.morning": {"trigger": "06:30", "turn_on": "light.kitchen"},
}


def initialize(domains: list[str]) -> dict[str, Any]:
    """Open a discovery."""
    return {"status": "running", "scanned": sorted(domains)}


def fetch_entities(scanned: list[str]) -> list[dict[str, Any]]:
    """Return the entities of the domains."""
    return [each for each in ENTITIES if str(each["id"]).partition(".")[0] in scanned]


def distinct(entities: list[dict[str, Any]], key: str) -> list[Any]:
    """Return the devices or areas of entities."""
    return sorted({each[key] for each in entities})


def sync_automations() -> list[str]:
    """Return the automations of the house."""
    return sorted(AUTOMATIONS)


def persist(entities: list[dict[str, Any]]) -> int:
    """Count what would be stored."""
    return len(entities)


def find_entities(area: str) -> list[str]:
    """List the entities of an area.

    Args:
        area: As in `hall`.
    """
    return [str(each["id"]) for each in ENTITIES if each["area"] == area]


def apply_decision(decision: str, proposal: str) -> dict[str, list[str]]:
    """Sort a proposal by what was decided."""
    sorted_in: dict[str, list[str]] = {"approved_items": [], "rejected_items": []}
    if f"{decision}_items" in sorted_in:
        sorted_in[f"{decision}_items"].append(proposal)
    return sorted_in


def deploy(items: list[str]) -> str:
    """Say what was deployed."""
    return f"deployed {len(items)}"


def unknown_entities(entity_ids: list[str]) -> list[str]:
    """Return those that the house does not have."""
    known = {each["id"] for each in ENTITIES}
    return [f"no entity {name}" for name in entity_ids if name not in known]


def similar_automations(entity_ids: list[str]) -> list[str]:
    """Return the automations that touch the same entities."""
    return [name for name, config in AUTOMATIONS.items() if set(entity_ids) & set(config.values())]


def yaml_errors(draft: str) -> list[str]:
    """Return what an automation lacks."""
    return [f"no {key}" for key in ("trigger", "action") if f"{key}:" not in draft]


def collect_data(hours: int) -> dict[str, Any]:
    """Return the energy of each entity."""
    return {str(each["id"]): int(str(each["watts"])) * hours for each in ENTITIES}


def execute(script: str, data: dict[str, Any]) -> dict[str, Any]:
    """Run a script in another process; it reads JSON and prints JSON."""
    with span("sandbox.execute", type="tool", input=script) as active:
        done = subprocess.run(
            [sys.executable, "-I", "-c", script],
            input=json.dumps(data),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        active.set_attribute("exit_code", done.returncode)
        if done.returncode != 0:
            raise RuntimeError(f"the script failed: {done.stderr.strip().splitlines()[-1]}")
        return {"measured": json.loads(done.stdout)}


def collect_behavior(hours: int) -> list[dict[str, Any]]:
    """Return the logbook, and say on the span how much there is."""
    logbook = [
        {"entity": each["id"], "hour": hour} for each in ENTITIES for hour in range(0, hours, 6)
    ]
    active = get_active_span()
    active.set_attribute("entity_count", len(ENTITIES))
    active.set_attribute("time_range", f"{hours} h")
    active.set_attribute("data_size", len(json.dumps(logbook)))
    return logbook


def suggest(logbook: list[dict[str, Any]], wanted: bool) -> dict[str, Any]:
    """Find patterns, and say on the span what it took."""
    script = "count events\nsort by hour\nreport"
    insights = [f"{len(logbook)} events", "the hall is busiest"]
    active = get_active_span()
    active.set_attribute("script_lines", len(script.splitlines()))
    active.set_attribute("insight_count", len(insights))
    return {"insights": insights, "suggestion": "dim the hall" if wanted else ""}


def present(insights: list[str], review: str | None) -> list[str]:
    """Return what the user is shown."""
    return [*insights, *([] if review is None else [review])]


def resolve_targets(pattern: str) -> list[str]:
    """Return the automations whose name holds the pattern."""
    return [name for name in sorted(AUTOMATIONS) if pattern in name]


def fetch_config(target: str) -> dict[str, str]:
    """Return how an automation is set up."""
    return AUTOMATIONS[target]


def gather_context(configs: list[dict[str, str]]) -> list[str]:
    """Return the entities that the automations touch."""
    return sorted({text for each in configs for text in each.values() if "." in text})


def propose(targets: list[str], review: str) -> list[str]:
    """Return a proposal per automation."""
    return [f"{target}: {review}" for target in targets]
