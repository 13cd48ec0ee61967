"""Settings: read from the environment, wrong ones named in one line."""

import stat
from pathlib import Path

import pytest

from eventhub.settings import Settings, SettingsError, load_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("BASE_URL", "example.org"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("WORKERS", "0"),
        ("LOG_LEVEL", "loud"),
        ("MAIL_USE_TLS", "perhaps"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value).startswith(f"{name}: ")
    assert "\n" not in str(refused.value)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="DATA_DIR"):
        _ = Settings(data_dir=tmp_path / "file" / "var", secret_key="").secret_keys


def test_a_secret_key_is_made_once_for_a_data_folder_and_only_its_owner_reads_it(
    tmp_path: Path,
) -> None:
    first = Settings(data_dir=tmp_path, secret_key="").secret_keys
    again = Settings(data_dir=tmp_path, secret_key="").secret_keys
    assert first == again
    assert len(first[0]) >= 43
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_any_usual_postgresql_address_uses_the_driver_we_ship(scheme: str) -> None:
    settings = Settings(database_url=f"{scheme}://someone@db/eventhub")
    assert settings.database == "postgresql+psycopg://someone@db/eventhub"


@pytest.mark.requirement("C3")
def test_the_identity_domain_is_the_configured_one_whatever_host_is_asked() -> None:
    assert Settings(base_url="https://agenda.example.org:8443/").identity_domain == (
        "agenda.example.org"
    )
    assert Settings(
        base_url="https://a.example.org", mail_domain="example.org"
    ).identity_domain == ("example.org")
