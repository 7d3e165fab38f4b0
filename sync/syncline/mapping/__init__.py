"""Mappings: pairs of pure functions, made from YAML, between a platform's native values and the common model.

`read` and `write` of `Mapping` are the lens that the core works through; `examine`, `losses`, `laws` and `against`
say what is wrong with a mapping, by itself or on a live platform.
"""

from syncline.mapping.compiling import examine, load_mapping, read_mapping
from syncline.mapping.directory import Directory, Parties
from syncline.mapping.lens import Mapping
from syncline.mapping.lint import contradictions, laws, losses, text_losses, unknown_owners
from syncline.mapping.live import against
from syncline.mapping.rules import Conflict, Direction, Loss, Reading, Rule, Supply, Unmapped, Writing

__all__ = [
    "Conflict",
    "Direction",
    "Directory",
    "Loss",
    "Mapping",
    "Parties",
    "Reading",
    "Rule",
    "Supply",
    "Unmapped",
    "Writing",
    "against",
    "contradictions",
    "examine",
    "laws",
    "load_mapping",
    "losses",
    "read_mapping",
    "text_losses",
    "unknown_owners",
]
