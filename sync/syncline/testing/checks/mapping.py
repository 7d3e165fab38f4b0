"""The default mapping: its laws, and whether it fits the platform."""

from syncline.mapping import against, laws, losses
from syncline.mapping.lint import natives_of, values_of
from syncline.model import STATUSES, Value
from syncline.testing.check import Tier, check
from syncline.testing.trial import Trial, mapping_of


@check(Tier.BRONZE, "Run `syncline mapping check` on it: it says line and column.")
def mapping_is_sound(t: Trial) -> None:
    """Without a mapping no ticket can be read; a breach of its laws makes values drift from side to side."""
    broken = laws(mapping_of(t.plugin))
    t.claim(not broken, "; ".join(problem.message for problem in broken))


@check(Tier.BRONZE, "Map title both ways: {field: ...} without a direction.")
def mapping_has_a_title(t: Trial) -> None:
    """Everybody knows an incident by its title; a ticket without one cannot be made for people."""
    rule = t.mapping.rules.get("title")
    t.claim(rule is not None, "the default mapping has no title")
    t.claim(t.both_ways("title"), "the default mapping does not map title both ways")


@check(
    Tier.BRONZE, "Name fields as Record.values has them, and state in `schema` what the platform really has."
)
def mapping_fits_the_platform(t: Trial) -> None:
    """A field that the platform does not have is never written, and a required one that is missing makes every create fail."""
    errors = [one for one in against(t.mapping, t.schema) if one.severity == "error"]
    t.claim(not errors, "; ".join(str(error) for error in errors))


@check(
    Tier.BRONZE, "Give each of new, acknowledged, in_progress, on_hold, resolved, closed, canceled a value."
)
def mapping_says_every_status(t: Trial) -> None:
    """A status without a word is not carried there: the ticket stays as it is, and somebody works on what is done."""
    rule = t.mapping.rules.get("status")
    t.claim(rule is not None, "the default mapping has no status")
    said = set(values_of(t.mapping.codecs["status"]))
    missing = sorted(STATUSES - {str(value) for value in said})
    t.claim(not missing, f"it has no word for {', '.join(missing)}")


@check(Tier.SILVER, "List every status under values, read or ignore.")
def mapping_reads_every_status(t: Trial) -> None:
    """A status that the mapping does not know is reported for each ticket in it, and nothing follows it."""
    native = t.mapping.rules["status"].natives[0] if "status" in t.mapping.rules else ""
    field = t.schema.fields.get(native)
    there = t.schema.statuses or (field.choices if field is not None else None) or ()
    known = {state[native] for state in natives_of(t.mapping.codecs["status"]) if native in state}
    unknown = sorted(set(there) - known)
    t.claim(not unknown, f"it does not read {', '.join(unknown)}")


@check(
    Tier.BRONZE,
    "Give the value its own native one; what cannot be told apart is a loss, which `losses` names.",
)
def what_we_write_is_read_back(t: Trial) -> None:
    """A value that comes back as another one is taken for somebody's edit, and spreads to all platforms."""
    lost = {(loss.field, loss.common): loss.reads_back_as for loss in losses(t.mapping)}
    for priority in (1, 2, 3, 4, 5):
        values: dict[str, Value] = {
            "title": t.title(),
            "priority": priority,
            "description": f"It is of priority {priority}.",
        }
        record = t.create(**values)
        read = t.fitted.read(record.values, t.fitted.directory(record.parties)).values
        for field, value in values.items():
            rule = t.mapping.rules.get(field)
            if rule is None or not rule.direction.reads or not rule.direction.writes(creating=True):
                continue
            wanted = lost.get((field, value), value)
            t.claim(
                read.get(field) == wanted, f"{field} {value!r} was written, and {read.get(field)!r} is read"
            )
