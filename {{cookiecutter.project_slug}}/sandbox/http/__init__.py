"""The sandbox over HTTP: for bots, and for people and their tests."""
