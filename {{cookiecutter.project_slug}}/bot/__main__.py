"""`python -m bot`: run one replica of the service."""

from bot.dispatcher import create_dispatcher
from fleet.service import run

if __name__ == "__main__":
    run(create_dispatcher)
