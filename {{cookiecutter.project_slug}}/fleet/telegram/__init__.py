"""Calls to Telegram: the sessions that all bots share."""
