"""The portfolio as green, yellow and red, from plans and results."""
