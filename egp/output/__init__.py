"""How it is reported: reports for authors and their tools, and the model of pages for everybody else.

May import `policy` and the rooms below it. Read first: `report/model.py` and `page/model.py`.
"""
