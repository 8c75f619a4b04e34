#!/usr/bin/python3
"""What others say of mail: dkimpy, and opendkim-testmsg in a network of its own, where this program is the name server. Reads a JSON object
from standard input: `txt` (records by name) and `tasks`; writes the list of their answers. Texts are latin1, a character an octet."""
import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

request = json.loads(sys.stdin.read())
txt = {name.lower(): record for name, record in request['txt'].items()}


def octets(text):
    return text.encode('latin-1')


def lookup(name, timeout=5):
    record = txt.get((name.decode() if isinstance(name, bytes) else name).rstrip('.').lower())
    return None if record is None else octets(record)


def answer(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]])
        at += 1 + packet[at]
    question = packet[12:at + 5]
    record = lookup(b'.'.join(labels)) if packet[at + 1:at + 3] == b'\0\x10' else None
    head = packet[:2] + struct.pack('!HHHHH', 0x8580 if record else 0x8583, 1, 1 if record else 0, 0, 0)
    if not record:
        return head + question
    strings = b''.join(bytes([len(record[i:i + 255])]) + record[i:i + 255] for i in range(0, len(record), 255))
    return head + question + b'\xc0\x0c\0\x10\0\1' + struct.pack('!IH', 60, len(strings)) + strings


def serve(server):
    while True:
        packet, client = server.recvfrom(4096)
        server.sendto(answer(packet), client)


def own_network():
    """A network with nothing but loopback, and a resolv.conf that names us."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000 | 0x00020000) != 0:
        raise OSError(ctypes.get_errno(), 'unshare')
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    subprocess.run(['mount', '--make-rprivate', '/'], check=True)
    with tempfile.NamedTemporaryFile('w', delete=False) as conf:
        conf.write('nameserver 127.0.0.1\n')
    subprocess.run(['mount', '--bind', conf.name, '/etc/resolv.conf'], check=True)
    os.unlink(conf.name)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(('127.0.0.1', 53))
    threading.Thread(target=serve, args=(server,), daemon=True).start()


def opendkim(message, arguments):
    run = subprocess.run(['opendkim-testmsg', *arguments], input=octets(message), capture_output=True, timeout=30)
    return {'code': run.returncode, 'out': run.stdout.decode('latin-1'), 'error': run.stderr.decode('latin-1')}


def do(task):
    op, message = task['op'], task['message']
    if op == 'opendkim-verify':
        return opendkim(message, [])
    if op == 'opendkim-sign':
        with tempfile.NamedTemporaryFile('w') as key:
            key.write(task['key'])
            key.flush()
            return opendkim(message, ['-C', '-d', task['domain'], '-s', task['selector'], '-k', key.name])
    import dkim
    if op == 'dkimpy-verify':
        return bool(dkim.verify(octets(message), dnsfunc=lookup))
    if op == 'dkimpy-arc':
        return dkim.arc_verify(octets(message), dnsfunc=lookup)[0].decode()
    names = (octets(task['selector']), octets(task['domain']), octets(task['key']))
    algorithm = octets(task['algorithm'])
    if op == 'dkimpy-sign':
        forms = tuple(octets(form) for form in task['forms'])
        return dkim.sign(octets(message), *names, canonicalize=forms, signature_algorithm=algorithm).decode('latin-1')
    if op == 'dkimpy-seal':
        headers = dkim.arc_sign(octets(message), *names, b'mx.example.org')
        return b''.join(headers).decode('latin-1')
    raise ValueError(op)


if any(task['op'].startswith('opendkim') for task in request['tasks']):
    own_network()
json.dump([do(task) for task in request['tasks']], sys.stdout)
