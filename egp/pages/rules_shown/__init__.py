"""Rules, as people and programs are shown them: all of them, or the page of one with the settings in force."""
