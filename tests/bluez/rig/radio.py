"""The air, and the guest's Bluetooth adapter: bumble's controllers, with what they leave out added."""

import asyncio

from bumble import hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink

ADAPTER_ADDRESS = "00:1B:DC:07:32:01"
ATT_CHANNEL = 4
ATT_CONFIRMATION = 0x1E


class Air(LocalLink):
    """Carries packets between controllers, but for those that are out of range."""

    def __init__(self) -> None:
        super().__init__()
        self.out_of_range: set[Controller] = set()
        self.loses_confirmation_to: set[Controller] = set()

    def send_acl_data(self, sender_controller, destination_address, transport, data):
        """Delivers data under the address that the connection was made with; bumble would use the random one."""
        receiver = self.find_le_controller(destination_address)
        if receiver in self.loses_confirmation_to and is_confirmation(data):
            self.loses_confirmation_to.discard(receiver)
            self.out_of_range.add(receiver)
        if receiver is None or self.out_of_range & {sender_controller, receiver}:
            return
        connection = sender_controller.le_connections.get(destination_address)
        source = connection.self_address if connection else sender_controller.random_address
        asyncio.get_running_loop().call_soon(receiver.on_link_acl_data, source, transport, data)

    def send_advertising_pdu(self, sender_controller, packet):
        """Advertisements and connection requests."""
        if sender_controller not in self.out_of_range:
            super().send_advertising_pdu(sender_controller, packet)

    def send_ll_control_pdu(self, sender_address, receiver_address, packet):
        """Link control; an answer to one that has gone meanwhile is nobody's."""
        pair = {self.find_le_controller(sender_address), self.find_le_controller(receiver_address)}
        if None not in pair and not self.out_of_range & pair:
            super().send_ll_control_pdu(sender_address, receiver_address, packet)

    def break_connections(self, controller: Controller) -> None:
        """What both sides notice when they have not heard each other for the supervision timeout."""
        timeout = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
        for connection in list(controller.le_connections.values()):
            peer = self.find_le_controller(connection.peer_address)
            mirror = peer.le_connections.get(connection.self_address) if peer else None
            if peer and mirror:
                peer.on_le_disconnected(mirror, timeout)
            controller.on_le_disconnected(connection, timeout)


def is_confirmation(data: bytes) -> bool:
    """Whether an L2CAP packet is the confirmation of an indication."""
    return len(data) > 4 and int.from_bytes(data[2:4], "little") == ATT_CHANNEL and data[4] == ATT_CONFIRMATION


class Adapter(Controller):
    """The guest's adapter: a plain Low Energy 4.2 controller."""

    def __init__(self, air: Air, source, sink) -> None:
        super().__init__("adapter", host_source=source, host_sink=sink, link=air, public_address=ADAPTER_ADDRESS)
        # Features of 5.0 would make the kernel use commands that bumble does not have.
        features = hci.LeFeatureMask
        self.le_features = (
            features.LE_ENCRYPTION
            | features.LE_PING
            | features.LE_DATA_PACKET_LENGTH_EXTENSION
            | features.CONNECTION_PARAMETERS_REQUEST_PROCEDURE
        )
        self.le_acl_data_packet_length = 251
        self._parser = source.parser
        self._is_plugged_in = True

    def pull_out(self) -> None:
        """Forgets everything and falls silent, in the middle of a packet or not."""
        self.on_hci_reset_command(None)
        self._is_plugged_in = False

    def plug_in(self) -> None:
        """Speaks again. What is left of a packet that the guest did not finish is not taken for the next one's begin."""
        self._parser.reset()
        self._is_plugged_in = True

    def send_hci_packet(self, packet):
        """To the guest, unless pulled out."""
        if self._is_plugged_in:
            super().send_hci_packet(packet)

    @property
    def is_scanning(self) -> bool:
        """Whether advertisements are reported to the guest."""
        return self.le_scan_enable

    def on_hci_le_create_connection_cancel_command(self, command):
        """Ends a pending connection attempt; without it a connect that timed out would block the next."""
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        cancelled = hci.HCI_LE_Connection_Complete_Event(
            status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
            connection_handle=0,
            role=hci.Role.CENTRAL,
            peer_address_type=pending.peer_address_type,
            peer_address=pending.peer_address,
            connection_interval=0,
            peripheral_latency=0,
            supervision_timeout=0,
            central_clock_accuracy=0,
        )
        asyncio.get_running_loop().call_soon(self.send_hci_packet, cancelled)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_hci_reset_command(self, command):
        """Forgets everything; open links die with the adapter."""
        self.pending_le_connection = None
        self.le_scan_enable = False
        for connection in list(self.le_connections.values()):
            connection.send_ll_control_pdu(ll.TerminateInd(hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR))
        self.le_connections = {}
        return super().on_hci_reset_command(command)
