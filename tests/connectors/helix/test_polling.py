"""How far a poll has come: pages, seconds that had not ended, and looking back. Pure."""

from datetime import UTC, datetime, timedelta

import pytest

from syncline.connector import Chain, link
from syncline_helix.polling import Position, Track, misplaced
from syncline_helix.values import stamp

NOW = datetime(2026, 11, 23, 10, 0, 30, tzinfo=UTC)


def at(seconds: float) -> str:
    return stamp(NOW + timedelta(seconds=seconds))


def rows(*places: tuple[float, str]) -> list[Position]:
    return [Position(at(seconds), ident) for seconds, ident in places]


START = Track(Position(at(-300), ""), reached=at(-10))


class TestPages:
    def test_a_full_page_goes_on_behind_its_last_entry_and_a_short_one_ends_the_run(self):
        first = START.begun(NOW, 0).turned(rows(*((-200 + n, f"INC{n}") for n in range(20))), 20, NOW)
        assert first.page == Position(at(-181), "INC19")
        assert first.mark == START.mark
        last = first.turned(rows((-100, "INC99")), 20, NOW)
        assert (last.running, last.mark) == (False, Position(at(-100), "INC99"))

    def test_a_page_that_the_server_cut_short_goes_on(self):
        turned = START.begun(NOW, 0).turned(rows(*((-200 + n, f"INC{n}") for n in range(12))), 100, NOW)
        assert turned.running

    def test_an_empty_page_leaves_the_mark_where_it_is(self):
        turned = START.begun(NOW, 0).turned([], 20, NOW)
        assert (turned.running, turned.mark) == (False, START.mark)

    def test_a_second_that_had_not_ended_is_read_again(self):
        turned = START.begun(NOW, 0).turned(rows((-50, "INC1"), (0, "INC2")), 20, NOW)
        assert turned.mark == Position(at(-50), "INC1")

    def test_nothing_is_settled_until_the_platform_has_told_its_time(self):
        turned = START.begun(NOW, 0).turned(rows((-50, "INC1")), 20, None)
        assert turned.mark == START.mark

    def test_an_entry_that_changes_while_the_page_is_made_is_no_reason_to_jump(self):
        page = rows(*((-200 + n, f"INC{n}") for n in range(19)), (0, "INC19"))
        turned = START.begun(NOW, 0).turned(page, 20, NOW)
        assert turned.page == Position(at(-182), "INC18")
        ended = turned.turned(rows((-100, "INC50")), 20, NOW)
        assert ended.mark == Position(at(-100), "INC50")

    def test_the_order_of_the_servers_database_counts_and_not_ours(self):
        page = rows(*((-200, ident) for ident in ("inc1", "INC2", "inc3", *(f"x{n}" for n in range(7)))))
        turned = START.begun(NOW, 0).turned([*page[3:], *page[:3]], 10, NOW)
        assert turned.page == Position(at(-200), "inc3")

    def test_a_mark_never_lies_ahead_of_a_clock_that_was_put_back(self):
        ahead = Track(Position(at(500), "INC1"), reached=at(-10))
        assert ahead.begun(NOW, 0).mark == Position(at(0), "")

    def test_every_quarter_of_the_overlap_a_run_begins_further_back(self):
        assert START.begun(NOW, 120).page == START.mark
        old = Track(Position(at(-20), "INC1"), reached=at(-31))
        run = old.begun(NOW, 120)
        assert run.page == Position(at(-20 - 152), "")
        assert run.reached == at(0)
        assert Track(Position(at(-20), "INC1")).begun(NOW, 120).page == Position(at(-172), "")
        # All that could come late behind this mark was seen by the last look.
        assert Track(Position(at(-400), "INC1"), reached=at(-100)).begun(NOW, 120).page == Position(
            at(-400), "INC1"
        )


class TestCursor:
    @pytest.mark.parametrize(
        "track",
        [
            START,
            Track(Position(at(-5), "INC1"), Position(at(-3), "INC2"), Position(at(-1), ""), at(0)),
        ],
    )
    def test_it_comes_back_as_it_was(self, track):
        assert Track.from_json(track.as_json()) == track

    @pytest.mark.parametrize(
        "raw",
        [None, {}, {"mark": ["x", ""]}, {"mark": 7}, {"mark": [at(0)]}, {"mark": [at(0), ""], "reached": 7}],
    )
    def test_what_is_none(self, raw):
        with pytest.raises(ValueError, match=r"cursor|time"):
            Track.from_json(raw)


class TestWhatWasNotAskedFor:
    @pytest.mark.parametrize(
        ("page", "said"),
        [
            (rows((-200, "INC1")), None),
            (rows((-200, "INC1"), (-100, "INC2"), (0, "INC3"), (-90, "INC4")), None),
            (rows((-301, "INC1")), "only later ones"),
            (rows((-100, "INC1"), (-200, "INC2")), "came behind"),
        ],
    )
    def test_it_is_seen(self, page, said):
        found = misplaced(START.mark, page, NOW)
        assert found is None if said is None else said in (found or "")

    def test_the_same_entry_again_is_seen_too(self):
        assert "once more" in (misplaced(Position(at(-9), "INC1"), rows((-9, "INC1")), NOW) or "")


class TestChain:
    def test_it_counts_for_whoever_goes_on_from_its_cursor_alone(self):
        brought = {"records:INC1": (at(-5), "abc"), "notes:WLG1": (at(-500), "def")}
        chain = Chain.after({"chain": "x"}, brought, {"records": at(-100), "notes": at(-100)})
        assert chain.before({"chain": "x"}) == {"records:INC1": (at(-5), "abc")}
        assert chain.before({"chain": "y"}) == {}

    def test_its_name_tells_what_was_brought(self):
        one, other = {"records:INC1": (at(-5), "abc")}, {"records:INC1": (at(-5), "abd")}
        assert link("x", {}) == "x"
        assert len({link("x", one), link("x", other), link("y", one), "x"}) == 4
