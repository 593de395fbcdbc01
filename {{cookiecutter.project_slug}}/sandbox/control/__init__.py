"""What users do and tests ask for: the commands, and the way to them over HTTP."""
