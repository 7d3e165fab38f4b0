"""The store: the truth about incidents, links, operations and what happened to them."""
