//! promtool and amtool: the programs that everybody checks such files with.

use std::{
    path::Path,
    process::{Command, Output},
};

use crate::servers::process;

/// One of the two, asked in the folder of the package.
pub struct Tool {
    command: Command,
}

impl Tool {
    pub fn promtool(args: &[&str]) -> Tool {
        Tool::new("promtool", "Prometheus", "prometheus", args)
    }

    pub fn amtool(args: &[&str]) -> Tool {
        Tool::new("amtool", "Alertmanager", "prometheus-alertmanager", args)
    }

    fn new(name: &str, part: &str, package: &str, args: &[&str]) -> Tool {
        let program = process::on_path(&[name]).unwrap_or_else(|| process::missing(part, package));
        let mut command = Command::new(program);
        command.args(args).current_dir(env!("CARGO_MANIFEST_DIR"));
        Tool { command }
    }

    pub fn on(mut self, path: &Path) -> Tool {
        self.command.arg(path);
        self
    }

    /// Whether it agrees, and all that it said.
    pub fn ask(self) -> (bool, String) {
        let Said { agrees, answer, aside } = self.said();
        (agrees, answer + &aside)
    }

    /// What it answered, having agreed; what it says beside that, such as a warning, is not part of it.
    #[track_caller]
    pub fn agrees(self) -> String {
        let Said { agrees, answer, aside } = self.said();
        assert!(agrees, "{answer}{aside}");
        answer
    }

    fn said(mut self) -> Said {
        let Output { status, stdout, stderr } = self.command.output().expect("it is on the path");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { agrees: status.success(), answer: text(&stdout), aside: text(&stderr) }
    }
}

struct Said {
    agrees: bool,
    answer: String,
    aside: String,
}
