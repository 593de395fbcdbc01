"""What commands print of many things at once, piece by piece."""

from collections.abc import AsyncIterator

import pytest

from fleet.cli.output import PAGE, print_json, print_json_list, print_table


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_a_list_printed_item_by_item_is_the_list(
    capsys: pytest.CaptureFixture[str], count: int
) -> None:
    items = [{"id": number, "[\n": ["\n]"], "empty": []} for number in range(count)]

    async def come() -> AsyncIterator[object]:
        for item in items:
            yield item

    print_json(items)
    whole = capsys.readouterr().out
    await print_json_list(come())
    assert capsys.readouterr().out == whole


def test_the_pages_of_a_table_are_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(str(number), "x" * (number % 7), "[bold]") for number in range(2 * PAGE + 1)]
    rows[-1] = ("a long id", "日本", "a\nb\x1b[2J")
    print_table(("ID", "Bot", "Error"), rows)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(rows)
    assert [line.split()[0] for line in lines[:4]] == ["ID", "0", "1", "2"]
    at = lines[0].index("Error")
    assert {line.index("[bold]") for line in lines[1:-1]} == {at}
    assert lines[-1].split() == ["a", "long", "id", "日本", "a", "b", "[2J"]
