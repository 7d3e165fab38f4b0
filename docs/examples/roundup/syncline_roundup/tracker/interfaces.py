"""For the file `interfaces.py` of a tracker: the journal of an item, which Roundup's REST API leaves out.

`GET /rest/data/issue/12/@journal` gives what the account may see of it, and the item's values as they are now.
"""

from roundup.exceptions import Unauthorised
from roundup.rest import Routing, _data_decorator


class RestfulInstance:
    """Roundup takes these methods into its own class of that name."""

    @Routing.route("/data/<:class_name>/<:item_id>/@journal", "GET")
    @_data_decorator
    def get_journal(self, class_name, item_id, input_payload):  # noqa: ARG002  the shape that Roundup asks for
        """Who changed what, oldest first; of a change the values from before."""
        if not self.db.security.hasPermission("View", self.db.getuid(), class_name, itemid=item_id):
            raise Unauthorised(f"Permission to view {class_name}{item_id} denied")
        cl = self.db.getclass(class_name)
        journal = [
            {
                "at": date.formal(sep="T", sec="%06.3f") + "Z",
                "user": user,
                "username": self.db.user.get(user, "username"),
                "action": action,
                "before": before if isinstance(before, dict) else {},
            }
            for _, date, user, action, before in cl.history(item_id)
        ]
        props = sorted({name for entry in journal for name in entry["before"]})
        return 200, {
            "journal": journal,
            "now": self.format_item(cl.getnode(item_id), item_id, props, verbose=0),
        }
