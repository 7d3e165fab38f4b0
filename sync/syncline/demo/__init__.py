"""The demo: people work on four simulated platforms while the daemon runs, and an oracle checks what came of it."""
