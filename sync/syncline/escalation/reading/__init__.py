"""The language of escalation: from YAML text to a `Book`, or to every fault at once.

`read_book` raises what is wrong, `examine` gives it back together with what is only doubtful, and `schema` says the
form of the file to editors.
"""

from syncline.escalation.reading.compiling import examine, read_book
from syncline.escalation.reading.schema import schema

__all__ = ["examine", "read_book", "schema"]
