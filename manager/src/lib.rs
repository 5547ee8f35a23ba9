//! Polls load clusters by SNMP, decides weights, and sets them in the director.
