import json

import pytest

BYTES = bytes(range(256)) * 10


@pytest.fixture
def record(desk):
    return desk.create(short_description="a")


def attach(desk, record, name="log.bin", content=BYTES, kind="application/x-log", user="syncline", **params):
    params = {"table_name": "incident", "table_sys_id": record["sys_id"], "file_name": name, **params}
    path = "/api/now/attachment/file"
    return desk.send("POST", path, user, content, {"content-type": kind}, **params)


def result(reply):
    return json.loads(reply.body)["result"]


class TestFiles:
    def test_a_file_comes_back_as_it_was_sent(self, desk, record):
        reply = attach(desk, record)
        shown = result(reply)
        assert reply.status == 201
        assert reply.headers["Location"] == f"http://snow.example/api/now/attachment/{shown['sys_id']}"
        assert (shown["file_name"], shown["content_type"], shown["size_bytes"]) == (
            "log.bin",
            "application/x-log",
            "2560",
        )
        assert all(isinstance(value, str) for value in shown.values())
        file = desk.send("GET", f"/api/now/attachment/{shown['sys_id']}/file")
        assert (file.body, file.headers["Content-Type"]) == (BYTES, "application/x-log")
        assert result(desk.send("GET", f"/api/now/attachment/{shown['sys_id']}")) == shown

    def test_they_are_listed_by_record(self, desk, record):
        attach(desk, record, "1.txt")
        desk.clock.advance(1)
        attach(desk, record, "2.txt", user="amina")
        attach(desk, desk.create(), "3.txt")
        reply = desk.send(
            "GET",
            "/api/now/attachment",
            sysparm_query=f"table_sys_id={record['sys_id']}^ORDERBYsys_created_on",
        )
        assert [(a["file_name"], a["sys_created_by"]) for a in result(reply)] == [
            ("1.txt", "syncline"),
            ("2.txt", "amina"),
        ]
        assert reply.headers["X-Total-Count"] == "2"
        named = desk.send("GET", "/api/now/attachment", table_name="incident", table_sys_id=record["sys_id"])
        assert len(result(named)) == 2
        assert len(desk.rows("sys_attachment", sysparm_query="file_nameSTARTSWITH2")) == 1

    def test_the_record_is_not_touched(self, desk, record):
        desk.clock.advance(60)
        attach(desk, record)
        assert desk.read(record)["sys_mod_count"] == "0"
        assert desk.read(record)["sys_updated_on"] == record["sys_updated_on"]
        assert desk.platform.snapshot()["records"][0]["attachments"][0]["file_name"] == "log.bin"

    def test_a_form(self, desk, record):
        body = (
            b'--X\r\nContent-Disposition: form-data; name="table_name"\r\n\r\nincident\r\n'
            b'--X\r\nContent-Disposition: form-data; name="table_sys_id"\r\n\r\n'
            + record["sys_id"].encode()
            + b"\r\n"
            b'--X\r\nContent-Disposition: form-data; name="uploadFile"; filename="a b.bin"\r\n'
            b"Content-Type: application/x-log\r\n\r\n" + BYTES + b"\r\n--X--\r\n"
        )
        headers = {"content-type": "multipart/form-data; boundary=X"}
        shown = result(desk.send("POST", "/api/now/attachment/upload", body=body, headers=headers))
        assert (shown["file_name"], shown["content_type"]) == ("a b.bin", "application/x-log")
        assert desk.send("GET", f"/api/now/attachment/{shown['sys_id']}/file").body == BYTES

    def test_deleting(self, desk, record):
        sys_id = result(attach(desk, record))["sys_id"]
        assert desk.send("DELETE", f"/api/now/attachment/{sys_id}").status == 204
        assert desk.send("GET", f"/api/now/attachment/{sys_id}/file").status == 404


class TestRefusals:
    @pytest.mark.parametrize("missing", ["table_name", "table_sys_id", "file_name"])
    def test_all_three_parameters_are_mandatory(self, desk, record, missing):
        assert desk.error(attach(desk, record, **{missing: ""}))[0] == 400

    def test_the_content_type_is_mandatory(self, desk, record):
        assert attach(desk, record, kind=None).status == 400

    def test_a_record_that_is_not_there_or_not_to_be_seen(self, desk, record):
        assert attach(desk, {"sys_id": "0" * 32}).status == 404
        assert attach(desk, record, table_name="nothing").status == 404
        sys_id = result(attach(desk, record))["sys_id"]
        desk.platform.hidden = {record["sys_id"]}
        assert attach(desk, record).status == 404
        assert desk.send("GET", f"/api/now/attachment/{sys_id}").status == 404
        assert result(desk.send("GET", "/api/now/attachment")) == []

    def test_forms_that_are_none(self, desk):
        for kind in ("multipart/form-data", "multipart/form-data; boundary=X", "text/plain"):
            headers = {"content-type": kind}
            assert (
                desk.send("POST", "/api/now/attachment/upload", body=b"garbage", headers=headers).status
                == 400
            )

    def test_size_and_extension_are_properties(self, desk, record):
        desk.platform.set_property("glide.attachment.extensions", "txt,png")
        assert attach(desk, record).status == 400
        assert attach(desk, record, "a.TXT").status == 201
        desk.platform.set_property("com.glide.attachment.max_size", "1")
        assert attach(desk, record, "a.txt", b"x" * 1_048_577).status == 400
