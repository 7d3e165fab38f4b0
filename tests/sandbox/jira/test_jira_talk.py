from types import MappingProxyType

import pytest


@pytest.fixture
def text(either, doc):
    return doc if either.version == 3 else lambda line: line


class TestComments:
    def test_added_read_changed_and_deleted(self, either, text):
        path = f"issue/{either.create()}/comment"
        added = either.post(path, {"body": text("hello")})
        assert added.status_code == 201
        comment = added.json()
        assert comment["author"] == comment["updateAuthor"]
        assert comment["created"] == comment["updated"] == "2026-03-01T10:00:00.250+0100"
        either.advance(60)
        changed = either.put(f"{path}/{comment['id']}", {"body": text("hello!")})
        assert changed.status_code == 200
        assert changed.json()["updated"] == "2026-03-01T10:01:00.250+0100"
        assert either.get(f"{path}/{comment['id']}").json()["body"] == text("hello!")
        assert either.call("DELETE", f"{path}/{comment['id']}").status_code == 204
        gone = either.get(f"{path}/{comment['id']}")
        assert gone.status_code == 404
        assert gone.json()["errorMessages"] == [f"Can not find a comment for the id: {comment['id']}."]

    def test_each_bumps_updated(self, either, text):
        key = either.create()
        stamps = [either.field(key, "updated")]
        either.advance(1)
        comment = either.post(f"issue/{key}/comment", {"body": text("x")}).json()["id"]
        stamps.append(either.field(key, "updated"))
        either.advance(1)
        either.put(f"issue/{key}/comment/{comment}", {"body": text("y")})
        stamps.append(either.field(key, "updated"))
        assert len(set(stamps)) == 3

    def test_pages_in_either_order(self, either, text):
        path = f"issue/{either.create()}/comment"
        ids = [either.post(path, {"body": text(f"c{n}")}).json()["id"] for n in range(5)]
        page = either.get(path, params={"startAt": 1, "maxResults": 2}).json()
        assert [c["id"] for c in page["comments"]] == ids[1:3]
        assert (page["startAt"], page["maxResults"], page["total"]) == (1, 2, 5)
        newest = either.get(path, params={"orderBy": "-created", "maxResults": 1}).json()["comments"]
        assert [c["id"] for c in newest] == [ids[-1]]

    def test_empty_and_misshapen_bodies(self, either, text):
        path = f"issue/{either.create()}/comment"
        for body in ({}, {"body": ""}, {"body": text(" ")}, {"body": 5}):
            refused = either.post(path, body)
            assert refused.status_code == 400
            assert list(refused.json()["errors"]) == ["comment"]

    def test_each_version_has_its_own_form(self, cloud, doc):
        path = f"issue/{cloud.create()}/comment"
        assert cloud.post(path, {"body": "plain"}).json()["errors"] == {
            "comment": "Comment body is not valid!"
        }
        assert cloud.post(path, {"body": doc("x")}, version=2).status_code == 400
        assert cloud.post(path, {"body": "plain"}, version=2).status_code == 201
        assert cloud.get(path).json()["comments"][0]["body"] == doc("plain")

    def test_kept_to_a_group(self, either, text):
        key = either.create()
        sent = {"body": text("secret"), "visibility": {"type": "group", "value": "Service Desk"}}
        added = either.post(f"issue/{key}/comment", sent)
        assert added.json()["visibility"]["value"] == "Service Desk"
        assert either.get(f"issue/{key}/comment", user="amina").json()["total"] == 1
        assert either.get(f"issue/{key}/comment", user="bruno").json()["total"] == 0
        assert either.field(key, "comment", user="bruno")["total"] == 0
        assert either.found("text ~ secret", user="bruno") == []
        assert either.found("text ~ secret", user="amina") == [key]

    def test_kept_to_nobody_that_there_is(self, either, text):
        path = f"issue/{either.create()}/comment"
        for seen_by in (
            {"type": "group", "value": "Nope"},
            {"type": "group", "value": "Database"},
            {"type": "role", "value": "Nope"},
            {"type": "role", "value": "Administrators"},
            {"type": "team", "value": "Service Desk"},
        ):
            assert either.post(path, {"body": text("x"), "visibility": seen_by}).status_code == 400
        sent = {"body": text("x"), "visibility": {"type": "role", "value": "Service Desk Team"}}
        assert either.post(path, sent).status_code == 201

    def test_properties_mark_a_comment(self, either, text):
        key = either.create()
        mark = [{"key": "sync", "value": {"origin": "snow"}}]
        comment = either.post(f"issue/{key}/comment", {"body": text("x"), "properties": mark}).json()["id"]
        shown = either.get(f"issue/{key}/comment", params={"expand": "properties"}).json()["comments"][0]
        assert shown["properties"] == mark
        assert either.get(f"comment/{comment}/properties/sync").json()["value"] == {"origin": "snow"}
        before = either.field(key, "updated")
        either.advance(5)
        assert either.put(f"comment/{comment}/properties/more", {"n": 1}).status_code == 201
        assert [p["key"] for p in either.get(f"comment/{comment}/properties").json()["keys"]] == [
            "sync",
            "more",
        ]
        assert either.call("DELETE", f"comment/{comment}/properties/more").status_code == 204
        assert either.field(key, "updated") == before

    def test_cloud_tells_what_customers_see(self, cloud, dc, doc):
        path = f"issue/{cloud.create()}/comment"
        internal = [{"key": "sd.public.comment", "value": {"internal": True}}]
        assert cloud.post(path, {"body": doc("x")}).json()["jsdPublic"] is True
        assert cloud.post(path, {"body": doc("x"), "properties": internal}).json()["jsdPublic"] is False
        assert "jsdPublic" not in dc.post(f"issue/{dc.create()}/comment", {"body": "x"}).json()

    def test_other_peoples_comments(self, either, text):
        path = f"issue/{either.create()}/comment"
        comment = either.post(path, {"body": text("x")}, user="bruno").json()["id"]
        assert either.put(f"{path}/{comment}", {"body": text("y")}).status_code == 400
        assert either.call("DELETE", f"{path}/{comment}").status_code == 400
        assert either.put(f"{path}/{comment}", {"body": text("y")}, user="diane").status_code == 200


class TestAttachments:
    def add(self, site, key, content=b"\x00\r\n--data\r\n", name="log.bin", **headers):
        return site.call(
            "POST",
            f"issue/{key}/attachments",
            files={"file": (name, content, "application/x-log")},
            headers={"X-Atlassian-Token": "no-check", **headers},
        )

    def test_hung_on_read_and_taken_off(self, either):
        key = either.create()
        added = self.add(either, key)
        assert added.status_code == 200
        (shown,) = added.json()
        assert (shown["filename"], shown["size"], shown["mimeType"]) == ("log.bin", 11, "application/x-log")
        assert either.field(key, "attachment") == [shown]
        content = either.session().get(shown["content"])
        assert (content.status_code, content.content) == (200, b"\x00\r\n--data\r\n")
        assert content.headers["Content-Type"] == "application/x-log"
        meta = either.get(f"attachment/{shown['id']}").json()
        assert meta["filename"] == "log.bin"
        assert either.call("DELETE", f"attachment/{shown['id']}").status_code == 204
        assert either.get(f"attachment/{shown['id']}").status_code == 404
        assert either.field(key, "attachment") == []

    def test_cloud_redirects_to_the_content(self, cloud):
        (shown,) = self.add(cloud, cloud.create()).json()
        first = cloud.session().get(shown["content"], allow_redirects=False)
        assert first.status_code == 303
        direct = cloud.get(f"attachment/content/{shown['id']}", params={"redirect": "false"})
        assert direct.status_code == 200

    def test_without_the_token_header_it_is_blocked(self, either):
        refused = either.call("POST", f"issue/{either.create()}/attachments", files={"file": ("a", b"x")})
        assert (refused.status_code, refused.text) == (403, "XSRF check failed")

    def test_names_in_any_script(self, either):
        (shown,) = self.add(either, either.create(), name="Störung 混乱.txt").json()
        assert shown["filename"] == "Störung 混乱.txt"
        assert either.session().get(shown["content"]).status_code == 200

    def test_too_large_and_misnamed(self, build):
        site = build("dc", attachment_limit=10)
        key = site.create()
        assert self.add(site, key).status_code == 413
        head = {"X-Atlassian-Token": "no-check"}
        path = f"issue/{key}/attachments"
        assert site.call("POST", path, files={"upload": ("a", b"x")}, headers=head).status_code == 400
        assert (
            site.call("POST", path, data=b"x", headers={**head, "Content-Type": "text/plain"}).status_code
            == 415
        )

    def test_it_goes_into_the_history(self, cloud):
        key = cloud.create()
        cloud.advance(5)
        before = cloud.field(key, "updated")
        self.add(cloud, key)
        (entry,) = cloud.get(f"issue/{key}/changelog").json()["values"]
        assert (entry["items"][0]["field"], entry["items"][0]["toString"]) == ("Attachment", "log.bin")
        assert cloud.field(key, "updated") > before


class TestRemoteLinks:
    target = MappingProxyType({"url": "https://snow.example.com/INC1", "title": "INC1"})

    def test_the_same_global_id_replaces(self, either):
        path = f"issue/{either.create()}/remotelink"
        body = {"globalId": "system=snow&id=1", "object": dict(self.target)}
        first = either.post(path, body)
        again = either.post(path, {**body, "object": {**self.target, "title": "INC1 (new)"}})
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        (link,) = either.get(path).json()
        assert (link["globalId"], link["object"]["title"]) == ("system=snow&id=1", "INC1 (new)")
        assert either.get(path, params={"globalId": "system=snow&id=1"}).json()["id"] == link["id"]
        assert either.get(path, params={"globalId": "nope"}).status_code == 404

    def test_without_one_it_is_another_link(self, either):
        path = f"issue/{either.create()}/remotelink"
        for _ in range(2):
            assert either.post(path, {"object": dict(self.target)}).status_code == 201
        ids = [link["id"] for link in either.get(path).json()]
        assert len(set(ids)) == 2
        assert either.call("DELETE", f"{path}/{ids[0]}").status_code == 204
        changed = either.put(f"{path}/{ids[1]}", {"object": {**self.target, "title": "t"}})
        assert changed.status_code == 204
        assert either.get(f"{path}/{ids[1]}").json()["object"]["title"] == "t"

    def test_url_and_title_are_required(self, either):
        path = f"issue/{either.create()}/remotelink"
        refused = either.post(path, {"object": {"url": " "}})
        assert (refused.status_code, set(refused.json()["errors"])) == (400, {"url", "title"})
        assert either.post(path, {"globalId": "x"}).status_code == 400
        assert either.post(path, {"globalId": "x" * 256, "object": dict(self.target)}).status_code == 400

    def test_deleted_by_its_global_id(self, either):
        path = f"issue/{either.create()}/remotelink"
        either.post(path, {"globalId": "g", "object": dict(self.target)})
        assert either.call("DELETE", path, params={"globalId": "g"}).status_code == 204
        assert either.get(path).json() == []
