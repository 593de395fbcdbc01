"""`fleet …`: the command line."""
