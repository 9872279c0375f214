"""What a site may say of itself, and what it is told when it cannot be used."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nxspectra.errors import SettingsError
from nxspectra.settings import VARIABLE, Settings, is_iri, orcid_of

FULL = """
base_iri = "https://data.example.org/id/"
pid_prefix = "20.500.99999/"
license = "CC-BY-4.0"
access_rights = "public"
issued = 2026-02-01
keywords = ["high pressure"]

[publisher]
name = "Deutsches Elektronen-Synchrotron DESY"
iri = "https://ror.org/01js2sh04"

[instrument]
name = "P02.2"

[[creators]]
name = "Josiah Carberry"
orcid = "https://orcid.org/0000-0002-1825-0097"
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site.toml"


def complaint(site: Path, text: str) -> str:
    """What is said about settings that cannot be used."""
    site.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        Settings.load(site)
    return str(caught.value)


def test_a_site_without_settings_has_set_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    settings = Settings.load()
    assert settings == Settings()
    assert (settings.publisher, settings.license, settings.creators) == (None, None, ())


def test_settings_are_read_from_the_file_that_the_variable_names(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write_text(FULL, encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(site))
    settings = Settings.load()
    assert settings.publisher is not None
    assert settings.publisher.iri == "https://ror.org/01js2sh04"
    assert settings.issued == date(2026, 2, 1)
    assert settings.creators[0].orcid == "0000-0002-1825-0097"


def test_a_licence_may_be_given_by_its_spdx_name(site: Path) -> None:
    site.write_text(FULL, encoding="utf-8")
    assert Settings.load(site).license == "https://creativecommons.org/licenses/by/4.0/"


def test_access_rights_may_be_given_as_a_word(site: Path) -> None:
    site.write_text(FULL, encoding="utf-8")
    assert str(Settings.load(site).access_rights).endswith("/access-right/PUBLIC")


def test_settings_are_a_value() -> None:
    with pytest.raises(Exception, match="frozen"):
        Settings().pid_prefix = "x"  # type: ignore[misc]


def test_an_unknown_key_is_named_with_the_nearest_one(site: Path) -> None:
    said = complaint(site, "lisence = 'CC-BY-4.0'")
    assert str(site) in said
    assert "lisence" in said
    assert "did you mean license?" in said


def test_an_unknown_key_of_a_table_is_named_with_the_nearest_one_there(site: Path) -> None:
    assert "publisher.nmae: there is no such setting; did you mean name?" in complaint(
        site, "[publisher]\nnmae = 'DESY'"
    )


def test_an_unknown_key_of_one_of_several_creators_is_named(site: Path) -> None:
    text = "[[creators]]\nname = 'A'\n[[creators]]\nname = 'B'\norcdi = 'x'"
    assert "creators.1.orcdi: there is no such setting; did you mean orcid?" in complaint(site, text)


def test_an_orcid_with_a_wrong_check_digit_is_refused(site: Path) -> None:
    assert "is not an ORCID" in complaint(site, "[[creators]]\norcid = '0000-0002-1825-0098'")


def test_a_creator_who_is_nobody_is_refused(site: Path) -> None:
    assert "needs a name, an orcid, or both" in complaint(site, "[[creators]]")


@pytest.mark.parametrize(
    "base", ["data.example.org/id/", "https://data.example.org/a b/", "javascript:alert(1)/"]
)
def test_a_base_that_is_no_address_is_refused(site: Path, base: str) -> None:
    assert "base_iri" in complaint(site, f"base_iri = '{base}'")


def test_a_base_must_end_where_names_can_be_added(site: Path) -> None:
    assert "must end with / or #" in complaint(site, "base_iri = 'https://data.example.org/id'")


@pytest.mark.parametrize("prefix", ["a b", "<x>", 'x"', "x\\"])
def test_a_pid_prefix_with_characters_that_break_an_iri_is_refused(site: Path, prefix: str) -> None:
    assert "pid_prefix" in complaint(site, f"pid_prefix = '{prefix}'")


def test_text_that_is_not_toml_is_told_with_its_line(site: Path) -> None:
    assert "line 2" in complaint(site, "license = 'CC-BY-4.0'\npublisher = = 1")


def test_a_file_that_is_not_there_is_told_with_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none.toml"))
    with pytest.raises(SettingsError, match=VARIABLE):
        Settings.load()


def test_bytes_that_are_not_text_are_told(site: Path) -> None:
    site.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not UTF-8"):
        Settings.load(site)


# Published in the support pages of orcid.org as examples of the check digit.
@pytest.mark.parametrize("orcid", ["0000-0002-1825-0097", "0000-0001-5109-3700", "0000-0002-1694-233X"])
def test_orcids_with_their_right_check_digit_are_taken(orcid: str) -> None:
    assert orcid_of(orcid) == orcid
    assert orcid_of(f"https://orcid.org/{orcid}") == orcid


@given(st.integers(0, 14), st.integers(1, 9))
def test_a_digit_that_is_mistyped_makes_an_orcid_wrong(place: int, step: int) -> None:
    digits = list("0000000218250097")
    digits[place] = str((int(digits[place]) + step) % 10)
    groups = ["".join(digits[start : start + 4]) for start in range(0, 16, 4)]
    assert orcid_of("-".join(groups)) is None


@given(st.text(alphabet='<>"{}|\\^` \n\x00', min_size=1))
def test_an_address_holds_nothing_that_ends_it_early(breaking: str) -> None:
    assert not is_iri(f"https://data.example.org/{breaking}")
