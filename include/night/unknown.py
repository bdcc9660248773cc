"""Labels of classes that the champion does not know: the owner is told, once a class and version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.night.messages import tell

if TYPE_CHECKING:
    from include.night.begun import Begun
    from include.night.served import Served
    from include.project import Project


def tell_unknown(project: Project, found: Begun, key: str, pairs: Served) -> None:
    """Tell the owner of classes that the champion does not know, once a class and version."""
    version = found.body["champion_version"]
    for name, rows in pairs.unknown.items():
        tell(
            project,
            found.model.name,
            "notice",
            "warn",
            f"new class {name}",
            f"{rows} of {len(pairs.label)} labels of {key} are of the class {name!r}, which the champion does not know.",
            key=f"new_class/{found.model.name}/{name}/{version}",
            impact="Its score for this class is 0; such rows count as mistakes in the realised metrics.",
            todo=(
                "if the class is a mistake of the source, correct it there",
                f'else let it be learnt: python -m include train {found.model.name} --partition NIGHT --reason "new class"',
            ),
        )
