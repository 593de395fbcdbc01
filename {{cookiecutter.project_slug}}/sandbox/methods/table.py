"""All methods that have an effect; the others are in checked.py."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from types import ModuleType

from sandbox import methods
from sandbox.methods.call import Handler
from sandbox.methods.decode import known_methods

ABOVE = ("answer", "table")
"""The modules that need this one."""
MODULES = [
    import_module(f"{methods.__name__}.{one.name}")
    for one in pkgutil.iter_modules(methods.__path__)
    if one.name not in ABOVE
]


def handlers(module: ModuleType) -> dict[str, Handler]:
    """The methods that a module does: `send_chat_action` does sendChatAction, and its FAMILIES name
    those that a function does together."""
    functions = inspect.getmembers(module, inspect.iscoroutinefunction)
    named = {name.replace("_", ""): function for name, function in functions}
    families = {name.lower(): one for name, one in getattr(module, "FAMILIES", {}).items()}
    return {name: one for name, one in named.items() if name in known_methods()} | families


METHODS: dict[str, Handler] = {
    name: handler for module in MODULES for name, handler in handlers(module).items()
}
"""By name in lower case: names are case-insensitive at Telegram."""
MODELLED: dict[str, tuple[str, ...]] = {
    name.lower(): optional
    for module in MODULES
    for name, optional in getattr(module, "MODELS", {}).items()
}
"""What each method models of the parameters that may be left out: methods/modelled.py."""
