"""Intake: what platforms show us becomes rows of the store, and marks in the ledger. Nothing is decided here."""
