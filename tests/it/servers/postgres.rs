//! A real PostgreSQL in a folder of its own.

use std::{
    fs,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustix::process::{Signal, geteuid};
use tempfile::TempDir;

use super::{
    ports,
    process::{self, Process},
};

const START: Duration = Duration::from_secs(60);

/// Whose database server this is. It refuses to run as root, and then these are tried in turn.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// Nothing here has to survive the machine, but everything has to survive the server's death: so no fsync, and commits
/// wait for their log record all the same. Room for every service's pool, times the tests that run side by side.
const SETTINGS: [&str; 6] = [
    "fsync=off",
    "full_page_writes=off",
    "max_connections=600",
    "shared_buffers=32MB",
    "max_wal_size=256MB",
    "log_min_messages=fatal",
];

/// A server. The process is declared before the folder: it ends before the folder goes.
pub struct Postgres {
    process: Process,
    port: u16,
    programs: PathBuf,
    home: TempDir,
}

impl Postgres {
    /// A server for one test, to be killed and started again at will.
    pub fn start() -> Postgres {
        let programs = programs();
        let home = process::home("postgres");
        if geteuid().is_root() {
            let (user, group) = account().1;
            chown(home.path(), Some(user), Some(group)).expect("root may chown");
        }
        let made = server_program(&programs.join("initdb"))
            .arg("--pgdata")
            .arg(home.path().join("data"))
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .stdin(Stdio::null())
            .output()
            .expect("initdb starts");
        assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        let port = ports::one();
        let process = serve(&programs, home.path(), port);
        Postgres { process, port, programs, home }
    }

    /// The server that all tests share; it ends with the test binary. A test that stops servers starts its own.
    pub fn shared() -> &'static Postgres {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Postgres::start)
    }

    /// Makes an empty database and returns its address for `DATABASE_URL`.
    pub fn database(&self) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let made = self.client("createdb").arg(&name).output().expect("createdb starts");
        assert!(made.status.success(), "createdb failed: {}", String::from_utf8_lossy(&made.stderr));
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// What `sql` answers in the database at `url`: a line a row, columns parted by `|`.
    pub fn query(&self, url: &str, sql: &str) -> String {
        let asked = self
            .client("psql")
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
            .args(["--dbname", url, "--command", sql])
            .output()
            .expect("psql starts");
        assert!(asked.status.success(), "psql failed: {}", String::from_utf8_lossy(&asked.stderr));
        String::from_utf8_lossy(&asked.stdout).trim_end().to_owned()
    }

    /// SIGKILL to the server; its sessions break off at once.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Ends as an administrator ends it: sessions are told and rolled back.
    pub fn stop(&mut self) {
        self.process.stop(Signal::INT);
    }

    /// Starts again on the same port with the same data, after [`Postgres::kill`] or [`Postgres::stop`].
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = serve(&self.programs, self.home.path(), self.port);
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", "postgres")
            .stdin(Stdio::null());
        command
    }
}

fn serve(programs: &Path, home: &Path, port: u16) -> Process {
    let mut command = server_program(&programs.join("postgres"));
    command.arg("-D").arg(home.join("data")).arg("-k").arg(home).args(["-h", "127.0.0.1"]);
    command.args(["-p", &port.to_string()]);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    let mut process = Process::start("PostgreSQL", command, home);
    process.await_ready(START, || {
        Command::new(programs.join("pg_isready"))
            .args(["--quiet", "--host=127.0.0.1", "--port", &port.to_string()])
            .status()
            .is_ok_and(|status| status.success())
    });
    process
}

/// Where initdb, postgres and their clients are: Debian keeps them off the PATH, by version.
fn programs() -> PathBuf {
    let version = |folder: &PathBuf| -> Option<u32> { folder.parent()?.file_name()?.to_str()?.parse().ok() };
    let packaged = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|folder| folder.join("initdb").is_file())
        .max_by_key(version);
    let elsewhere = || {
        let initdb = process::on_path(&["initdb"])?.canonicalize().ok()?;
        initdb.parent().map(Path::to_path_buf)
    };
    packaged.or_else(elsewhere).unwrap_or_else(|| process::missing("PostgreSQL", "postgresql"))
}

fn server_program(program: &Path) -> Command {
    if !geteuid().is_root() {
        return Command::new(program);
    }
    let (name, (user, group)) = account();
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
    // The folder the tests run in may be closed to that user.
    command.arg(program).current_dir("/").env("USER", name).env("HOME", "/");
    command
}

/// An account without rights, with its user and group number.
fn account() -> (&'static str, (u32, u32)) {
    let passwd = fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let numbers = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ACCOUNTS.into_iter().find_map(|name| Some((name, numbers(name)?))).unwrap_or_else(|| {
        panic!("none of the users {ACCOUNTS:?} exists, and PostgreSQL refuses to run as root")
    })
}

#[test]
fn every_test_has_a_database_of_its_own_on_the_shared_postgresql() {
    let server = Postgres::shared();
    let (one, other) = (server.database(), server.database());
    server.query(&one, "create table stock (product integer, left_over integer)");
    server.query(&one, "insert into stock values (1, 10), (2, 0)");
    assert_eq!(server.query(&one, "select * from stock order by product"), "1|10\n2|0");
    assert_eq!(server.query(&other, "select count(*) from pg_tables where tablename = 'stock'"), "0");
}

#[test]
fn a_killed_postgresql_comes_back_on_its_port_with_what_was_committed() {
    let mut server = Postgres::start();
    let url = server.database();
    server.query(&url, "create table orders (id integer); insert into orders values (7)");
    server.kill();
    let refused = server.client("pg_isready").arg("--quiet").status().expect("pg_isready starts");
    assert!(!refused.success());
    server.restart();
    assert_eq!(server.query(&url, "select id from orders"), "7");
    server.stop();
    server.restart();
    assert_eq!(server.query(&url, "select id from orders"), "7");
}
