"""The PaN search API and the two services that belong to it: techniques and scores."""
