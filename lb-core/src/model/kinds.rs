//! The enumerations of the model.

use super::labels::labels;

labels! {
    /// How the server of a new connection is chosen.
    pub enum Scheduler {
        /// In turn.
        Rr = "rr",
        /// In turn, by weight.
        Wrr = "wrr",
        /// Fewest active connections.
        Lc = "lc",
        /// Fewest active connections for the weight.
        Wlc = "wlc",
        /// Shortest expected delay.
        Sed = "sed",
        /// An idle server, else sed.
        Nq = "nq",
        /// Hash of the source address.
        Sh = "sh",
        /// Hash of the destination address.
        Dh = "dh",
        /// Maglev hash.
        Mh = "mh",
        /// Locality-based least connections.
        Lblc = "lblc",
        /// Locality-based least connections with replication.
        Lblcr = "lblcr",
        /// Greatest weight that is up.
        Fo = "fo",
        /// Greatest weight until it has that many connections, then the next.
        Ovf = "ovf",
        /// The better of two drawn at random.
        P2c = "p2c",
        /// Least moving average of latency.
        Ewma = "ewma",
        /// Most free capacity, from load reports and own connections since.
        Freest = "freest",
    }

    /// How traffic reaches a server.
    pub enum Forward {
        /// Relayed by the director: two connections.
        Proxy = "proxy",
        /// Addresses rewritten.
        Nat = "nat",
        /// By the link-layer address.
        Direct = "direct",
        /// Encapsulated.
        Tunnel = "tunnel",
    }

    /// Transport protocol of a service.
    pub enum Protocol {
        /// TCP.
        Tcp = "tcp",
        /// UDP: a connection is a flow.
        Udp = "udp",
    }

    /// State as wanted; the greater asks for more.
    pub enum AdminState {
        /// Takes part.
        Enabled = "enabled",
        /// No new connections; established ones go on.
        Drain = "drain",
        /// The same, and checks stop.
        Maintenance = "maintenance",
    }

    /// State as observed.
    pub enum OperState {
        /// Not measured yet.
        Unknown = "unknown",
        /// Works.
        Up = "up",
        /// Does not work.
        Down = "down",
        /// Kept from new work by drain or a weight of 0.
        Draining = "draining",
        /// Kept from new work by maintenance.
        Maintenance = "maintenance",
        /// Came up lately and gets less than its weight.
        SlowStart = "slowStart",
        /// Works, but takes no more at present.
        Overloaded = "overloaded",
    }

    /// Health in the words of monitoring plugins.
    pub enum Status {
        /// As it should be.
        Ok = "ok",
        /// Somebody should look at it.
        Warning = "warning",
        /// Does not serve.
        Critical = "critical",
        /// Not known yet.
        Unknown = "unknown",
    }

    /// What a director is to a cluster at present.
    pub enum DirectorState {
        /// Not known, or not started.
        Initialize = "initialize",
        /// Stands by.
        Backup = "backup",
        /// Directs.
        Active = "active",
        /// Cannot direct.
        Fault = "fault",
    }

    /// Whether dynamic weights are used.
    pub enum WeightMode {
        /// They are recorded but not used.
        Static = "static",
        /// A valid one replaces the configured weight.
        Dynamic = "dynamic",
    }

    /// What decides an effective weight.
    pub enum WeightSource {
        /// The operator's weight.
        Configured = "configured",
        /// The controller's weight.
        Dynamic = "dynamic",
        /// 0, for drain or maintenance of server, service or host, or for a
        /// row that is not in service.
        AdminState = "adminState",
        /// 0, for the server is down.
        Health = "health",
    }

    /// How servers are checked.
    pub enum CheckKind {
        /// Not at all: every server counts as up.
        None = "none",
        /// A TCP connection is opened and closed.
        Tcp = "tcp",
        /// An empty datagram is sent, and must not come back as undeliverable.
        Udp = "udp",
        /// A request of HTTP is answered.
        Http = "http",
        /// The same through TLS.
        Https = "https",
        /// A server of SMTP greets, is greeted and lets go.
        Smtp = "smtp",
        /// A handshake of TLS is made.
        Tls = "tls",
        /// A query of the DNS is answered.
        Dns = "dns",
        /// A program ends with exit code 0.
        Script = "script",
    }

    /// Type of the record that a check by DNS asks for.
    pub enum RecordType {
        /// Address of IPv4.
        A = "A",
        /// Address of IPv6.
        Aaaa = "AAAA",
        /// Another name.
        Cname = "CNAME",
        /// Host that takes mail.
        Mx = "MX",
        /// Server of a zone.
        Ns = "NS",
        /// Name of an address.
        Ptr = "PTR",
        /// Start of a zone.
        Soa = "SOA",
        /// Host and port of a service.
        Srv = "SRV",
        /// Text.
        Txt = "TXT",
    }

    /// How a server of the DNS may end a query.
    pub enum ResponseCode {
        /// With an answer, be it an empty one.
        NoError = "NOERROR",
        /// It did not understand.
        FormErr = "FORMERR",
        /// It failed.
        ServFail = "SERVFAIL",
        /// The name does not exist.
        NxDomain = "NXDOMAIN",
        /// It does not do this.
        NotImp = "NOTIMP",
        /// It does not want to.
        Refused = "REFUSED",
    }

    /// Which servers are used when every check fails.
    pub enum PanicUse {
        /// None: clients are refused.
        None = "none",
        /// All: a check may be wrong where no server is left to be spared.
        All = "all",
    }

    /// The version of the PROXY protocol in which servers are told whom a
    /// connection is made for.
    pub enum SendProxy {
        /// They are not told.
        None = "none",
        /// A line of text.
        V1 = "v1",
        /// Binary.
        V2 = "v2",
    }

    /// How a controller derives dynamic weights from load.
    pub enum PolicyKind {
        /// It does not.
        Static = "static",
        /// In proportion to what is free on each host.
        Headroom = "headroom",
    }

    /// Which CPU figure counts in a policy.
    pub enum PolicyWindow {
        /// The utilisation between two polls.
        Instant = "instant",
        /// The load average over a minute.
        OneMinute = "oneMinute",
        /// The load average over five minutes.
        FiveMinutes = "fiveMinutes",
        /// The load average over fifteen minutes.
        FifteenMinutes = "fifteenMinutes",
    }

    /// Whether a row of the document is in force.
    pub enum RowState {
        /// It is. Only a complete row can be.
        Active = "active",
        /// It is kept, complete or half built, and not in force.
        NotInService = "notInService",
    }

    /// How long a row lives.
    pub enum StorageType {
        /// Until the next restart.
        Volatile = "volatile",
        /// Over restarts.
        NonVolatile = "nonVolatile",
        /// From the configuration file: over restarts, and not destroyed.
        Permanent = "permanent",
    }

    /// Where a change came from.
    pub enum Source {
        /// There was none.
        None = "none",
        /// The configuration file.
        Config = "config",
        /// A management request that does not say more.
        Snmp = "snmp",
        /// A request on behalf of a command line.
        Cli = "cli",
        /// A request on behalf of a web page.
        Web = "web",
    }
}
