"""A file whole or not at all: the next state is made in a hidden file beside it that takes its name."""

from nxspectra.files.claiming import check_disk as check_disk
from nxspectra.files.claiming import temporary as temporary
from nxspectra.files.placing import give_rights as give_rights
from nxspectra.files.placing import take_place as take_place
from nxspectra.files.placing import write_whole as write_whole
from nxspectra.files.placing import writing_errors as writing_errors
