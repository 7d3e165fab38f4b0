"""The form of the file as JSON Schema, for editors that complete and check while somebody writes."""

from typing import Any, Final

from syncline.escalation.reading.ladders import VERSION, EscalationFile

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The schema. It takes what the reader takes, as far as a schema can say it: names that lead nowhere, conditions and
    what does not go together are the reader's."""
    made = EscalationFile.model_json_schema(mode="validation")
    made["properties"]["escalation"] = {**made["properties"]["escalation"], "const": VERSION}
    return {"$schema": DRAFT, "title": "Escalation of Syncline", **_tidy(made)}


def _tidy(part: Any) -> Any:
    """Without the titles that are made of names, and closed where only certain keys are allowed."""
    if isinstance(part, list):
        return [_tidy(item) for item in part]
    if not isinstance(part, dict):
        return part
    found = {
        key: _properties(value) if key in {"properties", "$defs"} else _tidy(value)
        for key, value in part.items()
        if key != "title"
    }
    if "patternProperties" in found:
        found["additionalProperties"] = False
    return found


def _properties(part: dict[str, Any]) -> dict[str, Any]:
    """Keys of the file, of which one may be called `title`."""
    return {name: _tidy(value) for name, value in part.items()}
