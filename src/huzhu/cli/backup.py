"""huzhu backup: the database and the sealed uploads in one folder with a manifest, while people go on working. Never the keys."""

import argparse
import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from huzhu.cli import site, store
from huzhu.core.hashing import canonical_json

FORMAT = "huzhu-backup/1"
MANIFEST = "manifest.json"
FILES = "files.tar"


def register(verbs: Any) -> None:
    """Adds the verb to the parser."""
    verb = verbs.add_parser("backup", help="备份数据库和附件，不用停机；密钥不在里面")
    verb.add_argument("--to", metavar="文件夹", help="放在哪里，默认 var/backups；请再抄到另一台机器")
    verb.add_argument(
        "--keep", type=_at_least_one, metavar="份数", help="只留最新几份，更旧的删掉；默认都留着"
    )
    verb.set_defaults(run=run)


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("至少是 1：最新的一份总要留着")
    return int(text)


def run(asked: argparse.Namespace) -> int:
    """Makes one backup; 1 where it could not be made, and then nothing half-done is left."""
    try:
        site.ready()
        place = site.place()
        root = Path(asked.to).resolve() if asked.to else place.var / "backups"
        made = make(place, root, at=datetime.now(UTC))
        for old in backups(root)[asked.keep :] if asked.keep else ():
            shutil.rmtree(old)
    except (site.SiteClosed, OSError) as problem:
        print(f"没有备份成：{problem}", file=sys.stderr)
        return 1
    size = sum(file.stat().st_size for file in made.iterdir())
    print(f"已备份到 {made}（{size / 1024 / 1024:.1f} MB）。")
    print("密钥（HUZHU_KEYS）不在备份里：没有它，备份打不开。请另外保管，不要和备份放在一起。")
    return 0


def make(place: site.Place, root: Path, *, at: datetime) -> Path:
    """One backup under the root, under its name only when it is whole and on the disk."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"huzhu-{at:%Y%m%d-%H%M%S}"
    beside, done = root / f".{name}.part", root / name
    if done.exists():
        raise site.SiteClosed(f"{done} 已经有了。请等一秒再备份。")
    beside.mkdir(mode=0o700)
    try:
        with site.snapshot():
            said = site.kept_with()  # before the database: the copy then holds this anchor
        dump, tar = parts(beside, place.engine)
        store.copy_database(place, dump)
        count = store.pack(place.var / "files", tar)  # after it: files are only added
        manifest = {
            "format": FORMAT,
            "name": name,
            "made_at": at.isoformat(),
            "engine": place.engine,
            "files_count": count,
            **said,
            "parts": {part.name: _part(part) for part in (dump, tar)},
        }
        (beside / MANIFEST).write_text(canonical_json(manifest) + "\n", encoding="utf-8")
        store.settle(beside)
        beside.rename(done)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    size = sum(part.stat().st_size for part in done.iterdir())
    site.note_backup(name=name, size=size, sha256=store.digest(done / MANIFEST), at=at)
    return done


def parts(folder: Path, engine: str) -> tuple[Path, Path]:
    """The database and the uploads inside a backup."""
    return folder / store.database_name(engine), folder / FILES


def backups(root: Path) -> list[Path]:
    """Whole backups in a folder, the newest first."""
    return sorted((path.parent for path in root.glob(f"huzhu-*/{MANIFEST}")), reverse=True)


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a backup whose parts are all there and as they were. SiteClosed."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise site.SiteClosed(f"{folder} 是另一种格式的备份（{manifest['format']}），这个版本读不了。")
        for name, told in manifest["parts"].items():
            if Path(name).name != name:
                raise site.SiteClosed(f"{folder} 的清单里有不合规矩的文件名，不能使用。")
            if _part(folder / name) != told:
                raise site.SiteClosed(f"备份里的 {name} 和清单不符：抄坏了或被改过。请换一份备份。")
    except FileNotFoundError as missing:
        gone = Path(str(missing.filename)).name
        raise site.SiteClosed(
            f"{folder} 不是完整的备份：缺 {gone}。请给出 huzhu backup 做的文件夹。"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, NotADirectoryError):
        raise site.SiteClosed(f"{folder} 的清单读不出来，不能使用。请换一份备份。") from None
    return dict(manifest)


def _part(file: Path) -> dict[str, Any]:
    return {"bytes": file.stat().st_size, "sha256": store.digest(file)}
