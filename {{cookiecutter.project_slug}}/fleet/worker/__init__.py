"""Takes turns: updates from the mailboxes of held shards to their handlers, and their ends back."""

from fleet.worker.worker import Worker

__all__ = ["Worker"]
