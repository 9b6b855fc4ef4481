"""What was measured, as tables for people, JSON for programs and a picture for the README."""

import json
import re
import statistics

import pygal
from pygal.style import Style

# What rows are compared with.
BASELINES = ("file", "WSGI view", "Django view", "ORM view")
_STYLE = Style(
    background="white",
    plot_background="white",
    font_family="sans-serif",
    legend_font_size=13,
    title_font_size=16,
    colors=(
        *("#1b1b1b", "#c0392b", "#2471a3", "#7fb3d5", "#1e8449", "#b9770e", "#f0b27a"),
        *("#7d3c98", "#c39bd3", "#707b7c", "#117a65", "#e84393"),
    ),
)
# What the library adds for those who hover over a chart.
_SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)


def medians(samples):
    """One row of some rounds: the medians, and all errors."""
    row = {
        name: statistics.median(getattr(sample, name) for sample in samples)
        for name in ("rate", "p50", "p99", "cpu_micros")
    }
    return row | {
        name: sum(getattr(sample, name) for sample in samples) for name in ("refused", "failed")
    }


def with_ratios(rows):
    """The rows with what each costs compared with the baselines of the same run."""
    known = {row["server"]: row["cpu_micros"] for row in rows if row["server"] in BASELINES}
    return [
        row | {f"of {name}": row["cpu_micros"] / max(1e-9, cost) for name, cost in known.items()}
        for row in rows
    ]


def table(rows):
    """The rows as a Markdown table."""
    ratios = [name for name in rows[0] if name.startswith("of ")]
    lines = [
        "| page | from | requests/s | p50 ms | p99 ms | CPU µs |"
        + "".join(f" × {name[3:]} |" for name in ratios)
        + " refused | failed |",
        "|" + "---|" * (8 + len(ratios)),
    ]
    lines += [
        f"| {row['page']} | {row['server']} | {row['rate']:,.0f} | {row['p50']:.2f} |"
        f" {row['p99']:.2f} | {row['cpu_micros']:,.0f} |"
        + "".join(f" {row[name]:,.2f} |" for name in ratios)
        + f" {row['refused']} | {row['failed']} |"
        for row in rows
    ]
    return "\n".join(lines)


def paragraph(name, found):
    """Numbers by name, in a line."""
    words = (
        f"{key.replace('_', ' ')} {value:,.1f}" if isinstance(value, float) else f"{key} {value}"
        for key, value in found.items()
        if not isinstance(value, list)
    )
    return f"{name}: {', '.join(words)}"


def growth(runs):
    """How the cost of uncached pages grows: a Markdown table of CPU µs for each size, and beside
    it how much more there is to read on the page."""
    sizes = sorted({run["articles"] for run in runs})
    lines = []
    for database in dict.fromkeys(run["database"] for run in runs):
        costs = _uncached(runs, database, "cpu_micros")
        lengths = _uncached(runs, database, "bytes")
        heads = " | ".join(f"{size:,}" for size in sizes)
        lines.append(f"| {database}, CPU µs | {heads} | growth | of what it shows |")
        lines.append("|" + "---|" * (3 + len(sizes)))
        for page, by_size in costs.items():
            cells = [f"{by_size[size]:,.0f}" if size in by_size else "–" for size in sizes]
            cells += [f"{_growth(by_size):.2f}", f"{_growth(lengths[page]):.2f}"]
            lines.append(f"| {page} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _growth(by_size):
    return by_size[max(by_size)] / max(1e-9, by_size[min(by_size)])


def _uncached(runs, database, name):
    """Uncached page → number of articles → what its row says under a name."""
    found = {}
    for run in sorted(runs, key=lambda run: run["articles"]):
        if run["database"] == database:
            for row in run["rows"]:
                if row["server"] == "uncached":
                    found.setdefault(row["page"], {})[run["articles"]] = row[name]
    return found


def write_json(path, runs):
    path.write_text(json.dumps(runs, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_plot(path, runs):
    """Cost against size as an SVG picture without any script, one line for each page.

    One picture for each database: path with the database's name before its ending.
    """
    for database in dict.fromkeys(run["database"] for run in runs):
        picture = _SCRIPT.sub("", _chart(runs, database).render(is_unicode=True))
        path.with_stem(f"{path.stem}-{database}").write_text(f"{picture}\n", encoding="utf-8")


def _chart(runs, database):
    sizes = sorted({run["articles"] for run in runs})
    chart = pygal.Line(
        js=[],
        logarithmic=True,
        style=_STYLE,
        width=900,
        height=560,
        disable_xml_declaration=True,
        truncate_legend=-1,
        stroke_style={"width": 3},
        title=f"What a page costs that is made anew ({database})",
        x_title="articles",
        y_title="CPU milliseconds per request",
        value_formatter=lambda value: f"{value:g}",
    )
    # The same picture is the same file.
    chart.uuid = f"cost-{database}"
    chart.x_labels = [f"{size:,}" for size in sizes]
    for page, by_size in _uncached(runs, database, "cpu_micros").items():
        chart.add(page, [by_size[size] / 1000 if size in by_size else None for size in sizes])
    return chart
