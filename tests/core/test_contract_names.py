"""`syncline.connector` is all that a plugin's author imports: it offers every public name of its rooms."""

import importlib
import pkgutil

import pytest

import syncline.connector

ROOMS = [room.name for room in pkgutil.iter_modules(syncline.connector.__path__)]


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_of_the_contract_is_offered(room):
    module = importlib.import_module(f"syncline.connector.{room}")
    own = {
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__
    }
    assert own
    assert own <= set(syncline.connector.__all__)
    assert all(getattr(syncline.connector, name) is getattr(module, name) for name in own)


def test_what_is_no_class_is_offered_too():
    assert {"CONTRACT", "Cursor", "Native", "Operation"} <= set(syncline.connector.__all__)
    assert len(set(syncline.connector.__all__)) == len(syncline.connector.__all__)
