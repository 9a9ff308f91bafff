"""Arguments of commands that have many."""
