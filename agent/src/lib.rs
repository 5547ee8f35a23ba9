//! The SNMP agent of a load cluster node.
