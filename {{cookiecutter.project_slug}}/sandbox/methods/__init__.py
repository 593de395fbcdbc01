"""The Bot API: what a method does. `table.py` lists them, `answer.py` is the way in."""
