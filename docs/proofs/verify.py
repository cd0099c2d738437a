# Checks messages, one a line:  python verify.py keys.json < messages.jsonl      (pip install joserfc rfc8785)
import json, sys
import rfc8785
from joserfc import jws
from joserfc.jwk import KeySet

listed = json.load(open(sys.argv[1]))["keys"]
keys = KeySet.import_key_set({"keys": listed})
enrolled = {(jwk["kid"], jwk["cuffd_gateway"]) for jwk in listed}

def once(pairs):  # A name twice in an object could be read in two ways.
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)

for line in sys.stdin:
    try:
        message = json.loads(line, object_pairs_hook=once)
        proof = message.pop("proof")
        signed = jws.deserialize_compact(proof, keys, ["Ed25519", "EdDSA"], payload=rfc8785.dumps(message))
        if (signed.headers()["kid"], f"{message['site']}/{message['gateway']}") not in enrolled:
            raise ValueError("the key of another gateway")
        print("ok", message["id"])
    except Exception as why:
        print("bad", type(why).__name__, why)
