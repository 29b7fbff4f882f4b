"""Scheme files on disk: schemes/<slug>/<edition>.yaml with schemes/<slug>/cases/*.yaml beside them."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from huzhu.rules import reader
from huzhu.rules.cases import Case, read_cases, run_cases
from huzhu.rules.edition import Edition
from huzhu.rules.entry_cases import EntryCase
from huzhu.rules.fields import Fields
from huzhu.rules.overlay import Parent
from huzhu.rules.problems import Place, Problem, SchemeRefused, refuse
from huzhu.rules.yamltext import read

SHELF = Path(__file__).resolve().parents[3] / "schemes"
SCENARIO = "huzhu-scenario/1"
MOST_BYTES = 2_000_000


class NoSuchScheme(LookupError):
    """Neither a slug on the shelf nor a file; the message lists what there is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `scheme check` found of one file."""

    file: str
    problems: tuple[Problem, ...]
    editions: tuple[Edition, ...] = ()
    claims: int = 0

    @property
    def sound(self) -> bool:
        """Whether every reading is proved and every worked example passes."""
        return not self.problems


@dataclass(slots=True)
class Library:
    """A shelf of schemes; editions are read once and kept."""

    shelf: Path = SHELF
    kept: dict[tuple[Path, str | None], Edition] = field(default_factory=dict)
    listed: list[str] = field(default_factory=list)
    published: dict[str, Edition] = field(default_factory=dict)  # by identity, of those asked for by it

    def slugs(self) -> list[str]:
        """Slugs of the office's own schemes, in the order they themselves ask for (about: place)."""
        if not self.listed:
            own = {slug: files for slug, files in self.folders().items() if not self.of_elsewhere(files[-1])}
            self.listed = sorted(own, key=lambda slug: (self.place(self.newest(own[slug])), slug))
        return self.listed

    def gallery(self) -> list[str]:
        """Slugs of the schemes of other offices (about: gallery), shown to learn from and never offered."""
        found = {slug: self.of_elsewhere(files[-1]) for slug, files in self.folders().items()}
        return sorted((slug for slug, place in found.items() if place), key=lambda slug: (found[slug], slug))

    def folders(self) -> dict[str, list[Path]]:
        """Every slug with an edition that stands on its own, and its files."""
        return {folder.name: files for folder in self.below() if (files := self.files(folder))}

    def below(self) -> list[Path]:
        """What lies on the shelf."""
        if not self.shelf.is_dir():
            raise NoSuchScheme(f"{self.shelf}: 没有这个方案文件夹 → 检查环境变量 HUZHU_SCHEMES")
        return list(self.shelf.iterdir())

    def of_elsewhere(self, path: Path) -> str:
        """The place of another office's scheme; "" for the office's own, and for what cannot be read."""
        try:
            return reader.glance(*self.text(path)).gallery
        except SchemeRefused:
            return ""

    def newest(self, files: list[Path]) -> Path:
        """The edition that opens last; one that is refused is taken only where there is no other."""

        def opens(path: Path) -> tuple[int, str]:
            try:
                return self.read(path).opens_on, path.name
            except SchemeRefused:
                return 0, path.name

        return max(files, key=opens)

    def place(self, path: Path) -> str:
        """Where a scheme wants to stand among the others; a file that is refused stands last."""
        try:
            return self.read(path).about.get("place", "~")
        except SchemeRefused:
            return "~"

    def editions(self) -> list[Edition]:
        """The newest edition of every scheme of the office that can be read; `scheme check` tells of the others."""
        found = []
        for slug in self.slugs():
            with suppress(SchemeRefused):
                found.append(self.edition(slug))
        return found

    def files(self, folder: Path) -> list[Path]:
        """The edition files of one scheme, oldest first; files that only lend parts are left out."""
        return [path for path in sorted(folder.glob("*.yaml")) if not self.lends(path)]

    def lends(self, path: Path) -> bool:
        """Whether a file only lends its parts; one that cannot be read counts as a scheme, so that `check` tells why."""
        try:
            return reader.glance(*self.text(path)).abstract
        except SchemeRefused:
            return False

    def find(self, name: str) -> Path:
        """The newest edition of a slug, one edition by slug/edition, or the file at a path."""
        for path in (self.shelf / f"{name}.yaml", Path(name)):
            with suppress(OSError, ValueError):  # a name no disk can hold
                if path.is_file():
                    return path
        if files := next((self.files(folder) for folder in self.below() if folder.name == name), []):
            return self.newest(files)
        others = "；各地方案的名称见 huzhu scheme list" if self.gallery() else ""
        raise NoSuchScheme(
            f"没有方案“{name[:60]}”：写 {'、'.join(self.slugs())} 之一，或方案文件的路径{others}"
        )

    def edition(self, name: str, variant: str | None = None) -> Edition:
        """A proved edition; raises NoSuchScheme, SchemeRefused, or LookupError for a reading it does not have."""
        return self.read(self.find(name), variant)

    def read(self, path: Path, variant: str | None = None) -> Edition:
        key = (path.resolve(), variant)
        if key not in self.kept:
            self.kept[key] = reader.read_edition(*self.text(path), self.parent_of(path), variant=variant)
        return self.kept[key]

    def supposing(self, path: Path, variant: str | None, scenario: Path) -> tuple[str, Edition]:
        """(label, edition) of a scheme file as a scenario file supposes it to be; raises SchemeRefused or LookupError."""
        tree = read(*self.text(scenario))
        fields = Fields(tree, "情景文件")
        if fields.text("format", "") != SCENARIO:
            raise refuse(tree.place, "文件没有写明格式", f"第一行写 format: {SCENARIO}")
        label = fields.text("label")
        fields.at("overlay")
        fields.done()
        return label, reader.read_edition(
            *self.text(path), self.parent_of(path), variant=variant, scenario=tree
        )

    def parent_of(self, path: Path) -> Parent:
        """Finds what a file extends: beside its own folder first, then on the shelf."""

        def parent(name: str) -> tuple[str, str]:
            for root in (path.parent.parent, path.parent, self.shelf):
                with suppress(OSError, ValueError):  # a name no disk can hold
                    found = root / f"{name}.yaml"
                    if found.resolve().is_relative_to(root.resolve()) and found.is_file():
                        return self.text(found)
            raise LookupError(f"在 {self.shown(self.shelf)} 里放一个 {name[:60]}.yaml，或改名称")

        return parent

    def text(self, path: Path) -> tuple[str, str]:
        """The text of a file and the name that problems call it by."""
        name = self.shown(path)
        try:
            if path.stat().st_size > MOST_BYTES:
                raise refuse(Place(name, 1), "文件太大", f"一个文件不超过 {MOST_BYTES:,} 字节")
            return path.read_text(encoding="utf-8"), name
        except UnicodeDecodeError:
            raise refuse(Place(name, 1), "文件不是 UTF-8 编码", "用 UTF-8 重新保存") from None
        except OSError as error:
            why = "没有这个文件" if isinstance(error, FileNotFoundError) else error.strerror
            raise refuse(Place(name, 1), f"文件打不开（{why}）", "检查路径和权限") from None

    def shown(self, path: Path) -> str:
        """A path as people read it: from the shelf's folder on where it stands there."""
        resolved, home = path.resolve(), self.shelf.parent.resolve()
        return str(resolved.relative_to(home)) if resolved.is_relative_to(home) else str(path)

    def cases(self, path: Path) -> tuple[Case | EntryCase, ...]:
        """The worked examples beside an edition file."""
        return tuple(
            case
            for file in sorted((path.parent / "cases").glob("*.yaml"))
            for case in read_cases(*self.text(file), edition=path.stem)
        )

    def check(self, path: Path) -> Verdict:
        """Reads, proves and runs the worked examples of one file, in every reading."""
        name = self.shown(path)
        try:
            first = self.read(path)
            if first.slug != path.parent.name:
                raise refuse(
                    first.place, f"slug 是“{first.slug}”，文件夹却叫“{path.parent.name}”", "两处写成一样"
                )
            editions = [self.read(path, variant) for variant in first.variants] or [first]
            cases = self.cases(path)
            problems = [problem for edition in editions for problem in run_cases(edition, cases)]
        except SchemeRefused as refused:
            return Verdict(name, tuple(refused.problems))
        if not cases:
            problems.append(
                Problem(Place(name, 1), "没有例题", f"在 {path.parent.name}/cases/ 下写几道能用笔算的例题")
            )
        claims = sum(case.count for case in cases) * len(editions)
        return Verdict(name, tuple(dict.fromkeys(problems)), tuple(editions), claims)
