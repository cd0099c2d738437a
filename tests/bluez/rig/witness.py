"""What an independent, persistent subscriber at the broker received."""

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Message:
    """One message as it arrived."""

    topic: str
    text: str
    body: dict[str, Any]


class Witness:
    """Reads the lines that the subscriber in the guest writes."""

    def __init__(self, received: Path) -> None:
        self._file = received
        self._offset = 0
        self._messages: list[Message] = []

    def messages(self, topic: str) -> list[Message]:
        """All messages so far under exactly this topic, in order of arrival."""
        self._read_on()
        return [message for message in self._messages if message.topic == topic]

    def _read_on(self) -> None:
        if not self._file.exists():
            return
        with self._file.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
        complete = new[: new.rfind(b"\n") + 1]
        self._offset += len(complete)
        for line in complete.splitlines():
            envelope = json.loads(line)
            text = envelope.get("payload") or ""
            body = json.loads(text, parse_float=Decimal, parse_int=Decimal) if text else {}
            self._messages.append(Message(envelope["topic"], text, body))
