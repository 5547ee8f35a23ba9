//! Debian's nginx as a real server: files down, files up, and a log of who
//! asked.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{agent::free_port, certificate::Certificate, net_snmp::tool, process::Process};

/// A client as the socket knows it.
const PEER: &str = "$remote_addr $remote_port";

/// A running nginx with a folder to serve.
pub struct Nginx {
    _process: Process,
    folder: TempDir,
    address: SocketAddr,
}

impl Nginx {
    /// Starts it, or steps aside where it is not installed. With
    /// `proxy_protocol` its clients are those that the header names.
    #[track_caller]
    pub fn start(proxy_protocol: bool) -> Option<Self> {
        match proxy_protocol {
            true => Self::listening(" proxy_protocol", "$proxy_protocol_addr $proxy_protocol_port"),
            false => Self::listening("", PEER),
        }
    }

    /// The same behind TLS, with this certificate.
    #[track_caller]
    pub fn start_secure(certificate: &Certificate) -> Option<Self> {
        let Certificate { server, key, .. } = certificate;
        let (server, key) = (server.display(), key.display());
        let listen = format!(" ssl;\nssl_certificate {server};\nssl_certificate_key {key}");
        Self::listening(&listen, PEER)
    }

    #[track_caller]
    fn listening(listen: &str, client: &str) -> Option<Self> {
        let nginx = tool("nginx")?;
        let folder = tempfile::tempdir().expect("a temporary directory");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let at = folder.path().display();
        fs::create_dir(folder.path().join("files")).expect("the folder is ours");
        let config = format!(
            "daemon off;\n\
             master_process off;\n\
             pid {at}/pid;\n\
             error_log stderr notice;\n\
             events {{}}\n\
             http {{\n\
             log_format client \"{client}\";\n\
             access_log {at}/clients client;\n\
             client_body_temp_path {at}/body;\n\
             proxy_temp_path {at}/proxy;\n\
             fastcgi_temp_path {at}/fastcgi;\n\
             uwsgi_temp_path {at}/uwsgi;\n\
             scgi_temp_path {at}/scgi;\n\
             client_max_body_size 0;\n\
             keepalive_requests 1000000;\n\
             server {{\n\
             listen {address}{listen};\n\
             location / {{ root {at}/files; dav_methods PUT; }}\n\
             }}\n\
             }}\n"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, config).expect("the folder is ours");
        let mut command = Command::new(nginx);
        command.arg("-e").arg("stderr").arg("-c").arg(&file).arg("-p").arg(folder.path());
        let mut process = Process::start(&mut command);
        process.says("using the \"epoll\" event method");
        Some(Self { _process: process, folder, address })
    }

    /// Where it serves.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A file that it serves under this name, or was given.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("files").join(name)
    }

    /// Who asked, one client a line: address and port.
    pub fn clients(&self) -> String {
        fs::read_to_string(self.folder.path().join("clients")).unwrap_or_default()
    }

    /// A folder for what belongs to a test of it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
