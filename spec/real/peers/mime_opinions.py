"""Messages on standard input, a base64 line each; what Python's email sees of them on standard output: a JSON list of leaves for each."""
import base64, email, email.policy, hashlib, json, sys

for line in sys.stdin:
    message = email.message_from_bytes(base64.b64decode(line), policy=email.policy.default)
    leaves = []
    for part in message.walk():
        if part.is_multipart():
            continue
        octets = part.get_payload(decode=True) or b""
        text = None
        if part.get_content_maintype() == "text":
            try:
                text = part.get_content()
            except Exception as error:
                text = "cannot be read: %s" % error
        leaves.append({
            "type": part.get_content_type(),
            "md5": hashlib.md5(octets).hexdigest(),
            "text": text,
            "name": part.get_filename(),
        })
    print(json.dumps({"leaves": leaves, "defects": [type(d).__name__ for p in message.walk() for d in p.defects]}))
