"""Following a list by (time, id): pages, seconds that had not ended, looking back, and what that brings again."""

from datetime import UTC, datetime, timedelta

import pytest

from syncline.connector import Follower, Position, Shown, Track, misplaced, tracks
from syncline.connector.following import _Chain, _link
from syncline.errors import Configuration, RetryLater

NOW = datetime(2026, 11, 23, 10, 0, 30, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def stamp(seconds: float) -> str:
    return Position(at(seconds)).stamp


def rows(*places: tuple[float, str]) -> list[Position]:
    return [Position(at(seconds), ident) for seconds, ident in places]


START = Track(Position(at(-300)), reached=at(-10))


class TestPages:
    def test_a_full_page_goes_on_behind_its_last_entry_and_a_short_one_ends_the_run(self):
        first = START.begun(NOW, 0, 200).turned(
            rows(*((-200 + n, f"INC{n}") for n in range(20))), 20, NOW, ended=False
        )
        assert first.page == Position(at(-181), "INC19")
        assert first.mark == START.mark
        last = first.turned(rows((-100, "INC99")), 20, NOW, ended=True)
        assert (last.running, last.mark) == (False, Position(at(-100), "INC99"))

    def test_a_short_page_that_is_not_the_last_goes_on(self):
        turned = START.begun(NOW, 0, 200).turned(
            rows(*((-200 + n, f"INC{n}") for n in range(12))), 100, NOW, ended=False
        )
        assert turned.running

    def test_an_empty_page_leaves_the_mark_where_it_is(self):
        turned = START.begun(NOW, 0, 200).turned([], 20, NOW, ended=True)
        assert (turned.running, turned.mark) == (False, START.mark)

    def test_rows_that_we_may_not_see_are_stepped_over(self):
        first = START.begun(NOW, 0, 200).turned([], 20, NOW, ended=False)
        assert (first.page, first.offset) == (START.mark, 20)
        then = first.turned(rows((-50, "INC1")), 20, NOW, ended=False)
        assert (then.page, then.offset) == (Position(at(-50), "INC1"), 0)

    def test_a_page_is_made_smaller_while_the_platform_gives_up_on_it_and_larger_again(self):
        run = START.begun(NOW, 0, 32)
        small = run.shrunk()
        assert small is not None
        assert (small.size, small.shrunk().size, small.shrunk().shrunk()) == (16, 10, None)
        assert small.turned([], 16, NOW, ended=True).begun(NOW, 0, 32).size == 32

    def test_a_second_that_had_not_ended_is_read_again(self):
        turned = START.begun(NOW, 0, 200).turned(rows((-50, "INC1"), (0, "INC2")), 20, NOW, ended=True)
        assert turned.mark == Position(at(-1))

    def test_nothing_is_settled_until_the_platform_has_told_its_time(self):
        turned = START.begun(NOW, 0, 200).turned(rows((-50, "INC1")), 20, None, ended=True)
        assert turned.mark == START.mark

    def test_an_entry_that_changes_while_the_page_is_made_is_no_reason_to_jump(self):
        page = rows(*((-200 + n, f"INC{n}") for n in range(19)), (0, "INC19"))
        turned = START.begun(NOW, 0, 200).turned(page, 20, NOW, ended=False)
        assert turned.page == Position(at(-182), "INC18")
        ended = turned.turned(rows((-100, "INC50")), 20, NOW, ended=True)
        assert ended.mark == Position(at(-100), "INC50")

    def test_the_order_of_the_servers_database_counts_and_not_ours(self):
        page = rows(*((-200, ident) for ident in ("inc1", "INC2", "inc3", *(f"x{n}" for n in range(7)))))
        turned = START.begun(NOW, 0, 200).turned([*page[3:], *page[:3]], 10, NOW, ended=False)
        assert turned.page == Position(at(-200), "inc3")

    def test_a_mark_never_lies_ahead_of_a_clock_that_was_put_back(self):
        ahead = Track(Position(at(500), "INC1"), reached=at(-10))
        assert ahead.begun(NOW, 0, 200).mark == Position(at(0))

    def test_every_quarter_of_the_overlap_a_run_begins_further_back(self):
        assert START.begun(NOW, 120, 200).page == START.mark
        old = Track(Position(at(-20), "INC1"), reached=at(-31))
        run = old.begun(NOW, 120, 200)
        assert run.page == Position(at(-20 - 152))
        assert run.reached == at(0)
        assert Track(Position(at(-20), "INC1")).begun(NOW, 120, 200).page == Position(at(-172))
        # All that could come late behind this mark was seen by the last look.
        assert Track(Position(at(-400), "INC1"), reached=at(-100)).begun(NOW, 120, 200).page == Position(
            at(-400), "INC1"
        )


class TestCursor:
    @pytest.mark.parametrize(
        "track",
        [
            START,
            Track(Position(at(-5), "INC1"), Position(at(-3), "INC2"), 7, Position(at(-1)), at(0), 50),
        ],
    )
    def test_it_comes_back_as_it_was(self, track):
        assert Track.from_json(track.as_json()) == track

    def test_one_of_an_earlier_release_is_read_too(self):
        """ServiceNow's were written as ServiceNow writes times."""
        raw = {
            "mark": ["2026-11-23 10:00:30", "a"],
            "page": None,
            "offset": 0,
            "hold": None,
            "reached": "2026-11-23 10:00:00",
        }
        track = Track.from_json(raw)
        assert (track.mark, track.reached) == (Position(NOW, "a"), at(-30))

    def test_what_is_none_stops_the_poll_and_says_what_to_do(self):
        with pytest.raises(
            Configuration, match=r"snow: the stored cursor cannot be read.*syncline sync --once"
        ):
            tracks({"records": {"mark": 7}}, ["records"], "snow")

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
        assert found == misplaced(START.mark, page, NOW, by_id=False)
        assert found is None if said is None else said in (found or "")

    def test_the_same_entry_again_is_seen_too(self):
        assert "only later ones" in (misplaced(Position(at(-9), "INC1"), rows((-9, "INC1")), NOW) or "")

    def test_an_order_of_ids_that_is_not_ours_is_no_fault_where_it_is_known_to_differ(self):
        page = rows((-100, "b"), (-100, "A"))
        assert "came behind" in (misplaced(START.mark, page, NOW) or "")
        assert misplaced(START.mark, page, NOW, by_id=False) is None


class TestChain:
    def test_it_counts_for_whoever_goes_on_from_its_cursor_alone(self):
        brought = {"records:INC1": (stamp(-5), "abc"), "notes:WLG1": (stamp(-500), "def")}
        chain = _Chain.after({"chain": "x"}, brought, {"records": stamp(-100), "notes": stamp(-100)})
        assert chain.before({"chain": "x"}) == {"records:INC1": (stamp(-5), "abc")}
        assert chain.before({"chain": "y"}) == {}

    def test_its_name_tells_what_was_brought(self):
        one, other = {"records:INC1": (stamp(-5), "abc")}, {"records:INC1": (stamp(-5), "abd")}
        assert _link("x", {}) == "x"
        assert len({_link("x", one), _link("x", other), _link("y", one), "x"}) == 4


class TestFollower:
    def page(self, *shown, more=False):
        """Asks for a page that shows those rows: an id and a state each."""
        running = Track(Position(at(-20)), page=Position(at(-20)) if more else None)
        return lambda _name, _track: (
            running,
            [Shown(i, stamp(-5), state, f"{i}/{state}") for i, state in shown],
        )

    def test_what_was_brought_is_brought_again_when_its_state_changed(self):
        follower, lists = Follower(20), {"records": START, "notes": START}
        brought, cursor, more = follower.poll({}, lists, self.page(("a", 1), ("b", 1)))
        assert (brought, more) == ({"records": ("a/1", "b/1"), "notes": ("a/1", "b/1")}, False)
        brought, cursor, _ = follower.poll(cursor, lists, self.page(("a", 1), ("b", 2), ("c", 1)))
        assert brought["records"] == ("b/2", "c/1")

    def test_whoever_goes_on_from_another_cursor_gets_all(self):
        follower, lists = Follower(20), {"records": START}
        _, cursor, _ = follower.poll({}, lists, self.page(("a", 1)))
        for elsewhere in ({}, {**cursor, "chain": "x"}):
            assert follower.poll(elsewhere, lists, self.page(("a", 1)))[0]["records"] == ("a/1",)
        assert Follower(20).poll(cursor, lists, self.page(("a", 1)))[0]["records"] == ("a/1",)

    def test_while_one_list_has_more_only_that_one_is_asked_for_also_where_it_rests(self):
        follower, lists = Follower(20), {"records": START, "notes": START}
        brought, _, more = follower.poll({}, lists, self.page(("a", 1), more=True), {"notes"}, {"turn": 3})
        assert (set(brought), more) == ({"records"}, True)
        going_on = {"records": START, "notes": START.begun(NOW, 0, 200)}
        brought, cursor, _ = follower.poll({}, going_on, self.page(("a", 1)), {"notes"}, {"turn": 3})
        assert (set(brought), cursor["turn"]) == ({"notes"}, 3)

    def test_a_failure_leaves_everything_as_it_was(self):
        follower, lists = Follower(20), {"records": START}
        _, cursor, _ = follower.poll({}, lists, self.page(("a", 1)))

        def fails(_name, _track):
            raise RetryLater("down")

        with pytest.raises(RetryLater):
            follower.poll(cursor, lists, fails)
        assert follower.poll(cursor, lists, self.page(("a", 1), ("b", 1)))[0]["records"] == ("b/1",)
