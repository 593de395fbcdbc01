"""The way to Redis: its address, the pool of connections, and what it means when Redis refuses."""
