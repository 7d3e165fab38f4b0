"""A whole small connector and its stand: what `syncline connector new` begins with."""
