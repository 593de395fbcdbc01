"""What the bots say. How they run is in `fleet/`."""
