"""Data sets of other catalogues: from the memory file of the reference server, or through a provider's API.

things     what the PaN search API answers, as records
memory     the file in which the reference server of the PaN search API keeps its things
harvesting all public data sets of a provider, page by page
"""
