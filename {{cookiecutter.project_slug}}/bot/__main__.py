"""`python -m bot`: run one replica of the service."""

import gc

if __name__ == "__main__":
    # Modules are no garbage, and looking for some among them is a fifth of the start.
    gc.disable()

    from bot.defaults import DEFAULTS
    from bot.dispatcher import create_dispatcher
    from fleet.service import run

    run(create_dispatcher, DEFAULTS)
