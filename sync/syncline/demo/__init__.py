"""The demo: people work on five simulated platforms while the daemon runs, and an oracle checks what came of it."""
