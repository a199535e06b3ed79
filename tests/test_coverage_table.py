"""The table of what is read counts its holes and does not flatter."""

import pytest

from parsers.notice import Proof
from parsers.pack import load, phrases, shipped
from tests.coverage_table import SIGNS, best, carried, lines

MARKETPLACES = ("aliexpress", "amazon")
TABLE = tuple(lines())


def rows(marketplace):
    """The table of one marketplace: head -> cells."""
    start = next(place for place, line in enumerate(TABLE) if line.startswith(f"**{marketplace}**"))
    stop = next(place for place in range(start + 2, len(TABLE)) if not TABLE[place])
    cut = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in TABLE[start + 2 : stop]
    ]
    return {row[0].strip("`"): row[1:] for row in cut}


@pytest.mark.parametrize("marketplace", MARKETPLACES)
def test_every_kind_a_mail_can_carry_has_a_row(marketplace):
    assert set(carried(marketplace)) - set(rows(marketplace)) == set()


@pytest.mark.parametrize("marketplace", MARKETPLACES)
def test_the_counts_below_a_column_are_those_of_its_cells(marketplace):
    table = rows(marketplace)
    for place, language in enumerate(table["Kind"]):
        column = [cells[place] for kind, cells in table.items() if "." in kind]
        counted = {
            proof: int(table[f"{sign} {proof.value}"][place]) for proof, sign in SIGNS.items()
        }

        assert counted == {proof: column.count(sign) for proof, sign in SIGNS.items()}, language
        assert int(table["holes"][place]) == column.count(""), language


@pytest.mark.parametrize("marketplace", MARKETPLACES)
def test_a_cell_shows_the_best_proof_of_its_phrases(marketplace):
    pack = shipped().pack(marketplace)
    proofs = {}
    for _, saying in phrases(pack):
        proofs.setdefault((saying.kind.value, saying.language), set()).add(saying.proof)

    assert best(pack) == {
        cell: next(
            proof for proof in (Proof.REAL, Proof.RECONSTRUCTED, Proof.GUESS) if proof in found
        )
        for cell, found in proofs.items()
    }


def test_a_language_with_one_phrase_is_all_holes_but_one(tmp_path):
    folder = tmp_path / "amazon" / "phrases"
    folder.mkdir(parents=True)
    (folder / "sv.yaml").write_text(
        "shipment.delivered:\n  subject: ['Levererat: {item}']\n", encoding="utf-8"
    )

    table = list(lines(load(tmp_path)))
    start = next(place for place, line in enumerate(table) if line.endswith("| pt | sv |"))
    holes = next(line for line in table[start:] if line.startswith("| holes"))

    assert int(holes.strip("| ").split("|")[-1]) == len(carried("amazon")) - 1
