# Checks messages, one a line:  python verify.py keys.json < messages.jsonl      (pip install joserfc rfc8785)
import json, re, sys
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

found_bad = False
for line in sys.stdin:
    name = "-"
    try:
        message = json.loads(line, object_pairs_hook=once)
        name = re.fullmatch("[!-~]{1,64}", message["id"])[0]  # One word: it is not proved yet.
        proof = message.pop("proof")
        signed = jws.deserialize_compact(proof, keys, ["Ed25519", "EdDSA"], payload=rfc8785.dumps(message))
        if (signed.headers()["kid"], f"{message['site']}/{message['gateway']}") not in enrolled:
            raise ValueError("the key of another gateway")
        print("ok", name)
    except Exception as why:
        found_bad = True
        print("bad", name, type(why).__name__, why)
sys.exit(found_bad)
