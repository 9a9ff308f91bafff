"""Reading git: every answer comes from the repository of the folder, and a missing one says what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from egp.record.sources.git import MAX_CONTENT, Repository
from egp.record.sources.git_command import GitError
from tests.sources.scripted import ScriptedRepository

STRANGE = [
    "with space.yaml",
    "ümläut.yaml",
    "line\nbreak.yaml",
    "-x.yaml",
    "a*b?[c].yaml",
    ":(top)x.yaml",
    'qu"ote.yaml',
]


def opened(scripted: ScriptedRepository) -> Repository:
    return Repository.at(str(scripted.root))


def test_a_file_reads_as_the_commit_has_it(scripted: ScriptedRepository) -> None:
    scripted.write("plans/a.yaml", "one\r\n")
    first = scripted.commit("2023-01-02")
    scripted.write("plans/a.yaml", "two\n")
    repository = opened(scripted)
    assert repository.read(first, "plans/a.yaml") == b"one\r\n"
    assert repository.read(first, "plans/b.yaml") is None
    assert repository.read(first, "plans") is None, "a folder is no file"
    assert repository.paths(first) == ["plans/a.yaml"]


@pytest.mark.parametrize("name", STRANGE)
def test_any_name_of_a_file_is_only_a_name(scripted: ScriptedRepository, name: str) -> None:
    scripted.write(name, name)
    scripted.write("a1b1c.yaml", "another\n")
    scripted.commit("2023-01-02")
    scripted.write(name, f"{name}\n")
    commit = scripted.commit("2023-01-03")
    repository = opened(scripted)
    assert repository.read(commit, name) == f"{name}\n".encode()
    assert [version.content for version in repository.versions(name)] == [f"{name}\n".encode(), name.encode()]


def test_a_name_that_is_not_unicode_is_read(scripted: ScriptedRepository) -> None:
    name = os.fsdecode(b"\xff.yaml")
    (scripted.root / name).write_bytes(b"x\n")
    commit = scripted.commit("2023-01-02")
    assert opened(scripted).read(commit, name) == b"x\n"


def test_links_and_submodules_are_no_files(scripted: ScriptedRepository, tmp_path: Path) -> None:
    inner = ScriptedRepository.begun(tmp_path / "inner")
    inner.write("plan.yaml", "x\n")
    inner.commit("2023-01-02")
    scripted.git("submodule", "--quiet", "add", str(inner.root), "inner")
    (scripted.root / "link.yaml").symlink_to("inner/plan.yaml")
    commit = scripted.commit("2023-01-03")
    assert opened(scripted).paths(commit) == [".gitmodules"]


def test_inside_a_submodule_the_submodule_answers(scripted: ScriptedRepository, tmp_path: Path) -> None:
    inner = ScriptedRepository.begun(tmp_path / "inner")
    inner.write("plan.yaml", "x\n")
    commit = inner.commit("2023-01-02")
    scripted.git("submodule", "--quiet", "add", str(inner.root), "inner")
    scripted.commit("2023-01-03")
    repository = Repository.at(str(scripted.root / "inner"))
    assert repository.root == str(scripted.root / "inner")
    assert repository.commit("HEAD") == commit
    assert [version.path for version in repository.versions("plan.yaml")] == ["plan.yaml"]


def test_a_worktree_and_a_subfolder_know_their_root(scripted: ScriptedRepository, tmp_path: Path) -> None:
    scripted.write("plans/deep/a.yaml", "one\n")
    scripted.commit("2023-01-02")
    scripted.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "tree"))
    repository = Repository.at(str(tmp_path / "tree" / "plans" / "deep"))
    assert repository.root == str(tmp_path / "tree")
    assert repository.inside(str(tmp_path / "tree" / "plans" / "deep" / "a.yaml")) == "plans/deep/a.yaml"
    assert repository.read(repository.commit("main"), "plans/deep/a.yaml") == b"one\n"
    assert len(list(repository.versions("plans/deep/a.yaml"))) == 1


def test_a_path_reached_through_a_link_is_named_as_git_names_it(
    scripted: ScriptedRepository, tmp_path: Path
) -> None:
    scripted.write("plans/a.yaml", "one\n")
    (tmp_path / "door").symlink_to(scripted.root)
    repository = Repository.at(str(tmp_path / "door" / "plans"))
    assert repository.inside(str(tmp_path / "door" / "plans" / "a.yaml")) == "plans/a.yaml"
    assert repository.inside(str(tmp_path / "elsewhere.yaml")) is None


def test_variables_of_a_hook_do_not_lead_astray(
    scripted: ScriptedRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.write("a.yaml", "mine\n")
    commit = scripted.commit("2023-01-02")
    other = ScriptedRepository.begun(tmp_path / "other")
    other.write("a.yaml", "other\n")
    other.commit("2023-01-02")
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git" / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other.root / ".git" / "objects"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    monkeypatch.setenv("GIT_EXEC_PATH", str(tmp_path))
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(tmp_path / "trace"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(tmp_path / "program"))
    repository = opened(scripted)
    assert (repository.root, repository.commit("main")) == (str(scripted.root), commit)
    assert repository.read(commit, "a.yaml") == b"mine\n"
    assert not (tmp_path / "trace").exists()


def test_a_replaced_commit_tells_no_other_history(scripted: ScriptedRepository) -> None:
    scripted.write("a.yaml", "agreed\n")
    agreed = scripted.commit("2023-01-02")
    scripted.write("a.yaml", "bent\n")
    bent = scripted.commit("2023-01-03")
    scripted.git("replace", agreed, bent)
    assert scripted.git("show", f"{agreed}:a.yaml") == "bent"
    assert opened(scripted).read(agreed, "a.yaml") == b"agreed\n"


@pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")
def test_no_program_of_the_repository_runs(scripted: ScriptedRepository, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {witness}\n", encoding="utf-8")
    program.chmod(0o755)
    scripted.write("a.yaml", "one\n" * 9)
    first = scripted.commit("2023-01-02")
    scripted.write(".gitattributes", "*.yaml diff=evil filter=evil merge=evil\n")
    scripted.git("mv", "a.yaml", "b.yaml")
    scripted.write("b.yaml", "one\n" * 9 + "two\n")
    scripted.commit("2023-01-03")
    for key in (
        "core.fsmonitor",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "core.pager",
        "gpg.program",
        "gpg.ssh.program",
        "core.sshCommand",
        "core.askPass",
        "core.alternateRefsCommand",
        "core.editor",
        "credential.helper",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "merge.evil.driver",
        "pager.log",
        "alias.log",
        "uploadpack.packObjectsHook",
    ):
        scripted.git("config", key, str(program))
    scripted.git("config", "log.showSignature", "true")
    for hook in ("post-index-change", "reference-transaction"):
        (scripted.root / ".git" / "hooks" / hook).write_text(
            program.read_text(encoding="utf-8"), encoding="utf-8"
        )
        (scripted.root / ".git" / "hooks" / hook).chmod(0o755)
    repository = opened(scripted)
    repository.merge_base("main")
    assert repository.read(first, "a.yaml") == b"one\n" * 9
    assert list(repository.last_versions(["a.yaml", "b.yaml"])) == ["a.yaml", "b.yaml"]
    assert [version.path for version in repository.versions("b.yaml")] == ["b.yaml", "a.yaml"]
    assert not witness.exists()


def test_a_missing_object_of_a_partial_clone_is_not_fetched(
    scripted: ScriptedRepository, tmp_path: Path
) -> None:
    scripted.write("a.yaml", "one\n")
    first = scripted.commit("2023-01-02")
    scripted.write("a.yaml", "two\n")
    scripted.commit("2023-01-03")
    scripted.git("config", "uploadpack.allowFilter", "true")
    scripted.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = ScriptedRepository(tmp_path / "clone")
    clone.git("clone", "--quiet", "--filter=blob:none", f"file://{scripted.root}", ".")
    witness = tmp_path / "witness"
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\ntouch {witness}\nexec git-upload-pack "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    clone.git("config", "remote.origin.uploadpack", str(program))
    repository = opened(clone)
    with pytest.raises(GitError):
        repository.read(first, "a.yaml")
    assert not witness.exists()


def test_a_program_in_the_folder_is_not_taken_for_git(
    scripted: ScriptedRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.write("a.yaml", "one\n")
    commit = scripted.commit("2023-01-02")
    (scripted.root / "git").write_text(f"#!/bin/sh\ntouch {tmp_path / 'witness'}\n", encoding="utf-8")
    (scripted.root / "git").chmod(0o755)
    monkeypatch.chdir(scripted.root)
    monkeypatch.setenv("PATH", os.pathsep.join(("", ".", os.environ["PATH"])))
    assert opened(scripted).commit("HEAD") == commit
    assert not (tmp_path / "witness").exists()


def test_a_folder_that_looks_like_a_bare_repository_is_none(
    scripted: ScriptedRepository, tmp_path: Path
) -> None:
    scripted.write("a.yaml", "one\n")
    commit = scripted.commit("2023-01-02")
    ScriptedRepository(tmp_path / "bare").git("init", "--quiet", "--bare", ".")
    (tmp_path / "bare").rename(scripted.root / "bare")
    with pytest.raises(GitError):
        Repository.at(str(scripted.root / "bare"))
    assert opened(scripted).commit("HEAD") == commit


@pytest.mark.skipif(os.name == "nt", reason="the program is a shell script")
@pytest.mark.parametrize("does", ["sleep 60", "sleep 60 & wait", "echo one; sleep 60"])
def test_git_is_not_waited_for_without_end(
    scripted: ScriptedRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    scripted.write("a.yaml", "one\n")
    commit = scripted.commit("2023-01-02")
    repository = opened(scripted)
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join((str(program.parent), os.environ["PATH"])))
    monkeypatch.setattr("egp.record.sources.git_command.PATIENCE", 0.2)
    with pytest.raises(GitError, match=r"has not answered for 0.2 s"):
        repository.commit("HEAD")
    with pytest.raises(GitError, match=r"has not answered for 0.2 s|git lacks a file"):
        list(repository.contents([commit]))


@pytest.mark.parametrize(
    "ref",
    [
        "nowhere",
        "--upload-pack=touch x",
        "--output=x",
        "HEAD\0",
        "\x1b[2J",
        "--help",
        "-n1",
        "main..HEAD",
        "",
        "HEAD^{tree}x",
        "main\nHEAD",
        "HEAD:a.yaml",
    ],
)
def test_a_ref_that_names_no_commit_is_an_error(scripted: ScriptedRepository, ref: str) -> None:
    scripted.write("a.yaml", "one\n")
    scripted.commit("2023-01-02")
    with pytest.raises(GitError, match="git knows no commit"):
        opened(scripted).merge_base(ref)


def test_refs_are_branches_tags_and_ids(scripted: ScriptedRepository) -> None:
    commit = scripted.commit("2023-01-02")
    scripted.git("tag", "-a", "-m", "agreed", "agreed")
    repository = opened(scripted)
    assert {repository.commit(ref) for ref in ("main", "agreed", commit[:12], "HEAD", "@")} == {commit}


def test_the_merge_base_is_where_the_branches_parted(scripted: ScriptedRepository) -> None:
    parted = scripted.commit("2023-01-02")
    scripted.git("checkout", "--quiet", "-b", "topic")
    scripted.commit("2023-01-03")
    scripted.git("checkout", "--quiet", "main")
    scripted.commit("2023-01-04")
    scripted.git("checkout", "--quiet", "topic")
    assert opened(scripted).merge_base("main") == parted


def test_branches_without_a_common_past_have_no_merge_base(scripted: ScriptedRepository) -> None:
    scripted.commit("2023-01-02")
    scripted.git("checkout", "--quiet", "--orphan", "other")
    scripted.commit("2023-01-03")
    with pytest.raises(GitError, match="share no history"):
        opened(scripted).merge_base("main")


def test_a_shallow_clone_says_that_history_is_missing(scripted: ScriptedRepository, tmp_path: Path) -> None:
    scripted.write("a.yaml", "one\n")
    scripted.commit("2023-01-02")
    scripted.git("branch", "release")
    scripted.write("a.yaml", "two\n")
    last = scripted.commit("2023-01-03")
    url = f"file://{scripted.root}"
    scripted.git("clone", "--quiet", "--depth=1", "--no-single-branch", url, str(tmp_path / "clone"))
    repository = Repository.at(str(tmp_path / "clone"))
    with pytest.raises(GitError, match=r"shallow.*origin/release.*missing") as missing:
        repository.merge_base("origin/release")
    assert "--unshallow" in missing.value.help
    with pytest.raises(GitError, match="git knows no commit") as unknown:
        repository.commit("HEAD~1")
    assert "--unshallow" in unknown.value.help
    versions = repository.versions("a.yaml")
    assert next(versions).commit == last
    with pytest.raises(GitError, match=r"what a\.yaml was before"):
        next(versions)


def test_a_file_that_came_after_the_cut_of_a_shallow_clone_has_its_whole_history(
    scripted: ScriptedRepository, tmp_path: Path
) -> None:
    scripted.commit("2023-01-02")
    scripted.commit("2023-01-03")
    scripted.write("a.yaml", "one\n")
    scripted.commit("2023-01-04")
    scripted.git("clone", "--quiet", "--depth=2", f"file://{scripted.root}", str(tmp_path / "clone"))
    repository = Repository.at(str(tmp_path / "clone"))
    assert repository.is_shallow
    assert len(list(repository.versions("a.yaml"))) == 1


def test_where_there_is_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(GitError, match="lies in no git repository"):
        Repository.at(str(tmp_path))
    with pytest.raises(GitError, match="git cannot be run in"):
        Repository.at(str(tmp_path / "missing"))


def test_without_a_working_tree_there_is_nothing_to_judge(tmp_path: Path) -> None:
    bare = ScriptedRepository(tmp_path / "bare")
    bare.git("init", "--quiet", "--bare")
    with pytest.raises(GitError, match="without a working tree"):
        Repository.at(str(bare.root))


def test_a_repository_without_commits_knows_no_head(scripted: ScriptedRepository) -> None:
    with pytest.raises(GitError, match="the repository has no commit yet"):
        opened(scripted).merge_base("HEAD")


def test_a_machine_without_git_is_told_so(
    scripted: ScriptedRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(GitError, match="git is not installed"):
        Repository.at(str(scripted.root))


def test_the_id_of_a_content_is_the_one_git_gives(scripted: ScriptedRepository) -> None:
    scripted.write("a.yaml", "one\n")
    commit = scripted.commit("2023-01-02")
    repository = opened(scripted)
    assert repository.files(commit)["a.yaml"] == (repository.blob_id(b"one\n"), 4)


def test_a_repository_of_sha256_is_read_alike(tmp_path: Path) -> None:
    scripted = ScriptedRepository(tmp_path / "long")
    scripted.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256")
    scripted.write("a.yaml", "one\n")
    commit = scripted.commit("2023-01-02")
    repository = opened(scripted)
    assert repository.files(commit)["a.yaml"].id == repository.blob_id(b"one\n")
    assert [version.content for version in repository.versions("a.yaml")] == [b"one\n"]


def test_contents_come_in_the_order_asked_and_never_too_large(scripted: ScriptedRepository) -> None:
    scripted.write("large.yaml", b"x" * (2 * MAX_CONTENT + 1))
    scripted.write("empty.yaml", "")
    scripted.write("small.yaml", "one\n")
    files = opened(scripted).files(scripted.commit("2023-01-02"))
    asked = [files[name].id for name in ("small.yaml", "large.yaml", "empty.yaml", "small.yaml")]
    assert list(opened(scripted).contents(asked)) == [b"one\n", None, b"", b"one\n"]


def test_a_single_file_that_is_too_large_is_an_error_and_not_absent(scripted: ScriptedRepository) -> None:
    scripted.write("large.yaml", b"x" * (MAX_CONTENT + 1))
    commit = scripted.commit("2023-01-02")
    with pytest.raises(GitError, match=r"large\.yaml has 1,000,001 bytes"):
        opened(scripted).read(commit, "large.yaml")


def test_only_what_lies_below_the_paths_is_listed(scripted: ScriptedRepository) -> None:
    for path in ("plans/a.yaml", "plans2/b.yaml", "c.yaml"):
        scripted.write(path, "x\n")
    commit = scripted.commit("2023-01-02")
    assert list(opened(scripted).files(commit, ["plans", "c.yaml", "missing"])) == ["c.yaml", "plans/a.yaml"]


def test_versions_go_back_through_renames_to_the_beginning(scripted: ScriptedRepository) -> None:
    text = "".join(f"line {number}\n" for number in range(20))
    scripted.write("a.yaml", text)
    scripted.commit("2023-01-02")
    scripted.write("a.yaml", text + "two\n")
    scripted.commit("2023-01-03")
    scripted.git("mv", "a.yaml", "b.yaml")
    scripted.write("b.yaml", text + "three\n")
    scripted.commit("2023-01-04")
    scripted.write("other.yaml", "other\n")
    scripted.commit("2023-01-05")
    found = [
        (str(version.date), version.path, version.content) for version in opened(scripted).versions("b.yaml")
    ]
    assert found == [
        ("2023-01-04", "b.yaml", (text + "three\n").encode()),
        ("2023-01-03", "a.yaml", (text + "two\n").encode()),
        ("2023-01-02", "a.yaml", text.encode()),
    ]
    assert [version.path for version in opened(scripted).versions("b.yaml", follow=False)] == ["b.yaml"]


def test_a_file_that_went_and_came_back_shows_the_gap(scripted: ScriptedRepository) -> None:
    scripted.write("a.yaml", "one\n")
    scripted.commit("2023-01-02")
    (scripted.root / "a.yaml").unlink()
    scripted.commit("2023-01-03")
    scripted.write("a.yaml", "two\n")
    scripted.commit("2023-01-04")
    assert [version.content for version in opened(scripted).versions("a.yaml")] == [b"two\n", None, b"one\n"]


def test_what_a_merge_itself_changed_is_seen(scripted: ScriptedRepository) -> None:
    scripted.write("a.yaml", "one\n")
    scripted.commit("2023-01-02")
    scripted.git("checkout", "--quiet", "-b", "topic")
    scripted.write("other.yaml", "x\n")
    scripted.commit("2023-01-03")
    scripted.git("checkout", "--quiet", "main")
    scripted.git("merge", "--quiet", "--no-ff", "--no-commit", "topic")
    scripted.write("a.yaml", "bent in the merge\n")
    scripted.commit("2023-01-04")
    assert [version.content for version in opened(scripted).versions("a.yaml")] == [
        b"bent in the merge\n",
        b"one\n",
    ]


def test_a_path_that_history_does_not_know_has_no_versions(scripted: ScriptedRepository) -> None:
    scripted.commit("2023-01-02")
    assert list(opened(scripted).versions("a.yaml")) == []


def test_what_the_working_tree_no_longer_has_is_found_in_every_folder(scripted: ScriptedRepository) -> None:
    kept = ["kept/a.yaml", "kept/b/c.yaml", "kept/b-d.yaml", "kept/b/kept/b/e.yaml", "kept/z.yaml"]
    strange = [f"kept/b/{name}" for name in STRANGE]
    for path in [*kept, *strange, "kept/b/linked.yaml", "kept/folder.yaml", "alone/x.yaml", "other/y.yaml"]:
        scripted.write(path, path)
    commit = scripted.commit("2023-01-02")
    repository = opened(scripted)
    assert repository.removed(commit, "kept") == []
    gone = [*strange, "kept/z.yaml", "kept/b/kept/b/e.yaml"]
    for path in [*gone, "kept/b/linked.yaml", "kept/folder.yaml", "other/y.yaml", "alone/x.yaml"]:
        (scripted.root / path).unlink()
    (scripted.root / "kept/b/linked.yaml").symlink_to("c.yaml")
    (scripted.root / "kept/folder.yaml").mkdir()
    (scripted.root / "alone").rmdir()
    assert {*repository.removed(commit, "kept")} == {*gone, "kept/b/linked.yaml", "kept/folder.yaml"}
    assert repository.removed(commit, "alone") == ["alone/x.yaml"], "its folder is gone, too"
    assert repository.removed(commit, "nowhere") == []
