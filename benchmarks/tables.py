"""What was measured, and how it reads as Markdown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of every row.

    Attributes:
        name: What bars call it.
        heading: What readers see.
        decimals: Digits after the point.
    """

    name: str
    heading: str
    decimals: int


@dataclass(frozen=True, slots=True)
class Table:
    """The figures of one part: row by row, each by the column's name."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: dict[str, dict[str, float]]
    titles: dict[str, str]

    def markdown(self) -> str:
        """Render it."""
        lines = [
            f"### {self.title}",
            "",
            " | ".join(["| ", *(column.heading for column in self.columns)]) + " |",
            "| --- |" + " ---: |" * len(self.columns),
        ]
        for name, figures in self.rows.items():
            cells = [f"{figures[column.name]:,.{column.decimals}f}" for column in self.columns]
            lines.append(f"| {self.titles[name]} | {' | '.join(cells)} |")
        return "\n".join(lines)
