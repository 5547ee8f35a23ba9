"""Sends informs and traps to the receiver at PORT and prints what came of each, as JSON."""

import json
import sys
import warnings

warnings.simplefilter("ignore")

from pysnmp.hlapi import (
    CommunityData, ContextData, NotificationType, ObjectIdentity, OctetString, SnmpEngine,
    UdpTransportTarget, UsmUserData, sendNotification,
    usmAesCfb128Protocol, usmAesBlumenthalCfb192Protocol, usmAesBlumenthalCfb256Protocol,
    usmAesCfb192Protocol, usmAesCfb256Protocol, usmDESPrivProtocol,
    usmHMAC128SHA224AuthProtocol, usmHMAC192SHA256AuthProtocol, usmHMAC256SHA384AuthProtocol,
    usmHMAC384SHA512AuthProtocol, usmHMACMD5AuthProtocol, usmHMACSHAAuthProtocol,
)

PORT, COMMUNITY, PASSWORD = sys.argv[1:4]

AUTH = {
    "MD5": usmHMACMD5AuthProtocol,
    "SHA": usmHMACSHAAuthProtocol,
    "SHA-224": usmHMAC128SHA224AuthProtocol,
    "SHA-256": usmHMAC192SHA256AuthProtocol,
    "SHA-384": usmHMAC256SHA384AuthProtocol,
    "SHA-512": usmHMAC384SHA512AuthProtocol,
}
PRIV = {
    "DES": usmDESPrivProtocol,
    "AES-128": usmAesCfb128Protocol,
    "AES-192": usmAesBlumenthalCfb192Protocol,
    "AES-256": usmAesBlumenthalCfb256Protocol,
    "AES-192-C": usmAesCfb192Protocol,
    "AES-256-C": usmAesCfb256Protocol,
}

target = UdpTransportTarget(("127.0.0.1", int(PORT)), timeout=3, retries=2)


def send(kind, who):
    # One that has sent before would send this to all of those as well.
    engine = SnmpEngine()
    started = NotificationType(ObjectIdentity("1.3.6.1.6.3.1.1.5.2"))
    started.addVarBinds(("1.3.6.1.2.1.1.5.0", OctetString("pysnmp")))
    error, status, _, _ = next(
        sendNotification(engine, who, target, ContextData(), kind, started)
    )
    return str(error or status or "")


said = {
    "v1": send("trap", CommunityData(COMMUNITY, mpModel=0)),
    "v2c": send("inform", CommunityData(COMMUNITY, mpModel=1)),
}
for (auth, authProtocol), (priv, privProtocol) in zip(AUTH.items(), PRIV.items()):
    name = f"{auth}_{priv}".lower()
    user = UsmUserData(
        name, PASSWORD, PASSWORD, authProtocol=authProtocol, privProtocol=privProtocol
    )
    said[name] = send("inform", user)
print(json.dumps(said))
