#!/usr/bin/python3
"""Plots what `test_scale --plot DIR` wrote: for each DIR/NAME.csv a DIR/NAME.svg (or .png: --png).

Above, what each member is asked for over its weight, and the mean; below, moves so far and the forwarded fraction.
Needs the Debian package python3-matplotlib.
"""
import argparse
import csv
import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

MANY = 12  # members, from which on single lines say nothing: the band between lowest and highest is drawn


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def serving(loads):
    return [load for load in loads if load >= 0]  # a member that is dead or drains has a negative one


def draw_members(axes, seconds, members):
    moments = [serving(moment) for moment in zip(*members)]
    if len(members) >= MANY:
        lowest, highest = [min(moment) for moment in moments], [max(moment) for moment in moments]
        axes.fill_between(seconds, lowest, highest, alpha=0.3, label=f"{len(members)} members, lowest to highest")
    else:
        for number, loads in enumerate(members, 1):
            shown = [load if load >= 0 else float("nan") for load in loads]
            axes.plot(seconds, shown, linewidth=1, label=f"member {number}")
    axes.plot(seconds, [sum(moment) / len(moment) for moment in moments], "k--", linewidth=1, label="mean")
    axes.set_ylabel("units/s over weight")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize="x-small", loc="upper right", ncol=2)


def draw_moves(axes, seconds, moves, forwarded):
    axes.step(seconds, moves, where="post", label="moves so far")
    axes.set_ylabel("moves")
    axes.set_xlabel("seconds")
    other = axes.twinx()
    other.plot(seconds, forwarded, "C1", linewidth=1)
    other.set_ylabel("forwarded fraction", color="C1")
    other.set_ylim(0, 1)


def plot(path, suffix):
    data = read(path)
    members = [values for name, values in data.items() if name.startswith("member")]
    figure, (above, below) = plt.subplots(2, 1, figsize=(9, 6), sharex=True, height_ratios=[3, 1])
    figure.suptitle(path.stem)
    draw_members(above, data["seconds"], members)
    draw_moves(below, data["seconds"], data["moves"], data["forwarded"])
    figure.tight_layout()
    figure.savefig(path.with_suffix(suffix))
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--png", action="store_true", help="PNG instead of SVG")
    arguments = parser.parse_args()
    for path in sorted(arguments.folder.glob("*.csv")):
        plot(path, ".png" if arguments.png else ".svg")


if __name__ == "__main__":
    main()
