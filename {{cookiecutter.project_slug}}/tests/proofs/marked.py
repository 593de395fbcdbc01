"""`python -m tests.proofs.marked`: app.py, with defaults for all bots."""

from aiogram.client.default import DefaultBotProperties

from fleet.service import run
from tests.proofs.app import create_dispatcher

if __name__ == "__main__":
    run(
        create_dispatcher,
        DefaultBotProperties(
            parse_mode="HTML", protect_content=True, link_preview_is_disabled=True
        ),
    )
