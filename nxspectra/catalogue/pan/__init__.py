"""The questions of the PaN search API, and what the index answers; nothing here knows of HTTP.

    text -> syntax -> filters -> conditions (by sources, parameters, techniques) -> answers, with scores

with asking(index, seconds=10) as connection:
    conditions = Conditions(connection)
    page = Page("Dataset", parse(read_json(text), MODELS["Dataset"]))
    things(conditions, page, found(conditions, page))
"""
