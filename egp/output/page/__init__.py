"""Pages for people who do not read YAML: one model, told as text, Markdown or HTML."""
