"""Why a test failed."""


class NothingCame(AssertionError):
    """What the test waited for did not happen; the text tells the conversation so far."""


class Refused(AssertionError):
    """What a person of the test wanted to do cannot be done; the text tells why."""
