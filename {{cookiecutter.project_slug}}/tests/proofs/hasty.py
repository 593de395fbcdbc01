"""`python -m tests.proofs.hasty`: app.py, out of patience with strangers after two seconds."""

from fleet.bots import peers
from fleet.service import run
from tests.proofs.app import create_dispatcher

if __name__ == "__main__":
    peers.PATIENCE = 2.0
    run(create_dispatcher)
