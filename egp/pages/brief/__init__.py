"""Pages for deciding: before a launch, while it is under way, and after a rollback."""
