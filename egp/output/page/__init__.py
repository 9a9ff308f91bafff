"""Pages for people who do not read YAML: one model, shown as text, Markdown or HTML."""
