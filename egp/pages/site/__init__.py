"""The portfolio as a folder of pages: an index, a page for each experiment, and a calendar."""
