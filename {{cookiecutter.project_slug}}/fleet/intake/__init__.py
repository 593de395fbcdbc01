"""How updates arrive. An intake confirms an update to Telegram only when the inbox has it."""
