# What pyspf says of SPF questions, for spec/real/spf.spec.ts: cases as JSON on standard input, with the zone that they are to be judged by; a
# result for each on standard output.
import json
import sys

import spf

tasks = json.load(sys.stdin)
zone = {}


def look_up(name, qtype, strict=True, timeout=None):
    entry = zone.get(str(name).lower().rstrip('.'))
    found = []
    for row in entry['records'] if entry else []:
        key = (name, row['type'])
        if row['type'] == 'TXT' and qtype == 'TXT':
            found.append((key, [text.encode('latin1') for text in row['strings']]))
        elif row['type'] == 'MX' and qtype == 'MX':
            found.append((key, (row['preference'], row['value'])))
        elif row['type'] == 'CNAME' or row['type'] == qtype:
            found.append((key, row['value']))
    return found


spf.DNSLookup = look_up
results = []
for task in tasks:
    zone = task['zone']
    query = spf.query(task['ip'], task['mailfrom'], task['helo'], strict=1, timeout=5, querytime=0)
    results.append(query.check()[0])
json.dump(results, sys.stdout)
