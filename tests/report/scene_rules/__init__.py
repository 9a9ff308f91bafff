"""Rules that say what a scene wants said."""
