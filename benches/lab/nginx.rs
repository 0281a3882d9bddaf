//! nginx as the proxy to compare the gateway with.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::{CATALOG, PORT_BASE, somebody_listens};

/// nginx as a proxy before the catalogue, with kept connections, on CPU 0.
pub struct Nginx {
    process: Child,
    pub port: u16,
    _home: TempDir,
}

impl Nginx {
    pub fn start() -> Result<Nginx> {
        let home = tempfile::tempdir()?;
        let port = PORT_BASE + 60;
        let file = home.path().join("nginx.conf");
        fs::write(&file, Self::config(home.path(), port))?;
        let process = Command::new("taskset")
            .args(["-c", "0", "nginx", "-c"])
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .context("failed to start nginx")?;
        let nginx = Nginx { process, port, _home: home };
        somebody_listens(port)?;
        Ok(nginx)
    }

    fn config(home: &Path, port: u16) -> String {
        let home = home.display();
        format!(
            "daemon off; worker_processes 1; pid {home}/pid; error_log {home}/error.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; client_body_temp_path {home}/b; proxy_temp_path {home}/p;\n\
             fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;\n\
             upstream catalog {{ server 127.0.0.1:{CATALOG}; keepalive 16; }}\n\
             server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://catalog;\n\
             proxy_http_version 1.1; proxy_set_header Connection \"\"; }} }} }}\n"
        )
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master ends its worker on SIGTERM, and leaves it behind on SIGKILL.
        let _ = rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.process),
            rustix::process::Signal::TERM,
        );
        let _ = self.process.wait();
    }
}
