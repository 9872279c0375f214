"""The tables of the index, for SQLite and PostgreSQL.

The id of a data set begins with the minute in which it was created, so that every table that is sorted by
data set is sorted by time, and the newest first page needs no sorting: see `ids_between`.

What many data sets share is kept once and pointed to: instruments, samples, people, names of quantities
and labels, folders, and the *sets* of techniques that occur together. A technique with all below it is one
look-up in `technique_closure`, which gives the sets that lie in it. Which traits occur together is told by
the few profiles that there are: if no profile has both of two, no data set has.

A range of numbers has a `level`, the power of two that its width does not exceed. All ranges of one level
that meet [low, high] start between low - 2**level and high, so that a few look-ups in an ordinary index find
those of every level: see `conditions.overlapping`.
"""

from nxspectra.catalogue.tables.datasets import OF_DATA_SETS as OF_DATA_SETS
from nxspectra.catalogue.tables.datasets import boundaries as boundaries
from nxspectra.catalogue.tables.datasets import dataset_documents as dataset_documents
from nxspectra.catalogue.tables.datasets import dataset_people as dataset_people
from nxspectra.catalogue.tables.datasets import dataset_samples as dataset_samples
from nxspectra.catalogue.tables.datasets import datasets as datasets
from nxspectra.catalogue.tables.datasets import files as files
from nxspectra.catalogue.tables.datasets import labels as labels
from nxspectra.catalogue.tables.datasets import parameters as parameters
from nxspectra.catalogue.tables.datasets import sampled as sampled
from nxspectra.catalogue.tables.documents import OF_DOCUMENTS as OF_DOCUMENTS
from nxspectra.catalogue.tables.documents import document_parameters as document_parameters
from nxspectra.catalogue.tables.documents import documents as documents
from nxspectra.catalogue.tables.documents import members as members
from nxspectra.catalogue.tables.filing import intents as intents
from nxspectra.catalogue.tables.filing import jobs as jobs
from nxspectra.catalogue.tables.filing import meta as meta
from nxspectra.catalogue.tables.making import metadata as metadata
from nxspectra.catalogue.tables.numbers import POINT as POINT
from nxspectra.catalogue.tables.numbers import first_id as first_id
from nxspectra.catalogue.tables.numbers import ids_between as ids_between
from nxspectra.catalogue.tables.numbers import iso as iso
from nxspectra.catalogue.tables.numbers import level_of as level_of
from nxspectra.catalogue.tables.numbers import minute_of as minute_of
from nxspectra.catalogue.tables.numbers import seconds as seconds
from nxspectra.catalogue.tables.shared import MOST_PROFILES as MOST_PROFILES
from nxspectra.catalogue.tables.shared import Trait as Trait
from nxspectra.catalogue.tables.shared import affiliations as affiliations
from nxspectra.catalogue.tables.shared import bases as bases
from nxspectra.catalogue.tables.shared import definitions as definitions
from nxspectra.catalogue.tables.shared import facilities as facilities
from nxspectra.catalogue.tables.shared import folders as folders
from nxspectra.catalogue.tables.shared import instruments as instruments
from nxspectra.catalogue.tables.shared import label_names as label_names
from nxspectra.catalogue.tables.shared import models as models
from nxspectra.catalogue.tables.shared import parameter_units as parameter_units
from nxspectra.catalogue.tables.shared import people as people
from nxspectra.catalogue.tables.shared import profile_traits as profile_traits
from nxspectra.catalogue.tables.shared import profiles as profiles
from nxspectra.catalogue.tables.shared import quantities as quantities
from nxspectra.catalogue.tables.shared import samples as samples
from nxspectra.catalogue.tables.shared import technique_closure as technique_closure
from nxspectra.catalogue.tables.shared import technique_members as technique_members
from nxspectra.catalogue.tables.shared import technique_sets as technique_sets
from nxspectra.catalogue.tables.shared import techniques as techniques
from nxspectra.catalogue.tables.shared import values as values
from nxspectra.catalogue.tables.words import LOWEST as LOWEST
from nxspectra.catalogue.tables.words import PLACES as PLACES
from nxspectra.catalogue.tables.words import TEXT_COLUMNS as TEXT_COLUMNS
from nxspectra.catalogue.tables.words import VECTOR_OF_DOCUMENTS as VECTOR_OF_DOCUMENTS
from nxspectra.catalogue.tables.words import WEIGHTS as WEIGHTS
from nxspectra.catalogue.tables.words import data_set_of_sampled as data_set_of_sampled
from nxspectra.catalogue.tables.words import sampled_row as sampled_row
from nxspectra.catalogue.tables.words import words as words

FORM = 4
"""Of the tables; an index of another form is made again."""
