"""What subscribers see and hear across bad networks, measured in real browsers, beside another server (docs/quality.md)."""
