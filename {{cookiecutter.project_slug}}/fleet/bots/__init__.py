"""Which bots run, and how each of them is."""
