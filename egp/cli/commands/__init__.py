"""The commands: what each takes on the command line, the verb it calls, and what it prints."""
