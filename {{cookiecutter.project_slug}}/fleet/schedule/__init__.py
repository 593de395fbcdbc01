"""Who is next, in the memory of the holder: places, fair turns between bots, what is due later."""
