import json
from datetime import timedelta
from random import Random

import pytest

from syncline.sandbox.faults import Fault, Faults, carry_out, configure, decide, describe, repeat_rows
from syncline.sandbox.platform import Request, json_response

GET = Request("GET", "/rows")
POST = Request("POST", "/rows")


def happening(content, requests, now, seed=1):
    faults, rng, seen = configure(Faults(), content, now), Random(seed), []
    for request in requests:
        decision, faults = decide(faults, request, now, rng)
        seen.append(decision)
    return seen, faults


class TestDecide:
    def test_the_same_seed_gives_the_same_faults(self, clock):
        content = {"throttle": 0.2, "error_after": 0.2, "reset_before": 0.1, "latency": [0.1, 0.5]}
        one, _ = happening(content, [GET] * 300, clock.now())
        two, _ = happening(content, [GET] * 300, clock.now())
        other, _ = happening(content, [GET] * 300, clock.now(), seed=2)
        assert one == two != other

    def test_rates_come_out_as_configured(self, clock):
        seen, _ = happening({"throttle": 0.25, "reset_after": 0.5}, [GET] * 4000, clock.now())
        shares = {kind: sum(d.fault is kind for d in seen) / 4000 for kind in Fault}
        assert shares[Fault.THROTTLE] == pytest.approx(0.25, abs=0.03)
        assert shares[Fault.RESET_AFTER] == pytest.approx(0.5, abs=0.03)
        assert shares[Fault.NONE] == pytest.approx(0.25, abs=0.03)

    def test_a_one_shot_does_not_shift_what_is_drawn_for_the_others(self, clock):
        rates = {"throttle": 0.3}
        without, _ = happening(rates, [GET] * 50, clock.now())
        with_one, _ = happening({**rates, "next": [{"fault": "html", "skip": 9}]}, [GET] * 50, clock.now())
        assert with_one[9].fault is Fault.HTML
        assert with_one[:9] + with_one[10:] == without[:9] + without[10:]

    def test_one_shots_are_aimed_by_method_and_path_and_used_up(self, clock):
        shots = [{"fault": "reset_after", "method": "POST|PATCH", "path": "^/rows$", "count": 2}]
        elsewhere = Request("POST", "/rows/1")
        seen, left = happening({"next": shots}, [GET, elsewhere, POST, POST, POST], clock.now())
        kinds = [d.fault for d in seen]
        assert kinds == [Fault.NONE, Fault.NONE, Fault.RESET_AFTER, Fault.RESET_AFTER, Fault.NONE]
        assert left.next == ()

    def test_one_shots_wait_for_each_other_in_order(self, clock):
        shots = [{"fault": "error_before", "status": 502}, {"fault": "none"}, {"fault": "late", "seconds": 9}]
        seen, _ = happening({"next": shots}, [GET] * 4, clock.now())
        assert [(d.fault, d.status) for d in seen[:2]] == [(Fault.ERROR_BEFORE, 502), (Fault.NONE, 503)]
        assert (seen[2].fault, seen[2].late) == (Fault.LATE, 9)

    def test_throttling_for_a_while_ends_by_the_clock(self, clock):
        faults = configure(Faults(), {"throttle_for": 30}, clock.now())
        during, faults = decide(faults, GET, clock.now() + timedelta(seconds=29), Random(1))
        after, _ = decide(faults, GET, clock.now() + timedelta(seconds=30), Random(1))
        assert (during.fault, after.fault) == (Fault.THROTTLE, Fault.NONE)

    def test_rates_can_be_kept_to_some_requests(self, clock):
        seen, _ = happening({"error_before": 1, "methods": "POST", "paths": "rows"}, [GET, POST], clock.now())
        assert [d.fault for d in seen] == [Fault.NONE, Fault.ERROR_BEFORE]

    def test_latency_lies_within_its_bounds(self, clock):
        seen, _ = happening({"latency": [0.1, 0.3]}, [GET] * 200, clock.now())
        assert all(0.1 <= d.delay <= 0.3 for d in seen)
        assert max(d.delay for d in seen) - min(d.delay for d in seen) > 0.15


class TestConfigure:
    def test_what_is_not_named_stays(self, clock):
        faults = configure(Faults(), {"throttle": 0.1, "latency": 0.2}, clock.now())
        faults = configure(faults, {"next": [{"fault": "html"}]}, clock.now())
        faults = configure(faults, {"throttle": 0.3}, clock.now())
        shown = describe(faults)
        assert (shown["throttle"], shown["latency"]) == (0.3, [0.2, 0.2])
        assert [shot["fault"] for shot in shown["next"]] == ["html"]
        json.dumps(shown)

    @pytest.mark.parametrize(
        "content",
        [
            [],
            {"thortle": 0.1},
            {"throttle": 2},
            {"throttle": True},
            {"throttle": 0.6, "html": 0.6},
            {"latency": [2, 1]},
            {"latency": "long"},
            {"methods": "("},
            {"methods": 5},
            {"statuses": []},
            {"next": [{"fault": "gremlins"}]},
            {"next": [{"path": "/"}]},
            {"next": ["html"]},
            {"next": [{"fault": "html", "when": 1}]},
        ],
    )
    def test_what_is_not_legal_is_said(self, content, clock):
        with pytest.raises(ValueError, match=r"\w"):
            configure(Faults(), content, clock.now())


class TestCarryOut:
    def outcome(self, fault, counter, clock, request=POST, **shot):
        faults = configure(Faults(), {"next": [{"fault": fault, **shot}]}, clock.now())
        decision, _ = decide(faults, request, clock.now(), Random(1))
        return carry_out(decision, counter, request, clock.now(), Random(1))

    @pytest.mark.parametrize(
        ("fault", "applied", "status"),
        [
            ("none", 1, 201),
            ("throttle", 0, 429),
            ("error_before", 0, 503),
            ("error_after", 1, 503),
            ("reset_before", 0, None),
            ("reset_after", 1, None),
            ("late", 0, None),
            ("late_reset", 0, None),
            ("duplicate_request", 2, 201),
            ("html", 0, 200),
            ("hibernate", 0, 200),
            ("accepted", 0, 202),
        ],
    )
    def test_whether_it_takes_effect_and_what_the_client_sees(self, fault, applied, status, counter, clock):
        outcome = self.outcome(fault, counter, clock)
        assert len(counter.rows) == applied
        assert (outcome.response.status if outcome.response else None) == status

    def test_late_requests_are_left_to_the_caller(self, counter, clock):
        assert self.outcome("late", counter, clock, seconds=12).late == 12
        assert self.outcome("none", counter, clock).late is None

    def test_the_platforms_own_throttling_reply_is_used(self, counter, clock):
        assert self.outcome("throttle", counter, clock).response.headers["Retry-After"] == "7"

    def test_a_page_repeats_a_row(self, counter, clock):
        counter.handle(POST, clock.now(), Random(1))
        counter.handle(POST, clock.now(), Random(1))
        rows = json.loads(self.outcome("duplicate_rows", counter, clock, GET).response.body)["result"]
        assert sorted(row["n"] for row in rows) in ([1, 1, 2], [1, 2, 2])
        assert len(counter.rows) == 2

    def test_a_reply_without_rows_stays_as_it_is(self):
        for response in (json_response(200, {"result": []}), json_response(404, [{"a": 1}])):
            assert repeat_rows(response, Random(1)) is response
