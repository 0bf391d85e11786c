"""`python -m codegen check` passes on the checkout, and names whatever is off."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.loaders
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the generator is a tool of the checkout, not of the package

from codegen import __main__ as command, overlay as overlays  # noqa: E402 - see above
from codegen.overlay import Overlay  # noqa: E402 - same
from codegen.service import Service  # noqa: E402 - same

if TYPE_CHECKING:
    from collections.abc import Callable

OVERLAYS = ROOT / "codegen" / "overlays"


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the generator makes of the installed service model and the tree's overlays."""
    problems, files = command.build(tmp_path_factory.mktemp("rebuilt"))
    assert problems == []
    return files


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the generated folders that `check` looks at instead of the tree."""
    copy = tmp_path / "drs_sdk"
    for name in command.FOLDERS:
        shutil.copytree(
            command.TARGET / name, copy / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("enums.py", "scalars.py", "waiters/methods.py"):
        (copy / name).parent.mkdir(exist_ok=True)
        shutil.copy(command.TARGET / name, copy / name)
    monkeypatch.setattr(command, "TARGET", copy)
    return copy


@pytest.fixture
def overlay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the overlays that `check` reads instead of the tree's."""
    copy = tmp_path / "overlays"
    shutil.copytree(OVERLAYS, copy)
    monkeypatch.setattr(overlays, "FOLDER", copy)
    monkeypatch.setattr(command, "Overlay", lambda: Overlay(copy))
    return copy


@pytest.fixture
def service_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes botocore carry another service model."""
    loader = botocore.loaders.Loader()
    version = loader.determine_latest_version("drs", "service-2")
    home = tmp_path / "data" / "drs" / version

    def change(edit: Callable[[dict[str, Any]], None]) -> None:
        model = json.loads(json.dumps(loader.load_service_model("drs", "service-2")))
        edit(model)
        home.mkdir(parents=True)
        (home / "service-2.json").write_text(json.dumps(model))
        monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / "data"))

    return change


def edit(path: Path, pattern: str, replacement: str) -> None:
    text = path.read_text("utf-8")
    changed, count = re.subn(pattern, replacement, text, count=1, flags=re.DOTALL | re.MULTILINE)
    assert count == 1, f"{pattern} is not in {path}"
    path.write_text(changed, "utf-8")


def named(problems: list[str], *words: str) -> bool:
    return any(all(word in problem for word in words) for problem in problems)


def test_the_checkout_is_what_the_generator_makes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "codegen", "check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0


def test_a_check_that_fails_says_so_to_the_shell(
    overlay: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(overlay / "safety.toml", r"^\[StartRecovery\].*?\n\n", "")
    monkeypatch.setattr(sys, "argv", ["codegen", "check"])

    assert command.main() == 1
    said = capsys.readouterr().err
    assert "StartRecovery" in said
    assert "make generate" in said


def test_a_copy_of_the_checkout_passes(checkout: Path, overlay: Path) -> None:
    assert checkout.exists()
    assert overlay.exists()
    assert command.check() == []


class TestTheCheckoutFallsBehind:
    """Something of the service model is missing from the generated folders."""

    @pytest.fixture(autouse=True)
    def build_once(self, rebuilt: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(command, "build", lambda _: ([], dict(rebuilt)))

    def test_a_file_edited_by_hand(self, checkout: Path) -> None:
        with (checkout / "models" / "jobs.py").open("a", encoding="utf-8") as file:
            file.write("\nEXTRA = 1\n")
        assert command.check() == ["models/jobs.py: differs from a rebuild"]

    def test_a_missing_file(self, checkout: Path) -> None:
        (checkout / "operations" / "tags.py").unlink()
        assert command.check() == ["operations/tags.py: missing"]

    def test_a_file_too_many(self, checkout: Path) -> None:
        (checkout / "models" / "extras.py").write_text("")
        assert command.check() == ["models/extras.py: not generated any more"]

    @pytest.mark.parametrize(
        ("name", "pattern"),
        [
            ("operations/jobs.py", r"    async def delete_job\(.*?(?=\n    def )"),
            ("models/jobs.py", r"    job_ids: .*?(?=\n    from_date: )"),
            ("enums.py", r"    LAUNCHED = \"LAUNCHED\"\n    \"\"\".*?\"\"\"\n"),
            ("models/jobs.py", r"\"Only these jobs, at most 1000; empty means all\.\""),
        ],
        ids=["operation", "member", "enum value", "description"],
    )
    def test_a_piece_is_removed(self, checkout: Path, name: str, pattern: str) -> None:
        edit(checkout / name, pattern, "")
        assert command.check() == [f"{name}: differs from a rebuild"]


class TestTheServiceGrows:
    """The installed botocore knows more than the overlays and the checkout do."""

    def test_a_new_operation_is_named(self, service_model: Callable[..., None]) -> None:
        def grow(model: dict[str, Any]) -> None:
            model["operations"]["PauseJob"] = {
                **model["operations"]["DeleteJob"],
                "name": "PauseJob",
            }

        service_model(grow)
        problems = command.check()
        for source in ("families.toml", "safety.toml", "operations.toml"):
            assert named(problems, source, "PauseJob", "missing")

    def test_a_new_member_is_named(self, service_model: Callable[..., None]) -> None:
        def grow(model: dict[str, Any]) -> None:
            model["shapes"]["Job"]["members"]["priorityOfTheJob"] = {"shape": "LargeBoundedString"}

        service_model(grow)
        assert named(command.check(), "Job.priorityOfTheJob")

    def test_a_new_member_with_known_words_changes_the_checkout(
        self, service_model: Callable[..., None]
    ) -> None:
        def grow(model: dict[str, Any]) -> None:
            model["shapes"]["JobLog"]["members"]["arn"] = {"shape": "ARN"}

        service_model(grow)
        assert named(command.check(), "models/jobs.py", "differs")

    def test_a_new_enum_value_is_named(self, service_model: Callable[..., None]) -> None:
        service_model(lambda model: model["shapes"]["JobStatus"]["enum"].append("FAILED"))
        assert named(command.check(), "enums.toml", "JobStatus", "FAILED", "missing")

    def test_a_new_structure_is_named(self, service_model: Callable[..., None]) -> None:
        def grow(model: dict[str, Any]) -> None:
            model["shapes"]["JobPriority"] = {"type": "structure", "members": {}}
            model["shapes"]["Job"]["members"]["tags"] = {"shape": "JobPriority"}

        service_model(grow)
        problems = command.check()
        assert named(problems, "families.toml", "JobPriority", "missing")
        assert named(problems, "structures.toml", "JobPriority", "missing")

    def test_what_the_service_drops_is_named(self, service_model: Callable[..., None]) -> None:
        def shrink(model: dict[str, Any]) -> None:
            del model["operations"]["DeleteJob"]
            model["shapes"]["JobStatus"]["enum"].remove("PENDING")
            del model["shapes"]["CPU"]["members"]["cores"]

        service_model(shrink)
        problems = command.check()
        assert named(problems, "DeleteJob", "unknown")
        assert named(problems, "JobStatus", "PENDING", "unknown")
        assert named(problems, "CPU.cores")

    def test_a_changed_bound_changes_the_checkout(self, service_model: Callable[..., None]) -> None:
        def widen(model: dict[str, Any]) -> None:
            model["shapes"]["DescribeJobsRequestFiltersJobIDs"]["max"] = 2000

        service_model(widen)
        assert named(command.check(), "models/jobs.py", "differs")

    def test_a_member_of_an_answer_outside_the_body_is_refused(
        self, service_model: Callable[..., None]
    ) -> None:
        def move(model: dict[str, Any]) -> None:
            model["shapes"]["DescribeJobsResponse"]["members"]["nextToken"] = {
                "shape": "PaginationToken",
                "location": "header",
                "locationName": "x-token",
            }

        service_model(move)
        with pytest.raises(NotImplementedError, match="DescribeJobs"):
            command.check()


class TestOverlays:
    """A hand-written fact is missing, unknown or stale."""

    @pytest.mark.parametrize(
        ("structure", "member"),
        [
            ("RecoveryInstanceDataReplicationInfo", "lagDuration"),
            ("RecoveryInstanceFailback", "elapsedReplicationDuration"),
        ],
    )
    def test_a_fix_is_stale_once_the_model_is_corrected(
        self, service_model: Callable[..., None], structure: str, member: str
    ) -> None:
        def correct(model: dict[str, Any]) -> None:
            model["shapes"][structure]["members"][member]["shape"] = "ISO8601DurationString"

        service_model(correct)
        (problem,) = command.check()
        assert problem.startswith(f"overrides.toml: {structure}.{member} is stale")
        assert "ISO8601DurationString, not ISO8601DatetimeString" in problem

    def test_a_fix_of_what_is_gone_is_stale(self, overlay: Path) -> None:
        with (overlay / "overrides.toml").open("a", encoding="utf-8") as file:
            file.write('\n[Job.gone]\nmodel_says = "String"\ntreat_as = "String"\nreason = "x"\n')
        assert named(command.check(), "Job.gone", "stale")

    @pytest.mark.parametrize(
        ("file", "pattern", "words"),
        [
            ("descriptions/operations.toml", r"^\[DeleteJob\].*?\n\n", ["DeleteJob"]),
            ("descriptions/structures.toml", r"^CPU = .*?\n", ["CPU"]),
            ("descriptions/members.toml", r"^cores = .*?\n", ["CPU.cores"]),
            ("descriptions/enums.toml", r"^AGENT_NOT_SEEN = .*?\n", ["AGENT_NOT_SEEN"]),
            ("safety.toml", r"^\[DeleteJob\].*?\n\n", ["DeleteJob"]),
            ("families.toml", r"\"DeleteJob\", ", ["DeleteJob"]),
            ("families.toml", r"    \"CPU\",\n", ["CPU"]),
        ],
    )
    def test_what_is_missing_is_named(
        self, overlay: Path, file: str, pattern: str, words: list[str]
    ) -> None:
        edit(overlay / file, pattern, "")
        assert named(command.check(), *words)

    @pytest.mark.parametrize(
        ("file", "text", "words"),
        [
            ("descriptions/operations.toml", '\n[Dance]\nsummary = "x"\n', ["Dance", "unknown"]),
            ("descriptions/members.toml", '\n[Mood]\nof = "x"\n', ["Mood.of"]),
            ("safety.toml", '\n[Dance]\nclass = "read"\nreason = "x"\n', ["Dance", "unknown"]),
            ("traits.toml", '\nDance = "drs_sdk.traits.job.JobTraits"\n', ["Dance"]),
        ],
    )
    def test_what_is_unknown_is_named(
        self, overlay: Path, file: str, text: str, words: list[str]
    ) -> None:
        with (overlay / file).open("a", encoding="utf-8") as opened:
            opened.write(text)
        assert named(command.check(), *words)

    def test_a_safety_class_has_a_known_name_and_a_reason(self, overlay: Path) -> None:
        edit(
            overlay / "safety.toml",
            r'^\[DeleteJob\]\nclass = "idempotent"',
            '[DeleteJob]\nclass = "fine"',
        )
        assert named(command.check(), "safety.toml", "DeleteJob")

    def test_an_operation_stands_in_one_family(self, overlay: Path) -> None:
        edit(overlay / "families.toml", r'"DeleteJob", ', '"DeleteJob", "DeleteSourceServer", ')
        assert named(command.check(), "DeleteSourceServer", "twice")

    def test_no_description_is_the_service_models_own(self) -> None:
        """Our own words: no sentence of the service model's documentation is copied."""
        theirs = json.dumps(botocore.loaders.Loader().load_service_model("drs", "service-2"))
        plain = re.sub(r"<[^>]+>|\\n|\s+", " ", theirs)
        theirs_sentences = {
            sentence.strip(" .\"'")
            for sentence in re.split(r"(?<=[.])\s|\"", plain)
            if len(sentence.split()) >= 8
        }
        ours = " ".join(
            path.read_text("utf-8") for path in sorted((OVERLAYS / "descriptions").glob("*.toml"))
        )
        copied = [sentence for sentence in theirs_sentences if sentence and sentence in ours]
        assert copied == []

    def test_the_overlays_in_the_tree_have_no_problem(self) -> None:
        assert Overlay().check(Service()) == []


def test_generating_writes_every_file_and_nothing_else(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.relative_to(checkout): path.read_text() for path in checkout.rglob("*.py")}
    (checkout / "models" / "stale.py").write_text("")
    (checkout / "models" / "jobs.py").write_text("broken")

    assert command.generate() == []
    assert {path.relative_to(checkout): path.read_text() for path in checkout.rglob("*.py")} == (
        before
    )
    assert f"{len(before)} files" in capsys.readouterr().out
    assert command.check() == []


def test_generating_with_a_broken_overlay_touches_nothing(checkout: Path, overlay: Path) -> None:
    edit(overlay / "safety.toml", r"^\[DeleteJob\].*?\n\n", "")
    (checkout / "models" / "jobs.py").write_text("mine")
    assert named(command.generate(), "DeleteJob")
    assert (checkout / "models" / "jobs.py").read_text() == "mine"


def test_check_names_a_table_of_the_docs_that_differs(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checkout.exists()
    page = tmp_path / "waiters.md"
    text = command.waits.PAGE.read_text("utf-8")
    page.write_text(text.replace("| 1 h | 5 s to 30 s |", "| 2 h | 5 s to 30 s |"), "utf-8")
    monkeypatch.setattr(command.waits, "PAGE", page)
    assert command.check() == ["docs/waiters.md: its tables differ"]
    page.write_text(command.waits.page(page.read_text("utf-8")), "utf-8")
    assert page.read_text("utf-8") == text


def test_waits_that_nothing_is_said_of_are_named(tmp_path: Path) -> None:
    said = (OVERLAYS / "waits.toml").read_text("utf-8")
    (tmp_path / "waits.toml").write_text(said.replace("[wait_until_failback_ready]", "[other]"))
    with pytest.raises(ValueError, match="wait_until_failback_ready"):
        command.waits.methods(tmp_path)


# The page of every method


def test_check_compares_the_page_of_every_method(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checkout.exists()
    page = tmp_path / "methods.md"
    text = command.method_list.PAGE.read_text("utf-8")
    page.write_text(text.replace("| unsafe |", "| idempotent |", 1), "utf-8")
    monkeypatch.setattr(command.method_list, "PAGE", page)
    assert command.check() == ["docs/reference/methods.md: differs from a rebuild"]


def test_every_operation_has_its_row() -> None:
    text = command.method_list.PAGE.read_text("utf-8").replace("<wbr>", "")
    rows = [line for line in text.splitlines() if line.startswith("| [<code>")]
    assert len(rows) == len(Service().operations)
    for name, entry in Overlay().safety.items():
        (row,) = (row for row in rows if f"<code>drs:{name}</code>" in row)
        assert f"| {entry['class']} |" in row


def test_what_can_be_waited_for_has_its_wait() -> None:
    ended = {
        "job": "wait_until_job_completed",
        "recoveryPlanExecution": "wait_until_recovery_plan_execution_completed",
    }
    after = command.waits.after()
    service = Service()
    for name, operation in service.operations.items():
        answer = service.shapes[operation.output].members if operation.output else {}
        for member in answer.keys() & ended.keys():
            if name.startswith(("Start", "Retry", "Terminate", "Associate")):
                assert ended[member] in after[name], name


def test_a_wait_after_an_operation_that_does_not_exist_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command.waits, "after", lambda: {"StartNothing": ["wait_until_x"]})
    with pytest.raises(ValueError, match="StartNothing"):
        command.method_list.page(Service(), Overlay())
