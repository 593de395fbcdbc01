"""How the bots run: intake, inbox, worker, shared sessions. Knows nothing of `bot/`."""
