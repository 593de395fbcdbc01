"""A local stand-in for Telegram: a Bot API server, a control API, a client, a terminal chat.

For development and tests only; it is never in the production image and imports nothing of the bots.
"""
