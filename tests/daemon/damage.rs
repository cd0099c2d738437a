//! A damaged database is moved aside and told of; the daemon goes on with a new one.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use crate::rig::{Gateway, lines};

/// Overwrites everything but the first page, as a dying card does.
fn damage(gateway: &Gateway) {
    let file = OpenOptions::new().write(true).open(gateway.store()).unwrap();
    let size = file.metadata().unwrap().len();
    let rest = usize::try_from(size).unwrap() - 4096;
    file.write_all_at(&vec![0x5A; rest], 4096).unwrap();
}

#[tokio::test]
async fn a_damaged_database_is_kept_beside_a_new_one() {
    let gateway = Gateway::with("");
    let mut daemon = gateway.simulate(&["--rate", "600"]);
    daemon.says(" stored ").await;
    assert_eq!(daemon.stop().await.code, Some(0));
    damage(&gateway);
    let mut daemon = gateway.simulate(&["--rate", "600"]);
    daemon.says("moved aside, not deleted").await;
    daemon.says(" stored ").await;
    assert_eq!(daemon.stop().await.code, Some(0));
    let files = gateway.store_files();
    assert!(
        files.iter().any(|name| name.starts_with("cuffd.db.damaged-")),
        "{files:?}"
    );
    let readings = lines(&gateway.ask(&["readings", "--format", "jsonl"]).await.good());
    assert!(!readings.is_empty());
}
