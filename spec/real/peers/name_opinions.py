"""Messages on standard input, a base64 line each; the names of files that Python's email sees in them on standard output, in both of its ways to read
headers, with encoded words as they stand and undone: a JSON list for each."""
import base64, email, email.header, email.policy, email.utils, json, sys


def decoded(text):
    try:
        return str(email.header.make_header(email.header.decode_header(text)))
    except Exception:
        return text


for line in sys.stdin:
    names = []
    for policy in (email.policy.default, email.policy.compat32):
        for part in email.message_from_bytes(base64.b64decode(line), policy=policy).walk():
            for read in (
                lambda: part.get_filename(),
                lambda: part.get_param("name", header="content-type"),
                lambda: part.get_param("filename", header="content-disposition"),
            ):
                try:
                    name = read()
                except Exception:
                    continue
                if name is not None:
                    name = str(email.utils.collapse_rfc2231_value(name))
                    names += [name, decoded(name)]
    print(json.dumps(names))
