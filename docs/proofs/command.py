# Signs and sends a command, and prints the reply:                      (pip install joserfc rfc8785 paho-mqtt)
#   python command.py key.jwk localhost:1883 cuffd/v1/north/gw-0042 open_session session=s1 patient=p-7f3a
# The key is made once; its public half goes into a file that [[mqtt.command_keys]] names:
#   python -c 'from joserfc.jwk import OKPKey as K; import json; k = K.generate_key("Ed25519"); \
#     print(json.dumps(k.as_dict(private=True)), file=open("key.jwk", "w")); print(json.dumps(k.as_dict(private=False)))'
import json, sys, uuid
from datetime import datetime, timedelta, timezone
import paho.mqtt.client as mqtt
import rfc8785
from joserfc import jws
from joserfc.jwk import OKPKey

key_file, broker, topic, name, *fields = sys.argv[1:]
*_, site, gateway = topic.split("/")
expires_at = (datetime.now(timezone.utc) + timedelta(minutes=5)).isoformat()
command = {"schema": "cuffd.command/1", "id": str(uuid.uuid4()), "site": site, "gateway": gateway}
command |= {"expires_at": expires_at, "command": name} | dict(field.split("=", 1) for field in fields)

key = OKPKey.import_key(json.load(open(key_file)))
header = {"alg": "Ed25519", "kid": key.thumbprint()}
protected, _, signature = jws.serialize_compact(header, rfc8785.dumps(command), key, ["Ed25519"]).split(".")
command["proof"] = f"{protected}..{signature}"

def hear(client, _userdata, message):
    reply = json.loads(message.payload)
    if reply["id"] == command["id"]:
        print(json.dumps(reply))
        client.disconnect()

def send(client, *_):
    client.publish(f"{topic}/command", json.dumps(command), qos=1)

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
client.on_message, client.on_subscribe = hear, send
client.on_connect = lambda client, *_: client.subscribe(f"{topic}/reply", qos=1)
host, port = broker.split(":")
client.connect(host, int(port))
client.loop_forever()
