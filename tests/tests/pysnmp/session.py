"""Reads and writes an agent with pysnmp; prints what came of it as JSON.

Usage: session.py PORT COMMUNITY PASSWORD
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")

from pysnmp.hlapi import *  # noqa: E402,F403

PORT, COMMUNITY, PASSWORD = int(sys.argv[1]), sys.argv[2], sys.argv[3]

AUTH = {
    "MD5": usmHMACMD5AuthProtocol,
    "SHA": usmHMACSHAAuthProtocol,
    "SHA-224": usmHMAC128SHA224AuthProtocol,
    "SHA-256": usmHMAC192SHA256AuthProtocol,
    "SHA-384": usmHMAC256SHA384AuthProtocol,
    "SHA-512": usmHMAC384SHA512AuthProtocol,
}
# pysnmp's AES-192 and AES-256 extend keys as Reeder's draft has it; those of
# Blumenthal's draft have a name of their own.
PRIVACY = {
    "DES": usmDESPrivProtocol,
    "AES-128": usmAesCfb128Protocol,
    "AES-192": usmAesBlumenthalCfb192Protocol,
    "AES-256": usmAesBlumenthalCfb256Protocol,
    "AES-192-Reeder": usmAesCfb192Protocol,
    "AES-256-Reeder": usmAesCfb256Protocol,
}

engine = SnmpEngine()


def target():
    return UdpTransportTarget(("127.0.0.1", PORT), timeout=5, retries=1)


def outcome(error, status, index, varbinds):
    if error:
        return {"error": str(error)}
    values = [[str(name), value.prettyPrint()] for name, value in varbinds]
    return {"status": int(status), "index": int(index), "values": values}


def user(auth, privacy):
    name = "%s_%s" % (auth, privacy)
    return UsmUserData(
        name.lower(), PASSWORD, PASSWORD, authProtocol=AUTH[auth], privProtocol=PRIVACY[privacy]
    )


def get(who, *names, engine=engine):
    names = [ObjectType(ObjectIdentity(name)) for name in names]
    return outcome(*next(getCmd(engine, who, target(), ContextData(), *names)))


def put(who, name, value):
    variable = ObjectType(ObjectIdentity(name), value)
    return outcome(*next(setCmd(engine, who, target(), ContextData(), variable)))


def walk(who, root):
    found = []
    steps = bulkCmd(
        engine, who, target(), ContextData(), 0, 25, ObjectType(ObjectIdentity(root)),
        lexicographicMode=False, lookupMib=False,
    )
    for step in steps:
        found.append(outcome(*step))
    return found


NAME, CONTACT = "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.4.0"
SERVERS = "1.3.6.1.4.1.8072.9999.9999.5163.1.10"
WEIGHT = SERVERS + ".1.2.4.109.97.105.110.3.119.101.98.3.114.115.49"
v1, v2c = CommunityData(COMMUNITY, mpModel=0), CommunityData(COMMUNITY, mpModel=1)
ann = user("SHA-256", "AES-128")
said = {
    "users": {
        "%s %s" % (auth, privacy): get(user(auth, privacy), NAME)
        for auth in AUTH
        for privacy in PRIVACY
    },
    "v1": get(v1, NAME),
    "v1 missing": get(v1, NAME, "1.3.6.1.2.1.1.99.0"),
    "v2c missing": get(v2c, NAME, "1.3.6.1.2.1.1.99.0", "1.3.6.1.2.1.1.5.1"),
    "walk": walk(v2c, SERVERS),
    "walk as user": walk(ann, SERVERS),
    "read-only": put(ann, NAME, OctetString("another")),
    "out of range": put(ann, WEIGHT, Gauge32(70000)),
    "weight": put(ann, WEIGHT, Gauge32(42)),
    "weight now": get(v2c, WEIGHT),
    "community": put(v2c, WEIGHT, Gauge32(1)),
    "wrong password": get(UsmUserData("sha-256_aes-128", "not the one", "not the one",
        authProtocol=AUTH["SHA-256"], privProtocol=PRIVACY["AES-128"]), NAME, engine=SnmpEngine()),
    "nobody": get(UsmUserData("eve", PASSWORD, PASSWORD), NAME),
}
json.dump(said, sys.stdout)
