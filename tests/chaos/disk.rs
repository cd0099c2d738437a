//! A small disk of a gateway's own, which can be full, or closed to writing, and which outlives the gateway's processes.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::plan::Damage;
use crate::rig::{Gateway, within};

/// Keeps it for as long as its standard input is open: it is gone with the test, however that ends.
const KEEP: &str = r#"cp -a "$0" "$0.before" && mount -t tmpfs -o size=12m tmpfs "$0" && cp -a "$0.before/." "$0" && echo up && exec cat"#;

pub(crate) struct Disk {
    keeper: Child,
    folder: PathBuf,
}

impl Disk {
    /// Takes the place of the folder of this gateway's store, with what is in it.
    pub(crate) async fn under(gateway: &Gateway) -> Self {
        let folder = gateway.path("store");
        let mut keeper = Command::new("unshare")
            .args(["-rm", "sh", "-c", KEEP])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(keeper.stdout.take().unwrap()).lines();
        let up = within("a small disk", said.next_line()).await.unwrap();
        assert_eq!(up.as_deref(), Some("up"));
        Self { keeper, folder }
    }

    /// The words before those that start a program who sees it.
    pub(crate) fn inside(&self) -> Vec<String> {
        let id = self.keeper.id().unwrap().to_string();
        let words = [
            "nsenter",
            "--target",
            &id,
            "--user",
            "--mount",
            "--preserve-credentials",
            "--",
        ];
        words.map(str::to_owned).to_vec()
    }

    /// A file on it, as it is seen from here.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.keeper.id().unwrap()));
        root.join(self.folder.strip_prefix("/").unwrap()).join(name)
    }

    pub(crate) fn fill(&self) {
        if let Ok(mut filler) = File::create(self.path("filler")) {
            while filler.write_all(&[0; 1024]).is_ok() {}
        }
    }

    pub(crate) fn empty(&self) {
        let _was_not_full = std::fs::remove_file(self.path("filler"));
    }

    /// `ro` or `rw`. It can only be closed while nobody writes there.
    pub(crate) async fn remount(&self, how: &str) {
        let words = self.inside();
        let done = Command::new(&words[0])
            .args(&words[1..])
            .args(["mount", "-o", &format!("remount,{how}")])
            .arg(&self.folder)
            .status()
            .await
            .unwrap();
        assert!(done.success(), "remount,{how}");
    }

    /// Damages the files of a gateway that does not run; says what was done.
    pub(crate) fn damage(&self, damage: Damage) -> String {
        let (name, thousandth) = match damage {
            Damage::Octet(place) | Damage::Page(place) => ("cuffd.db", place),
            Damage::ShortLog(place) => ("cuffd.db-wal", place),
        };
        let path = self.path(name);
        let Ok(mut octets) = std::fs::read(&path) else {
            return format!("there is no {name}");
        };
        let place = usize::try_from(octets.len() as u64 * thousandth / 1_000).unwrap();
        match damage {
            Damage::Octet(_) => {
                if let Some(octet) = octets.get_mut(place) {
                    *octet ^= 0x55;
                }
            }
            Damage::Page(_) => {
                let place = place - place % 4096;
                octets.iter_mut().skip(place).take(4096).for_each(|octet| *octet = 0x5A);
            }
            Damage::ShortLog(_) => octets.truncate(place),
        }
        std::fs::write(&path, &octets).unwrap();
        format!("{name}, {} octets, at {place}", octets.len())
    }

    /// Keeps a copy of everything on it.
    pub(crate) fn copy_to(&self, to: &std::path::Path) {
        let _incomplete = std::process::Command::new("cp")
            .arg("-a")
            .arg(self.path("."))
            .arg(to)
            .status();
    }
}
