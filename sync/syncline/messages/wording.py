"""The sentences of the outbox: on timelines, and in a page that is sent once more."""

from typing import Final

from syncline.store.messages import Outgoing, State
from syncline.store.timeline import Event

REPEAT: Final = "This may be a repeat: it is not known whether the first one reached you."
"""The first line of a page that is sent once more."""


def about(message: Outgoing) -> str:
    """Which message is meant."""
    what = "page" if message.urgent else "message"
    return f"{what} to {message.recipient} by {message.channel} ({message.occasion})"


def _data(message: Outgoing, state: State) -> dict[str, str]:
    return {
        "message": message.id,
        "run": message.run_id,
        "occasion": message.occasion,
        "recipient": message.recipient,
        "channel": message.channel,
        "state": state.value,
    }


def arrived(message: Outgoing, state: State) -> Event:
    """The service took it, or there is a sign of the person."""
    said = {
        State.SENT: "the service took it",
        State.REACHED: f"{message.recipient} was reached",
        State.ANSWERED: f"{message.recipient} answered",
    }[state]
    again = ", sent once more" if message.repeated and state is State.SENT else ""
    text, data = f"{about(message)}{again}: {said}", _data(message, state)
    return Event("paged", text, data=data) if message.urgent else Event("messaged", text, data=data)


def failed(message: Outgoing, reason: str) -> Event:
    """It did not arrive, and never will."""
    text = f"{about(message)} could not be delivered: {reason}"
    return Event("undelivered", text, data=_data(message, State.FAILED))


def delayed(message: Outgoing, reason: str) -> Event:
    """It could not be sent now."""
    text = f"{about(message)} could not be sent: {reason}. It is tried again"
    return Event("delayed", text, data=_data(message, message.state))


def doubtful(message: Outgoing, reason: str, follows: str) -> Event:
    """It may have arrived, and may not."""
    text = f"{about(message)}: {reason}, so it is not known whether it arrived; {follows}"
    return Event("unknown", text, data=_data(message, State.UNKNOWN))


def silent(message: Outgoing) -> Event:
    """The platform took a page, and there is no sign that the person got it."""
    text = f"{about(message)}: there is no sign that {message.recipient} was reached"
    return Event("undelivered", text, data=_data(message, message.state))
