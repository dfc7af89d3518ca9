"""Which Erlang applications a private node is given."""

from pathlib import Path

from deploy.local.node_code import needed_applications, slim_code

DESCRIPTIONS: dict[str, str | None] = {
    "rabbit": """{application, rabbit, [{vsn, "3"}, {applications, [kernel,
        stdlib, ra, 'rabbit_common']}, {env, []}]}.""",
    "rabbit_common": """{application, rabbit_common, [{applications, [kernel % , not_this
        ]}, {included_applications, [jsx]}]}.""",
    "ra": "{application, ra, [{applications, [aten]}]}.",
    "aten": "{application, aten, [{applications, []}]}.",
    "jsx": "{application, jsx, []}.",
    "rabbitmq_management": "{application, rabbitmq_management, [{applications, [cowboy]}]}.",
    "cowboy": "{application, cowboy, []}.",
}


def test_what_rabbit_needs_is_kept_and_plugins_are_left_out() -> None:
    assert needed_applications(DESCRIPTIONS) == frozenset({"rabbit", "rabbit_common", "ra", "aten", "jsx"})


def test_without_a_description_of_something_needed_nothing_is_left_out() -> None:
    assert needed_applications({**DESCRIPTIONS, "ra": None}) is None
    assert needed_applications({}) is None


def test_an_installation_laid_out_otherwise_is_started_as_it_is(tmp_path: Path) -> None:
    script = tmp_path / "sbin" / "rabbitmq-server"

    assert slim_code(script, tmp_path / "code") is None
    assert not (tmp_path / "code").exists()


def test_the_slim_home_links_the_needed_applications_and_the_scripts(tmp_path: Path) -> None:
    for name, description in DESCRIPTIONS.items():
        home = tmp_path / "installed" / "plugins" / f"{name}-1.0" / "ebin"
        home.mkdir(parents=True)
        (home / f"{name}.app").write_text(description or "")
    (tmp_path / "installed" / "sbin").mkdir()

    scripts = slim_code(tmp_path / "installed" / "sbin" / "rabbitmq-server", tmp_path / "code")

    assert scripts == tmp_path / "code" / "sbin"
    assert {entry.name for entry in (tmp_path / "code" / "plugins").iterdir()} == {
        "rabbit-1.0",
        "rabbit_common-1.0",
        "ra-1.0",
        "aten-1.0",
        "jsx-1.0",
    }
